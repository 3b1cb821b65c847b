"""What is inferred loads as it stands, and says what a person would have said."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.blocks import Block
from kg.check import check_mapping
from kg.formats.door import read_blocks
from kg.infer import Inferred, infer
from kg.infer.naming import camel, class_name, done, meaning, singular, words
from kg.infer.tables import Column, sample
from kg.mapping import Mapping as CatalogMapping
from kg.mapping import load_mapping
from kg.statements import said
from kg.triples import Refusal
from ontology.errors import InputError
from ontology.model import Ontology
from ontology.names import class_name as checked_class
from ontology.names import property_name as checked_property
from ontology.names import relation_name as checked_relation
from ontology.turtle import load_ontology

ROOT = Path(__file__).parents[2]
SHOP = sorted(path for path in (ROOT / "tests/catalogs/shop").iterdir() if path.suffix in (".csv", ".tsv", ".jsonl"))
MOVIES = sorted(path for path in (ROOT / "examples/movies").iterdir() if path.suffix in (".csv", ".jsonl"))


def blocks(path: Path) -> Iterator[Block]:
    return read_blocks(path)


def table(**columns: Sequence[str]) -> list[Block]:
    return [Block("t", columns, range(2, 2 + len(next(iter(columns.values())))))]


def loaded(found: Inferred, folder: Path) -> tuple[CatalogMapping, Ontology]:
    """The mapping and the ontology, once they were written, read and checked."""
    (folder / "catalog.ttl").write_text(found.ontology_turtle, encoding="utf-8")
    (folder / "catalog.mapping.yaml").write_text(found.mapping_yaml, encoding="utf-8")
    mapping = load_mapping(folder / "catalog.mapping.yaml")
    ontology = load_ontology(mapping.ontology)
    check_mapping(mapping, ontology)
    return mapping, ontology


def refused(mapping: CatalogMapping, ontology: Ontology, file: str, rows: Iterable[Block]) -> list[Refusal]:
    return [r for block in rows for r in said(mapping.files[file], block, ontology).refused]


@pytest.mark.parametrize("paths", [SHOP, MOVIES], ids=["shop", "movies"])
def test_what_is_inferred_loads_as_it_stands(paths: Sequence[Path], tmp_path: Path) -> None:
    found = infer({path.name: blocks(path) for path in paths})
    assert not found.left_out
    mapping, ontology = loaded(found, tmp_path)
    assert list(mapping.files) == [path.name for path in paths]
    assert len(ontology.interactions()) >= 1
    for path in paths:
        assert len(refused(mapping, ontology, path.name, blocks(path))) <= 5


SHOP_FILES = """files:
  brands.tsv:
    entity:
      class: Brand
      key: brand
      properties:
        name: full name

  categories.csv:
    entity:
      class: Category
      key: slug
      properties:
        name: name
    triples:
      # 100% of parent are in categories.csv
      - relation: HAS_PARENT
        tail: {class: Category, key: parent}

  events.jsonl:
    interactions:
      - relation:
          column: event
          values:
            purchase: BOUGHT
            view: VIEWED
        user: {class: Customer, key: customer}
        item: {class: Product, key: sku}
        value: quantity
        at: {column: time, unit: iso}
        id: id

  products.csv:
    entity:
      class: Product
      key: sku
      properties:
        name: title
        price: price  # number
        inStock: in_stock  # boolean
        since: since  # date
    triples:
      # 100% of brand are in brands.tsv
      - relation: HAS_BRAND
        tail: {class: Brand, key: brand}
      # several in a cell, separated by /; 100% of categories are in categories.csv
      - relation: HAS_CATEGORY
        tail: {class: Category, key: categories, split: "/"}
"""


def test_the_mapping_of_the_shop_reads_as_if_a_person_had_written_it() -> None:
    assert infer({path.name: blocks(path) for path in SHOP}).mapping_yaml.endswith(SHOP_FILES)


def test_the_ontology_of_the_shop_has_items_and_users(tmp_path: Path) -> None:
    _, ontology = loaded(infer({path.name: blocks(path) for path in SHOP}), tmp_path)
    assert ontology.is_a("Product", "Item")
    assert ontology.is_a("Customer", "User")
    assert {name: p.datatype for name, p in ontology.properties.items()} == {
        "name": "string",
        "price": "number",
        "inStock": "boolean",
        "since": "date",
    }
    assert [(r.name, r.label, r.inverse_label) for r in ontology.knowledge()] == [
        ("HAS_BRAND", "has the brand", "is the brand of"),
        ("HAS_CATEGORY", "has the category", "is the category of"),
        ("HAS_PARENT", "has the parent", "is the parent of"),
    ]


def test_ratings_alone_make_their_items_and_say_from_what_on_somebody_likes_one(tmp_path: Path) -> None:
    rows = table(userId=["1", "1", "2"], movieId=["7", "8", "7"], rating=["3.5", "1", "5"], timestamp=["978300760"] * 3)
    mapping, ontology = loaded(infer({"ratings.csv": rows}), tmp_path)
    rule = mapping.files["ratings.csv"]
    assert rule.entity is not None
    assert rule.entity.cls == "Movie"
    assert ontology.relations["RATED"].positive_from == 3.5
    assert not refused(mapping, ontology, "ratings.csv", rows)


def test_names_in_other_scripts_become_allowed_ones_and_stay_as_labels(tmp_path: Path) -> None:
    rows = table(
        **{"id": ["1", "2"], "价格": ["1.5", "2"], "2. Größe": ["3", "4"], "名": ["a", "b"], "class": ["x", "y"]}
    )
    mapping, ontology = loaded(infer({"товары 2024.csv": rows}), tmp_path)
    rule = mapping.files["товары 2024.csv"].entity
    assert rule is not None
    assert {ontology.properties[name].label: cell.column for name, cell in rule.properties.items()} == {
        "价格": "价格",
        "2. Größe": "2. Größe",
        "名": "名",
        "class": "class",
    }
    assert set(rule.properties) == {"value", "grosse2", "thingValue", "class"}
    assert not refused(mapping, ontology, "товары 2024.csv", rows)


def test_roles_choose_relations_and_those_of_two_kinds_are_told_apart(tmp_path: Path) -> None:
    credits = table(
        film_id=["1", "1", "2", "2"],
        role=["director", "producer", "producer", "director"],
        person_id=["p1", "p2", "", "p1"],
        company_id=["", "", "c1", ""],
    )
    mapping, ontology = loaded(
        infer({"films.csv": table(film_id=["1", "2"], title=["A", "B"]), "credits.csv": credits}), tmp_path
    )
    assert {"HAS_DIRECTOR", "HAS_PRODUCER_PERSON", "HAS_PRODUCER_COMPANY"} <= set(ontology.relations)
    assert not refused(mapping, ontology, "credits.csv", credits)


@pytest.mark.parametrize(
    ("rows", "left_out"),
    [
        ({"text": ["a", "a"], "label": ["b", "b"]}, "a.csv"),
        ({"12": ["a", "b"], "-7": ["b", "c"]}, "a.csv"),
        ({"id": []}, "a.csv"),
    ],
)
def test_where_nothing_can_be_made_of_any_file_it_is_said(rows: dict[str, list[str]], left_out: str) -> None:
    with pytest.raises(InputError, match=rf"nothing can be made of {left_out}: a file needs a column"):
        infer({"a.csv": table(**rows)})
    good = infer({"a.csv": table(**rows), "b.csv": table(id=["1", "2"], name=["x", "y"])})
    assert good.left_out == ("a.csv",)
    assert "  # a.csv:\n  # " in good.mapping_yaml
    with pytest.raises(InputError, match="no files"):
        infer({})


@pytest.mark.parametrize(
    ("name", "texts", "datatype", "keys"),
    [
        ("year", ["1999", "-3"], "integer", ()),
        ("price", ["1999", "3.5"], "number", ()),
        ("price", ["3,5", "1.234,50"], "number", (("decimal", ","),)),
        ("imdb", ["0114709", "1"], "string", ()),
        ("tmdbId", ["862", "1"], "string", ()),
        ("in_stock", ["1", "0"], "boolean", ()),
        ("copies", ["1", "0"], "integer", ()),
        ("new", ["Yes", "no"], "boolean", ()),
        ("born", ["1965-12-31"], "date", ()),
        ("born", ["1965-12-31", "about 1900"], "string", ()),
        ("rated_at", ["1260759144"], "date", (("unit", "s"),)),
        ("rated_at", ["1260759144000"], "date", (("unit", "ms"),)),
        ("votes", ["1260759144"], "integer", ()),
        ("date", ["31.12.1999"], "date", (("format", "%d.%m.%Y"),)),
        ("date", ["12/31/1999"], "date", (("format", "%m/%d/%Y"),)),
        ("note", ["", ""], "string", ()),
        ("note", ["none", "n/a"], "string", ()),
    ],
)
def test_a_column_is_read_as_what_it_holds(
    name: str, texts: Sequence[str], datatype: str, keys: tuple[tuple[str, str], ...]
) -> None:
    reading = Column(name, tuple(texts)).reading
    assert (reading.datatype, reading.keys) == (datatype, keys)


@pytest.mark.parametrize("nothing", ["n/a", "N/A", "-", "null", "None", "unknown"])
def test_a_text_that_stands_for_none_makes_no_string_of_a_number(nothing: str, tmp_path: Path) -> None:
    rows = table(
        sku=["a", "b", "c"],
        title=["x", nothing, "z"],
        price=["3.5", nothing, "4"],
        stock=["3", "0", nothing],
        comma=["3,5", "1,5", nothing],
        since=[nothing, "2024-03-01", "2024-03-02"],
    )
    mapping, ontology = loaded(infer({"products.csv": rows}), tmp_path)
    datatypes = {name: p.datatype for name, p in ontology.properties.items()}
    assert datatypes == {"name": "string", "price": "number", "stock": "integer", "comma": "number", "since": "date"}
    (found,) = said(mapping.files["products.csv"], rows[0], ontology).entities
    assert {name: list(values) for name, values in found.properties.items()} == {
        "name": ["x", nothing, "z"],
        "price": [3.5, None, 4],
        "stock": [3, 0, None],
        "comma": [3.5, 1.5, None],
        "since": [None, 1709251200000, 1709337600000],
    }


@pytest.mark.parametrize(
    "ids", [["1", "", "3"], ["", *map(str, range(9))], ["1", "2", "2", *map(str, range(3, 40)), ""]]
)
def test_a_row_that_lacks_the_key_is_refused_alone(ids: list[str], tmp_path: Path) -> None:
    rows = table(title=[f"t{i}" for i, _ in enumerate(ids)], id=ids)
    found = infer({"films.csv": rows})
    mapping, ontology = loaded(found, tmp_path)
    assert [(r.line, r.rule) for r in refused(mapping, ontology, "films.csv", rows)] == [
        (ids.index("") + 2, "missing-key")
    ]
    assert f"1 of {len(ids)} rows lack it, and will be refused" in found.mapping_yaml


def test_a_row_that_lacks_its_user_or_rating_is_refused_alone(tmp_path: Path) -> None:
    rows = table(
        userId=["1", "1", "2", "", "3", "3"],
        movieId=["7", "8", "7", "9", "7", "8"],
        rating=["3.5", "n/a", "5", "4", "", "1"],
        timestamp=["978300760"] * 6,
    )
    mapping, ontology = loaded(infer({"ratings.csv": rows}), tmp_path)
    assert ontology.relations["RATED"].positive_from == 3.5
    assert [(r.line, r.rule) for r in refused(mapping, ontology, "ratings.csv", rows)] == [
        (3, "not-a-number"),
        (5, "missing-key"),
        (6, "missing-value"),
    ]


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        (("price", "url"), "url"),
        (("title", "price", "product_url"), "product_url"),
        (("title", "price", "image_url"), "title"),
        (("url", "price", "sku"), "sku"),
    ],
)
def test_a_url_is_a_key_wherever_it_stands(columns: Sequence[str], key: str, tmp_path: Path) -> None:
    starts = {"price": "1.", "title": "t", "sku": "s"}
    rows = table(**{name: [f"{starts.get(name, 'https://s/')}{i}" for i in range(3)] for name in columns})
    mapping, ontology = loaded(infer({"products.csv": rows}), tmp_path)
    entity = mapping.files["products.csv"].entity
    assert entity is not None
    assert entity.key.column == key
    assert not refused(mapping, ontology, "products.csv", rows)


def test_a_url_that_a_row_lacks_is_a_key_where_nothing_else_is() -> None:
    urls = ["https://s/1", "", "https://s/3"]
    assert "key: title\n" in infer({"a.csv": table(title=["x", "y", "z"], url=urls)}).mapping_yaml
    assert "key: url  # 1 of 3 rows lack it" in infer({"a.csv": table(price=["1.5", "2", "3"], url=urls)}).mapping_yaml


@pytest.mark.parametrize(
    ("texts", "separator"),
    [
        (["a|b", "b|c", "a|c", "a"], "|"),
        (["a, b", "b, a", "a, b", "b, a", "b"], ","),
        (["Berlin, Germany", "Rome, Italy", "Oslo, Norway"], None),
        (['["a"]', "[]", ""], "json"),
        (['[{"a": 1}]'], None),
        (["http://a/b", "http://a/b", "http://a/b"], None),
        (["1/2", "1/2"], None),
    ],
)
def test_what_stands_between_the_texts_of_a_list(texts: Sequence[str], separator: str | None) -> None:
    assert Column("things", tuple(texts)).separator == separator


def test_keywords_stand_between_commas_as_schema_org_has_them() -> None:
    texts = ("doll,fantasy world", "pianist, actress", "")
    assert Column("keywords", texts).separator == ","
    assert Column("things", texts).separator is None


def test_a_relation_has_what_a_column_already_has(tmp_path: Path) -> None:
    rows = table(id=["1", "2"], hasPart=['["2"]', '["1", "2"]'])
    _, ontology = loaded(infer({"parts.csv": rows}), tmp_path)
    assert [(r.name, r.label) for r in ontology.knowledge()] == [("HAS_PART", "has the part")]


def test_a_sample_is_bounded_and_reaches_beyond_the_start() -> None:
    read_so_far: list[int] = []

    def long_file() -> Iterator[Block]:
        for start in range(0, 10_000, 100):
            read_so_far.append(start)
            names = ["n"] if start < 5000 else ["n", "late"]
            yield Block(
                "t", {name: [str(i) for i in range(start, start + 100)] for name in names}, range(start, start + 100)
            )

    found = sample("t", long_file(), 200, 8000)
    assert read_so_far[-1] == 7900
    assert found.cut
    kept = found.columns["n"].texts
    assert 150 <= found.rows == len(kept) <= 200
    assert kept[:100] == tuple(map(str, range(100)))
    assert int(kept[-1]) > 7000
    late = found.columns["late"].texts
    assert [text for text in late if text] == [text for text in kept if int(text) >= 5000]
    whole = sample("t", table(n=["1", "2", "3"]), 200, 8000)
    assert (whole.rows, whole.cut) == (3, False)


def test_names() -> None:
    assert words("movieId") == ("movie", "id")
    assert words("userID_2") == ("user", "id", "2")
    assert meaning("product_categories") == ("product", "category")
    assert [singular(w) for w in ("movies", "boxes", "people", "glasses", "status", "series", "keys")] == [
        *("movie", "box", "person", "glass", "status", "series", "key")
    ]
    assert class_name(meaning("2020 people info")) == "Person2020"
    assert camel(("in", "stock"), "value") == "inStock"
    assert done(("movie", "ratings")) == "rated"
    assert done(("add", "to", "wishlist")) == "add to wishlist"


names = st.sampled_from(
    ["id", "user_id", "movieId", "item", "name", "title", "time", "rating", "role", "tags", "head", "tail", "event"]
) | st.sampled_from(["@id", "@type", "url", "director", "director.Movie", "director.Person"])
names |= st.text(min_size=1, max_size=8).map(str.strip).filter(bool)
texts = st.sampled_from(
    [
        "",
        "1",
        "2",
        "3.5",
        "n/a",
        "Movie",
        "Person",
        '["Movie", "Person"]',
        "a",
        "b|c",
        "c|b",
        "a, b",
        '["a", "b"]',
        "yes",
        "no",
        "2024-03-01",
        "1709251201",
        "x/y",
    ]
) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)


@st.composite
def catalogs(draw: st.DrawFn) -> Mapping[str, Block]:
    files = draw(st.lists(names.filter(lambda n: "\0" not in n), min_size=1, max_size=4, unique=True))
    found = {}
    for file in files:
        count = draw(st.integers(0, 8))
        columns = {
            name: draw(st.lists(texts, min_size=count, max_size=count) | st.just([str(i) for i in range(count)]))
            for name in draw(st.lists(names, min_size=1, max_size=5, unique=True))
        }
        found[f"{file}.csv"] = Block(file, columns, range(2, 2 + count))
    return found


@settings(deadline=None)
@given(catalogs())
def test_whatever_the_files_hold_what_is_inferred_loads(
    tmp_path_factory: pytest.TempPathFactory, catalog: Mapping[str, Block]
) -> None:
    try:
        found = infer({file: [block] for file, block in catalog.items()})
    except InputError:
        return
    mapping, ontology = loaded(found, tmp_path_factory.mktemp("inferred"))
    assert set(mapping.files) == set(catalog) - set(found.left_out)
    for file in mapping.files:
        for refusal in refused(mapping, ontology, file, [catalog[file]]):
            assert refusal.rule == "says-nothing" or refusal.value in ("", "n/a"), refusal
    for cls in ontology.classes.values():
        assert checked_class(cls.iri) == cls.name
    for relation in ontology.relations.values():
        assert checked_relation(relation.iri) == relation.name
    for prop in ontology.properties.values():
        assert checked_property(prop.iri) == prop.name
