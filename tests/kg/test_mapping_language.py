"""What a mapping can say beyond columns: templates, conversions, lookups, several rules, validity, reading options."""

import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import values
from kg.blocks import Block, Said
from kg.check import check_columns, check_mapping, unknown_columns
from kg.conversions import comma_number
from kg.lookups import load_lookups, wanted
from kg.mapping import Mapping, load_mapping
from kg.mapping_cells import Lookup
from kg.statements import said
from kg.values import WrongValueError
from ontology.errors import InputError
from ontology.turtle import load_ontology

SHOP = load_ontology(Path(__file__).parents[1] / "catalogs" / "shop" / "shop.ttl")
BRANDS = Lookup(file="brands.csv", key="id", column="name")


def mapping(tmp_path: Path, files: str) -> Mapping:
    path = tmp_path / "x.mapping.yaml"
    path.write_text(f"ontology: shop.ttl\nfiles:\n{files}", encoding="utf-8")
    return load_mapping(path)


def product(tmp_path: Path, properties: str, rows: dict[str, list[str]], **options: str) -> Said:
    """What the rows of a file say when a product has these properties."""
    reading = "".join(f"    {name}: {value}\n" for name, value in options.items())
    rule = mapping(
        tmp_path, f"  a.csv:\n{reading}    entity: {{class: Product, key: sku, properties: {{{properties}}}}}"
    )
    check_mapping(rule, SHOP)
    count = len(next(iter(rows.values())))
    block = Block("a.csv", {"sku": [str(i) for i in range(count)], **rows}, range(2, 2 + count))
    return said(rule.files["a.csv"], block, SHOP)


def test_a_pattern_takes_the_value_out_of_a_cell(tmp_path: Path) -> None:
    found = product(
        tmp_path, 'price: {column: p, pattern: "([0-9.]+) EUR"}', {"p": ["19.99 EUR", "", "20", "1.2.3 EUR"]}
    )
    assert list(found.entities[0].properties["price"]) == [19.99, None]
    assert [(r.line, r.value, r.rule) for r in found.refused] == [
        (4, "20", "no-pattern-match"),
        (5, "1.2.3 EUR", "not-a-number"),
    ]
    assert found.refused[0].reason == "does not fit the pattern ([0-9.]+) EUR"


def test_texts_that_stand_for_an_empty_cell(tmp_path: Path) -> None:
    found = product(
        tmp_path,
        'price: {column: p, empty: [n/a, "-"], pattern: "([0-9.]+) EUR"}',
        {"p": ["5 EUR", "n/a", " - ", "N/A"]},
    )
    assert list(found.entities[0].properties["price"]) == [5, None, None]
    assert [(r.line, r.value, r.rule) for r in found.refused] == [(5, "N/A", "no-pattern-match")]
    with pytest.raises(InputError, match="empty"):
        product(tmp_path, "price: {column: p, empty: []}", {"p": ["1"]})


def test_no_pattern_takes_long(tmp_path: Path) -> None:
    begin = time.process_time()
    found = product(tmp_path, 'name: {column: p, pattern: "(?:(?:a+)+)+b"}', {"p": ["a" * 100_000] * 3})
    assert len(found.refused) == 3
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    ("cell", "text", "value"),
    [
        ("column: p, factor: 0.01", "1999", 19.99),
        ("column: p, factor: 100", "0.1", 10.0),
        ('column: p, decimal: ","', "3,5", 3.5),
        ('column: p, decimal: ","', "-1.234.567,5e0", -1234567.5),
        ('column: p, decimal: ",", factor: 0.01', "1.999", 19.99),
        ("column: p, values: {free: '0', cheap: '1.5'}", "cheap", 1.5),
        ('template: "{p}.{q}"', "12", 12.34),
    ],
)
def test_numbers_in_other_clothes(tmp_path: Path, cell: str, text: str, value: float) -> None:
    found = product(tmp_path, f"price: {{{cell}}}", {"p": [text], "q": ["34"]})
    assert list(found.entities[0].properties["price"]) == [value]


def test_a_decimal_comma_for_a_whole_file(tmp_path: Path) -> None:
    found = product(tmp_path, "price: p", {"p": ["3,5", "3.5", "x"]}, decimal='","')
    assert list(found.entities[0].properties["price"]) == [3.5]
    wanted_form = "is not a number with a decimal comma, for example 3,5 or 1.234,50"
    assert [r.reason for r in found.refused] == [wanted_form] * 2


@given(st.decimals(-(10**12), 10**12, places=3))
def test_a_number_is_the_same_with_comma_and_thousands(number: object) -> None:
    assert comma_number(f"{number:,}".translate(str.maketrans(",.", ".,"))) == values.number(str(number))


@pytest.mark.parametrize("text", ["1.23", "1,2,3", "12.34,5", ".", ",", "1.234.", "a", "1_0", "١"])
def test_not_a_number_with_a_comma(text: str) -> None:
    with pytest.raises(WrongValueError):
        comma_number(text)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('format: "%d.%m.%Y"', "01.03.2024"),
        ('format: "%m/%d/%y %H:%M %z"', "03/01/24 01:00 +0100"),
        ("unit: s", "1709251200"),
        ("unit: ms", "1709251200000"),
        ("unit: iso", "2024-03-01"),
    ],
)
def test_dates_in_other_clothes(tmp_path: Path, cell: str, text: str) -> None:
    found = product(tmp_path, f"since: {{column: d, {cell}}}", {"d": [text, "30.02.2024"]})
    assert list(found.entities[0].properties["since"]) == [1_709_251_200_000]
    assert [r.line for r in found.refused] == [3]


def test_a_template_joins_columns_and_is_empty_where_one_is(tmp_path: Path) -> None:
    rule = mapping(tmp_path, '  a.csv:\n    entity: {class: Product, key: {template: "{brand}-{full name}"}}')
    rule_ = rule.files["a.csv"]
    assert rule_.columns == {"brand", "full name"}
    found = said(rule_, Block("a.csv", {"brand": ["x", "y"], "full name": ["{1}", " "]}, [2, 3]), SHOP)
    assert list(found.entities[0].keys) == ["x-{1}"]
    assert [(r.column, r.rule) for r in found.refused] == [("brand, full name", "missing-key")]


FEED = """  feed.csv:
    triples:
      - head: {class: Product, key: sku}
        relation: MADE_BY
        tail: {class: Brand, key: {column: brand, lookup: {file: brands.csv, key: id, column: name}}, split: "|"}
        since: {column: from, unit: iso}
        until: {column: to, format: "%d.%m.%Y"}
"""


def brands(*blocks: dict[str, list[str]]) -> Iterable[Block]:
    return [Block("brands.csv", columns, range(2, 2 + len(next(iter(columns.values()))))) for columns in blocks]


def test_a_value_is_looked_up_in_another_file(tmp_path: Path) -> None:
    rule = mapping(tmp_path, FEED)
    check_mapping(rule, SHOP)
    assert wanted(rule.files.values()) == (BRANDS,)
    read: list[str] = []

    def rows(file: str) -> Iterable[Block]:
        read.append(file)
        return brands({"id": ["1", " 2 ", ""], "name": ["Fjell", "Hav ", "none"]}, {"id": ["1"], "name": ["Fjell"]})

    tables = load_lookups(wanted(rule.files.values()), rows)
    assert tables == {BRANDS: {"1": "Fjell", "2": "Hav"}}
    assert read == ["brands.csv"]
    columns = {"sku": ["K1", "K2"], "brand": ["2| 1|2", "1|3"], "from": ["", ""], "to": ["", ""]}
    found = said(rule.files["feed.csv"], Block("feed.csv", columns, [2, 3]), SHOP, tables)
    assert list(found.triples[0].tails) == ["Hav", "Fjell"]
    assert [(r.line, r.column, r.value, r.rule, r.reason) for r in found.refused] == [
        (3, "brand", "3", "not-in-lookup", "is not in the column 'id' of brands.csv")
    ]


def test_a_triple_holds_from_when_to_when(tmp_path: Path) -> None:
    rule = mapping(tmp_path, FEED).files["feed.csv"]
    columns = {
        "sku": ["K1", "K2", "K3", "K4"],
        "brand": ["1|2", "1", "1", ""],
        "from": ["2024-03-01", "", "2024-03-01", "soon"],
        "to": ["", "01.03.2024", "29.02.2024", ""],
    }
    rule_ = rule.model_copy(update={"triples": (*rule.triples, rule.triples[0])})
    found = said(rule_, Block("feed.csv", columns, [2, 3, 4, 5]), SHOP, {BRANDS: {"1": "a", "2": "b"}})
    march = 1_709_251_200_000
    assert list(found.triples[0].since or []) == [march, march, None]
    assert list(found.triples[0].until or []) == [None, None, march]
    assert [(r.line, r.column, r.value, r.rule) for r in found.refused] == [
        (4, "to", "29.02.2024", "ends-before-it-begins"),
        (5, "brand", "", "says-nothing"),
    ]


def test_a_lookup_has_to_be_there() -> None:
    with pytest.raises(InputError, match="has no column 'name', which the mapping looks up; it has id, title"):
        load_lookups([BRANDS], lambda _: brands({"id": ["1"], "title": ["x"]}))
    assert load_lookups([], lambda _: brands()) == {}


BRAND_TABLE = """  brands.csv:
    unknown_columns: refuse
    rules: [{skip: true}]
"""


def test_a_row_that_says_a_second_text_of_a_key_is_refused_and_the_first_is_looked_up(tmp_path: Path) -> None:
    rule = mapping(tmp_path, FEED + BRAND_TABLE).files["brands.csv"]
    blocks = list(brands({"id": ["1", "2", " 1", "1"], "name": ["x", "", "x ", "y"]}, {"id": ["2"], "name": ["z"]}))
    tables = load_lookups([BRANDS], lambda _: blocks)
    assert tables == {BRANDS: {"1": "x", "2": ""}}
    refused = [refusal for block in blocks for refusal in said(rule, block, SHOP, tables).refused]
    assert [(r.column, r.value, r.rule, r.row) for r in refused] == [
        ("name", "y", "second-text-of-a-key", {"id": "1", "name": "y"}),
        ("name", "z", "second-text-of-a-key", {"id": "2", "name": "z"}),
    ]
    why = "id '1' has 'x' already, and a key that is looked up says one thing; keep one of the rows"
    assert refused[0].reason == why


def test_the_columns_that_are_looked_up_are_read(tmp_path: Path) -> None:
    rule = mapping(tmp_path, FEED + BRAND_TABLE).files["brands.csv"]
    assert rule.columns == {"id", "name"}
    check_columns("brands.csv", rule, ["id", "name"])
    with pytest.raises(InputError, match="has the column 'town', which the mapping does not read"):
        check_columns("brands.csv", rule, ["id", "name", "town"])
    with pytest.raises(InputError, match="has no column 'name', which the mapping reads; it has id"):
        check_columns("brands.csv", rule, ["id"])


KINDS = """  graph.jsonld:
    rules:
      - when: {type: [Product, Gift]}
        entity: {class: Product, key: id}
      - when: {type: Brand}
        entity: {class: Brand, key: id}
      - when: {type: Page}
        skip: true
"""


def test_the_first_rule_that_fits_takes_a_row(tmp_path: Path) -> None:
    rule = mapping(tmp_path, KINDS).files["graph.jsonld"]
    types = ["Brand", "Page", "Gift ", "Person", "Product", "Brand"]
    block = Block("graph.jsonld", {"type": types, "id": ["a", "b", "c", "d", "e", ""]}, range(10, 16))
    found = said(rule, block, SHOP)
    assert [(e.cls, list(e.keys), list(e.origin.lines), list(e.origin.rows)) for e in found.entities] == [
        ("Product", ["c", "e"], [12, 14], [2, 4]),
        ("Brand", ["a"], [10], [0]),
    ]
    assert [(r.line, r.column, r.value, r.rule) for r in found.refused] == [
        (13, "type", "Person", "no-rule"),
        (15, "id", "", "missing-key"),
    ]
    assert found.refused[0].reason == "fits no rule of the mapping; type may be 'Product', 'Gift', 'Brand', 'Page'"


def test_columns_that_nobody_reads_are_named_or_refused(tmp_path: Path) -> None:
    rule = mapping(tmp_path, "  a.jsonl:\n    unknown_columns: refuse\n    entity: {class: Product, key: sku}")
    strict = rule.files["a.jsonl"]
    assert unknown_columns(strict, ["b", "sku", "a"]) == ("b", "a")
    found = said(strict, Block("a.jsonl", {"sku": ["1", "2"], "x": ["", "y"]}, [1, 2]), SHOP)
    assert [(r.line, r.column, r.value, r.rule) for r in found.refused] == [(2, "x", "y", "unknown-column")]
    with pytest.raises(InputError, match=r"a\.csv has the column 'x', which the mapping does not read; name it there"):
        check_columns("a.csv", strict, ["sku", "x"])
    with pytest.raises(InputError, match=r"a\.csv has no column 'sku', which the mapping reads; it has x"):
        check_columns("a.csv", strict, ["x"])
    lax = strict.model_copy(update={"unknown_columns": "ignore"})
    check_columns("a.csv", lax, ["sku", "x"])
    assert not said(lax, Block("a.jsonl", {"sku": ["1"], "x": ["y"]}, [1]), SHOP).refused


def test_how_a_file_is_read_can_be_said(tmp_path: Path) -> None:
    reading = 'format: csv\n    encoding: latin-1\n    delimiter: ";"\n    quote: ""'
    rule = mapping(tmp_path, f"  a.txt:\n    {reading}\n    entity: {{class: Product, key: sku}}").files["a.txt"]
    assert (rule.format, rule.encoding, rule.delimiter, rule.quote) == ("csv", "latin-1", ";", "")


ENTITY = "entity: {class: Product, key: sku}"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("key: {template: no column}", "a template names columns in braces, for example '{brand}-{sku}'"),
        ('key: {template: "{a}-{b"}', "a template names columns in braces"),
        ('key: {column: a, template: "{a}"}', "give a column, a constant or a template"),
        ('key: {column: a, pattern: "(a"}', "the pattern cannot be used: missing ): (a"),
        ('key: {column: a, pattern: "(a)(b)"}', "a pattern has one group, the value; write (?:...) for the others"),
        ('key: {column: a, pattern: "(?=a)"}', "the pattern cannot be used"),
        ("key: {constant: a, values: {a: b}}", "a constant takes no other keys"),
        ("key: {column: a, factor: 2}", "a key is a text and takes no factor"),
        ("key: {column: a, values: {}}", "at least 1 item"),
        ("key: {column: a, lookup: {file: b.csv, key: k}}", "lookup / column: this key is missing"),
        ("key: a, properties: {price: {column: p, factor: 0}}", "properties / price / factor: Input should be greater"),
        ("key: a, properties: {price: {column: p, factor: .inf}}", "finite number"),
        ('key: a, properties: {price: {column: p, decimal: ";"}}', "Input should be '.' or ','"),
        ('key: a, properties: {since: {column: p, format: "%H:%M"}}', "the format names no year"),
        ('key: a, properties: {since: {column: p, format: "%Y %Q"}}', "the format cannot be used"),
        ('key: a, properties: {since: {column: p, unit: s, format: "%Y"}}', "give a unit or a format, not both"),
    ],
)
def test_a_wrong_cell_is_refused(tmp_path: Path, rule: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        mapping(tmp_path, f"  a.csv: {{entity: {{class: Product, {rule}}}}}")
    assert message in str(caught.value)
    assert "files / a.csv / entity" in str(caught.value)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (f"format: xls, {ENTITY}", "a.csv / format: Input should be 'csv', 'tsv'"),
        (f"delimiter: ab, {ENTITY}", "a.csv / delimiter: String should have at most 1 character"),
        (f"unknown_columns: warn, {ENTITY}", "a.csv / unknown_columns: Input should be 'ignore' or 'refuse'"),
        ("rules: []", "give an entity, triples or interactions"),
        (f"rules: [{{{ENTITY}}}], {ENTITY}", "with rules, what rows say stands in them alone"),
        ("rules: [{when: {a: b}}]", "rules / 0: give an entity, triples or interactions, or skip: true"),
        (f"rules: [{{skip: true, {ENTITY}}}]", "rules / 0: give an entity, triples or interactions, or skip: true"),
        (f"rules: [{{{ENTITY}}}, {{skip: true}}]", "rule 0 has no when and takes every row, so rule 1 gets none"),
        (f"when: {{a: []}}, {ENTITY}", "a.csv / when / a"),
        (f"when: {{a: true}}, {ENTITY}", "a.csv / when / a"),
        (f"skip: true, {ENTITY}", "a.csv / skip: this key is not known"),
        (
            "triples: [{head: {class: A, key: a}, relation: R, tail: {class: A, key: b}, since: {column: t}}]",
            "since: give a unit (s, ms or iso) or a format such as %d.%m.%Y",
        ),
        (
            "interactions: [{relation: R, user: {class: U, key: u}, item: {class: I, key: i}, "
            "value: {column: v, unit: s}, at: {column: t, unit: s}}]",
            "value: the value of an interaction is a number and takes no unit",
        ),
    ],
)
def test_a_wrong_rule_is_refused(tmp_path: Path, file: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        mapping(tmp_path, f"  a.csv: {{{file}}}")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("name: {column: a, factor: 2}", "properties / name: factor is for a number, but name is a string"),
        ('price: {column: a, format: "%Y"}', "properties / price: format is for a date, but price is a number"),
        ("inStock: {column: a, decimal: '.'}", "decimal is for a number, but inStock is a boolean"),
    ],
)
def test_a_conversion_has_to_fit_the_datatype(tmp_path: Path, properties: str, message: str) -> None:
    rule = mapping(
        tmp_path, f"  a.csv: {{rules: [{{entity: {{class: Product, key: k, properties: {{{properties}}}}}}}]}}"
    )
    with pytest.raises(InputError) as caught:
        check_mapping(rule, SHOP)
    assert message in str(caught.value)
    assert "files / a.csv / rules / 0 / entity" in str(caught.value)


def test_what_is_repeated_in_one_row_may_be_single_in_another(tmp_path: Path) -> None:
    rule = mapping(
        tmp_path,
        """  a.ttl:
    rules:
      - when: {"@type": [Product, Thing]}
        entity: {class: Product, key: "@id"}
        triples: [{relation: IN_CATEGORY, tail: {class: Category, key: category, split: json}}]
      - skip: true
""",
    )
    check_mapping(rule, SHOP)
    columns = {
        "@id": ["1", "2", "3", "4", "5"],
        "@type": ["Product", '["Offer", "Product"]', "Offer", '["Offer"]', "[Product"],
        "category": ["Knives", '["Knives", "Forks"]', "", "", ""],
    }
    found = said(rule.files["a.ttl"], Block("a.ttl", columns, range(2, 7)), SHOP)
    assert [key for entities in found.entities for key in entities.keys] == ["1", "2"]
    pairs = [pair for triples in found.triples for pair in zip(triples.heads, triples.tails, strict=True)]
    assert sorted(pairs) == [("1", "Knives"), ("2", "Forks"), ("2", "Knives")]
    assert found.refused == []
