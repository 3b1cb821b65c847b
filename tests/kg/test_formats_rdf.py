import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import RDF, BNode, Graph, Literal, URIRef

from kg.formats.door import header, read_blocks
from kg.formats.form import Format
from kg.formats.limits import MAX_DEPTH, MAX_RECORD
from ontology.errors import InputError
from tests.kg.reading import records, refusals, rows, wrong

PREFIXES = "@prefix s: <https://schema.org/> . @prefix x: <http://example.org/> . "


def filled(found: list[dict[str, str]]) -> list[dict[str, str]]:
    """Rows without their empty cells, which another row of the block has."""
    return [{name: text for name, text in row.items() if text} for row in found]


def test_a_subject_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(
        PREFIXES
        + 'x:m1 a s:Movie ; s:name "Alien"@en ; s:director x:scott ; s:duration 117 ; s:genre "SF", "Horror" .\n'
        'x:scott s:name "Ridley Scott" . x:m1 s:datePublished "1979" .'
    )
    assert header(path) is None
    assert filled(rows(path)) == [
        {
            "@id": "http://example.org/m1",
            "@type": "Movie",
            "name": "Alien",
            "director": "http://example.org/scott",
            "duration": "117",
            "genre": '["SF", "Horror"]',
            "datePublished": "1979",
        },
        {"@id": "http://example.org/scott", "name": "Ridley Scott"},
    ]
    assert [line for line, _ in records(path)] == [1, 2]


def test_blank_nodes_become_dotted_columns_and_lists_values(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(
        PREFIXES + 'x:p s:offers [ a s:Offer ; s:price 1.50 ; s:seller [ s:name "shop" ] ], [ s:price 2 ] ;'
        ' s:color ("red" "blue" [ s:name "odd" ]) . [] s:name "nobody" .'
    )
    assert filled(rows(path)) == [
        {
            "@id": "http://example.org/p",
            "offers.@type": "Offer",
            "offers.price": '["1.50", "2"]',
            "offers.seller.name": "shop",
            "color": '["red", "blue"]',
            "color.name": "odd",
        },
        {"name": "nobody"},
    ]


def test_a_ring_of_blank_nodes_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(PREFIXES + '_:a s:knows _:b ; s:name "A" . _:b s:knows _:a ; s:name "B" . _:c s:knows _:c .')
    assert filled(rows(path)) == [{"name": "A", "knows.name": "B"}, {}]


def test_predicates_that_share_their_last_part_keep_their_iri(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(PREFIXES + 'x:p s:name "a" ; x:name "b" ; s:sku "1" . x:q <http://schema.org/name> "c" .')
    assert filled(rows(path)) == [
        {"@id": "http://example.org/p", "http://schema.org/name": "a", "http://example.org/name": "b", "sku": "1"},
        {"@id": "http://example.org/q", "http://schema.org/name": "c"},
    ]


def test_a_relative_iri_stays_relative(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text('<#p> <http://schema.org/url> </a> . <> <http://schema.org/name> "x" .')
    assert filled(rows(tmp_path / "a.ttl")) == [{"@id": "#p", "url": "a"}, {"name": "x"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<a> <b> .", "is not Turtle: Parser error at line 1"),
        (b"x:a x:b 1 .", "is not Turtle: .*prefix x: has not been declared"),
        (b'<a> <b> "x', "is not Turtle"),
        (b'<a> <b> "\xff" .', "is not Turtle: .*UTF-8"),
        (b'<a> <b> """' + b"x" * (MAX_RECORD + (1 << 20)), f"more than {MAX_RECORD} bytes"),
        (b"#\n" * (2 * MAX_RECORD), "has no statement in"),
    ],
)
def test_what_is_not_turtle_is_an_input_error(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.ttl").write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_blocks(tmp_path / "a.ttl"))


def test_a_bad_line_of_ntriples_refuses_its_subject(tmp_path: Path) -> None:
    path = tmp_path / "a.nt"
    path.write_bytes(
        b'<http://a/1> <http://s/name> "x" .\n\n# a comment\n<http://a/2> <http://s/name> bad .\n'
        b'<http://a/2> <http://s/age> "1" .\nfoo\n<http://a/3> <http://s/name> "\xff" .\n'
        b'<http://a/1> <http://s/name> "y" .\n<http://a/4> <http://s/knows> _:b .\n_:b <http://s/name> "open .\n'
    )
    assert rows(path) == [{"@id": "http://a/1", "name": '["x", "y"]'}]
    assert [(r.line, r.rule, r.value, r.reason[:22]) for r in refusals(path)] == [
        (2, "not-rdf", "<http://a/2> <http://s/name> bad .", "line 4 is not N-Triple"),
        (3, "not-rdf", '<http://a/3> <http://s/name> "\\xff" .', "line 7 is not UTF-8 (c"),
        (4, "not-rdf", '_:b <http://s/name> "open .', "line 10 is not N-Tripl"),
        (5, "not-rdf", "foo", "line 6 is not N-Triple"),
    ]


PRODUCT = {
    "@context": "https://schema.org",
    "@type": "Product",
    "@id": "#anvil",
    "name": "Executive Anvil",
    "image": ["https://example.com/1.jpg", "https://example.com/2.jpg"],
    "gtin": 12345678901234567890123,
    "brand": {"@type": "Brand", "name": "ACME"},
    "aggregateRating": {"@type": "AggregateRating", "ratingValue": 4.40, "reviewCount": "89"},
    "offers": {"@type": "Offer", "price": 119.99, "availability": "https://schema.org/InStock", "inStock": True},
}
ANVIL = {
    "@id": "#anvil",
    "@type": "Product",
    "name": "Executive Anvil",
    "image": '["https://example.com/1.jpg", "https://example.com/2.jpg"]',
    "gtin": "12345678901234567890123",
    "brand": "ACME",
    "brand.Brand": "ACME",
    "aggregateRating.@type": "AggregateRating",
    "aggregateRating.ratingValue": "4.4",
    "aggregateRating.reviewCount": "89",
    "offers.@type": "Offer",
    "offers.price": "119.99",
    "offers.availability": "https://schema.org/InStock",
    "offers.inStock": "true",
}
ACME = {"@id": "ACME", "@type": "Brand", "name": "ACME"}


@pytest.mark.parametrize(
    "context",
    [
        "https://schema.org",
        "http://schema.org/",
        "//schema.org",
        "http://www.Schema.org",
        ["https://schema.org/", {"x": "http://x/"}],
    ],
)
def test_schema_org_in_all_its_documents(tmp_path: Path, context: object) -> None:
    path = tmp_path / "a.jsonld"
    product = {**PRODUCT, "@context": context}
    inner = {name: value for name, value in product.items() if name != "@context"}
    for content in (
        product,
        [product],
        {"@context": context, "@graph": [inner]},
        {"@context": context, "@graph": inner},
    ):
        path.write_text(json.dumps(content))
        path.with_suffix(".json").write_text(json.dumps(content, indent=2))
        assert rows(path.with_suffix(".json")) == rows(path)
        assert filled(rows(path)) == [ANVIL, ACME]
    path.write_text(json.dumps([product, {**product, "@id": "#b"}, {**product, "@id": "#c"}]))
    assert [row["@id"] for row in rows(path)] == ["#anvil", "ACME", "#b", "ACME", "#c", "ACME"]


STAR, RHAPSODY = "https://example.com/noms#a-star-is-born", "https://example.com/noms#bohemian-rhapsody"


def test_the_things_of_a_document_are_rows_of_their_own(tmp_path: Path) -> None:
    def movie(url: str, name: str, **said: object) -> object:
        return {"@type": "ListItem", "item": {"@type": "Movie", "url": url, "name": name, **said}}

    cooper = {"@type": "Person", "name": "Bradley Cooper", "url": "https://example.com/cooper"}
    rating = {"@type": "AggregateRating", "ratingValue": "90", "bestRating": 100, "name": "all critics"}
    offer = {"@type": "Offer", "url": STAR, "price": 3, "seller": {"@type": "Organization", "name": "Shop"}}
    movies = [
        movie(STAR, "A Star Is Born", director=cooper, actor=[cooper, {"@type": "Person", "name": "Lady Gaga"}]),
        movie(RHAPSODY, "Bohemian Rhapsody", aggregateRating=rating, offers=offer, isPartOf={"name": "no type"}),
    ]
    (tmp_path / "a.jsonld").write_text(
        json.dumps({"@context": "https://schema.org", "@type": "ItemList", "itemListElement": movies})
    )
    person = {"@id": "https://example.com/cooper", "@type": "Person", "name": "Bradley Cooper"}
    person["url"] = person["@id"]
    both = json.dumps([person["@id"], "Lady Gaga"])
    assert filled(rows(tmp_path / "a.jsonld")) == [
        {
            "@type": "ItemList",
            "itemListElement.@type": '["ListItem", "ListItem"]',
            "itemListElement.item": json.dumps([STAR, RHAPSODY]),
            "itemListElement.item.Movie": json.dumps([STAR, RHAPSODY]),
        },
        {
            "@id": STAR,
            "@type": "Movie",
            "url": STAR,
            "name": "A Star Is Born",
            "director": person["@id"],
            "director.Person": person["@id"],
            "actor": both,
            "actor.Person": both,
        },
        person,
        person,
        {"@id": "Lady Gaga", "@type": "Person", "name": "Lady Gaga"},
        {
            "@id": RHAPSODY,
            "@type": "Movie",
            "url": RHAPSODY,
            "name": "Bohemian Rhapsody",
            "aggregateRating.@type": "AggregateRating",
            "aggregateRating.ratingValue": "90",
            "aggregateRating.bestRating": "100",
            "aggregateRating.name": "all critics",
            "offers.@type": "Offer",
            "offers.url": STAR,
            "offers.price": "3",
            "offers.seller": "Shop",
            "offers.seller.Organization": "Shop",
            "isPartOf.name": "no type",
        },
        {"@id": "Shop", "@type": "Organization", "name": "Shop"},
    ]


def test_things_without_an_iri_are_the_same_rows_in_all_formats(tmp_path: Path) -> None:
    said = [
        ("m", "name", '"Alien"'),
        ("m", "creator", "_:a"),
        ("m", "creator", "_:b"),
        ("a", "sameAs", '"http://w/Scott"'),
        ("a", "name", '"Scott"'),
        ("b", "name", '"Fox"'),
    ]
    types = {"m": "Movie", "a": "Person", "b": "Organization"}
    lines = [f"_:{head} <https://schema.org/{relation}> {tail} ." for head, relation, tail in said]
    # The type comes last: what is a thing is found out when all of the file was read.
    lines += [f"_:{head} <{RDF.type}> <http://schema.org/{cls}> ." for head, cls in types.items()]
    for ending in (".nt", ".ttl"):
        (tmp_path / f"a{ending}").write_text("\n".join(lines) + "\n")
        movie, *others = filled(rows(tmp_path / f"a{ending}"))
        assert movie == {
            "@id": "Alien",
            "@type": "Movie",
            "name": "Alien",
            "creator": '["http://w/Scott", "Fox"]',
            "creator.Person": "http://w/Scott",
            "creator.Organization": "Fox",
        }
        assert [row["@id"] for row in others] == ["http://w/Scott", "Fox"]


def test_a_bad_line_about_a_thing_refuses_what_it_stands_in(tmp_path: Path) -> None:
    (tmp_path / "a.nt").write_text(
        f"<http://a/m> <http://schema.org/director> _:d .\n_:d <{RDF.type}> <http://schema.org/Person> .\n"
        '_:d <http://schema.org/name> "Scott" .\n_:d <http://schema.org/url> "open .\n'
    )
    assert rows(tmp_path / "a.nt") == []
    assert [(r.line, r.rule) for r in refusals(tmp_path / "a.nt")] == [(1, "not-rdf")]


def test_blank_nodes_are_joined_over_the_nodes_of_a_document(tmp_path: Path) -> None:
    graph = [{"@id": "http://a/m", "@type": "Movie", "director": {"@id": "_:d"}}, {"@id": "_:d", "name": "Scott"}]
    (tmp_path / "a.jsonld").write_text(json.dumps({"@context": "https://schema.org", "@graph": graph}))
    assert rows(tmp_path / "a.jsonld") == [{"@id": "http://a/m", "@type": "Movie", "director.name": "Scott"}]


def test_a_bad_node_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonld"
    deep: object = "x"
    for _ in range(MAX_DEPTH + 1):
        deep = {"isPartOf": deep}
    good = {"@context": "https://schema.org", "@id": "http://a/1", "name": "x"}
    nodes = [good, 7, {"@id": "http://a/2"}, {**good, "@context": "https://example.org/c"}, {**good, "x": deep}]
    nodes += [{**good, "@id": ["x"]}, {**good, "@context": {"y": {"@id": "http://y", "@context": "http://evil/c"}}}]
    path.write_text(json.dumps(nodes)[:-1] + ', {"a" 1}]')
    assert rows(path) == [{"@id": "http://a/1", "name": "x"}]
    assert [(r.line, r.rule, r.reason.split(" ")[1]) for r in refusals(path)] == [
        (2, "not-an-object", "2"),
        (3, "says-nothing", "3"),
        (4, "remote-context", "4"),
        (5, "nested-too-deep", "5"),
        (6, "not-json-ld", "6"),
        (7, "remote-context", "7"),
        (8, "not-json", "8"),
    ]
    assert "'https://example.org/c'" in refusals(path)[2].reason


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ('{"name": "M", "n": 1, "@context": "https://schema.org", "@type": "Movie"}', {"@id", "@type", "name", "n"}),
        ('[{"@context": {"@vocab": "http://schema.org/"}, "name": "M"}]', {"@id", "name"}),
        ('[{"@context": "https://schema.org.example/", "name": "M"}]', {"@context", "name"}),
        ('[{"@context": "https://example.org/c", "name": "M"}]', {"@context", "name"}),
        ('[{"page": {"@context": "https://schema.org", "name": "M"}}]', {"page.@context", "page.name"}),
        ('[{"text": "a \\"@context\\": \\"https://schema.org\\""}]', {"text"}),
    ],
)
def test_a_json_file_is_jsonld_where_it_begins_with_the_context(
    tmp_path: Path, content: str, columns: set[str]
) -> None:
    (tmp_path / "a.json").write_text(content)
    assert {name for row in rows(tmp_path / "a.json") for name in row} == columns


def test_a_key_that_no_context_explains_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.jsonld").write_text(
        '[{"@id": "http://a/1", "name": "x"}, {"@id": "http://a/2", "http://s/size": 7}]'
    )
    assert filled(rows(tmp_path / "a.jsonld")) == [
        {"@id": "http://a/1", "name": "x"},
        {"@id": "http://a/2", "size": "7"},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"@context": "https://example.org/c", "name": "x"}', "has the context 'https://example.org/c'; none is ever"),
        ('{"@context": ["https://schema.org", "c.json"], "@graph": []}', "has the context 'c.json'"),
        ('{"@context": {"@import": "http://x"}, "@graph": [{}]}', "has the context 'http://x'"),
        ('{"@graph": [{"name": "x"}], "@context": "https://schema.org"}', "has its @context behind its @graph"),
        ('{"@context": "https://schema.org", "@graph": [{"na', "cut short"),
        ("", "cut short"),
        ("7", "is not JSON"),
    ],
)
def test_what_is_no_jsonld_is_an_input_error(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.jsonld").write_text(content)
    with pytest.raises(InputError, match=message):
        list(read_blocks(tmp_path / "a.jsonld"))


def test_formats_are_guessed_from_how_they_begin(tmp_path: Path) -> None:
    for content in (
        "@prefix s: <http://s/> . <http://a> s:name 'x' .",
        '<http://a> <http://s/name> "x" .',
        '{"@context": "https://schema.org", "@id": "http://a", "name": "x"}',
    ):
        (tmp_path / "noending").write_text(content)
        assert rows(tmp_path / "noending") == [{"@id": "http://a", "name": "x"}]


def test_another_encoding(tmp_path: Path) -> None:
    text = '<http://a> <http://s/name> "Amélie" .'
    for ending in (".ttl", ".nt"):
        (tmp_path / f"a{ending}").write_text(text, encoding="utf-16")
        assert rows(tmp_path / f"a{ending}") == [{"@id": "http://a", "name": "Amélie"}]
        (tmp_path / f"a{ending}").write_text(text, encoding="utf-8-sig")
        assert rows(tmp_path / f"a{ending}") == [{"@id": "http://a", "name": "Amélie"}]
        (tmp_path / f"a{ending}").write_text(text, encoding="cp1252")
        assert rows(tmp_path / f"a{ending}", form=Format(encoding="cp1252")) == [{"@id": "http://a", "name": "Amélie"}]


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
SUBJECT = st.sampled_from([URIRef(f"http://a/{n}") for n in range(4)] + [BNode(f"b{n}") for n in range(3)])
TRIPLE = st.tuples(SUBJECT, st.sampled_from([URIRef(f"http://s/p{n}") for n in range(3)]), SUBJECT | TEXT.map(Literal))


@given(st.lists(TRIPLE, max_size=25), st.sampled_from([("turtle", "ttl"), ("nt", "nt"), ("json-ld", "jsonld")]))
@settings(max_examples=150, deadline=None)
def test_what_an_rdf_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, triples: list[tuple[URIRef, URIRef, object]], style: tuple[str, str]
) -> None:
    graph = Graph()
    for triple in triples:
        graph.add(triple)  # type: ignore[arg-type]
    path = tmp_path_factory.mktemp("rdf") / f"x.{style[1]}"
    path.write_text(graph.serialize(format=style[0]))
    found = {row["@id"]: row for row in rows(path) if row["@id"]}
    heads = {head for head in graph.subjects() if isinstance(head, URIRef)}
    assert set(found) == {str(head) for head in heads}
    for head in heads:
        for number in range(3):
            said = list(graph.objects(head, URIRef(f"http://s/p{number}")))
            expected = sorted({str(value) for value in said if not isinstance(value, BNode)} - {""})
            assert values(found[str(head)].get(f"p{number}", "")) == expected


def values(cell: str) -> list[str]:
    return sorted(set(json.loads(cell) if cell.startswith("[") and cell.endswith("]") else [cell]) - {""})


@given(
    st.binary(max_size=100) | st.text(st.sampled_from('<>"_:. \n[];a@'), max_size=40).map(str.encode),
    st.sampled_from(["ttl", "nt", "jsonld"]),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_rows_or_refusals_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"x.{ending}"
    start = {"ttl": b'<http://a> <http://b> "c" .\n', "nt": b'<http://a> <http://b> "c" .\n', "jsonld": b"[{},"}[ending]
    path.write_bytes(start + content)
    assert str(path) in wrong(path)
