from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kg.blocks import Block
from kg.mapping import FileRule
from kg.mapping_cells import Lookup
from kg.statements import said
from ontology.turtle import load_ontology
from tests.kg.by_row import TABLE, by_row, flat

SHOP = load_ontology(Path(__file__).parents[1] / "catalogs" / "shop" / "shop.ttl")

COLUMNS = ["a", "b", "c", "d"]
GOOD = ["1", "2", "77", "3.5", "1e3", "-4", "+5", "yes", "0", "2024-03-01", "1709251201", "x", "Straße", " y "]
BAD = [
    "",
    " ",
    "x|y| x ||",
    '["q", 3]',
    "[1.5]",
    "1_0",
    "1\n2",
    "9" * 19,
    "9" * 20,
    "1e999",
    "nan",
    "é" * 501,
    "x|" + "z" * 501,
]
cells = st.sampled_from(GOOD) | st.sampled_from(GOOD + BAD) | st.text("01.x|[]é- ", max_size=3)

LOOKUP = {"file": "b.csv", "key": "k", "column": "v"}
column = st.sampled_from([*COLUMNS, "not there"])
conversions = {
    "lookup": st.just(LOOKUP),
    "pattern": st.sampled_from(["([0-9]+)(?:e3)?", "x|y|1", "(x)?.*"]),
    "values": st.just({"1": "2", "x": "", "y": "77", "one": "1"}),
}
numeric = {"decimal": st.sampled_from([".", ","]), "factor": st.sampled_from([0.01, 3, 1e300])}
dated = {"unit": st.sampled_from(["s", "ms", "iso"])} | {"format": st.just("%Y-%m-%d")}
template = st.sampled_from(["{a}-{b}", "{c}", "/{a}{not there}", "{d}{d}|"])
constant = st.fixed_dictionaries({"constant": st.sampled_from(["k", 5, 2.5, "5"])})


def cell(extra: dict[str, st.SearchStrategy[object]]) -> st.SearchStrategy[object]:
    """A column, a constant or a template, with what is made of its text."""
    made_of = st.fixed_dictionaries({"column": column}, optional=conversions | extra)
    joined = st.fixed_dictionaries({"template": template}, optional=conversions | extra)
    return (column | made_of | constant | joined).filter(lambda c: not {"unit", "format"} <= set(c))


chosen = st.fixed_dictionaries({"column": column, "values": st.just({"x": "PART_OF", "y": "MADE_BY", "1": "PART_OF"})})
time = st.fixed_dictionaries({"column": column, "unit": st.sampled_from(["s", "ms", "iso"])}) | st.fixed_dictionaries(
    {"column": column, "format": st.just("%Y-%m-%d")}
)


def reference(cls: str, *, many: bool = True) -> st.SearchStrategy[dict[str, object]]:
    extra = {"split": st.sampled_from(["|", "json", " "]), "create": st.booleans()} if many else {}
    return st.fixed_dictionaries({"class": st.just(cls), "key": cell({})}, optional=extra)


properties = st.fixed_dictionaries(
    {},
    optional={
        "name": cell({}),
        "price": cell(numeric),
        "inStock": cell({}),
        "since": cell(dated),
        "currency": cell({}),
    },
)
entity = st.fixed_dictionaries({"class": st.just("Product"), "key": cell({}), "properties": properties})
triple = st.fixed_dictionaries(
    {"relation": chosen | st.just("PART_OF"), "tail": reference("Category")},
    optional={"head": reference("Category"), "since": time, "until": time},
)
interaction = st.fixed_dictionaries(
    {
        "relation": st.just("BOUGHT") | chosen,
        "user": reference("Customer", many=False),
        "item": reference("Product", many=False),
        "at": time,
    },
    optional={"value": cell(numeric), "id": cell({})},
)
when = st.dictionaries(column, st.sampled_from(["x", "", ["1", "y"]]), max_size=2)


@st.composite
def row_rules(draw: st.DrawFn) -> dict[str, object]:
    """What a row says, in any way; whether it fits the ontology does not matter to a row."""
    parts: dict[str, object] = {}
    triples = draw(st.lists(triple, max_size=2))
    interactions = draw(st.lists(interaction, max_size=1))
    if any("head" not in t for t in triples) or not (triples or interactions) or draw(st.booleans()):
        parts["entity"] = draw(entity)
    return {**parts, "triples": triples, "interactions": interactions, "when": draw(when)}


@st.composite
def rules(draw: st.DrawFn) -> FileRule:
    """One rule for all rows of a file, or several for some of them."""
    reading = st.fixed_dictionaries(
        {}, optional={"decimal": st.just(","), "unknown_columns": st.sampled_from(["refuse", "ignore"])}
    )
    if draw(st.booleans()):
        return FileRule.model_validate({**draw(row_rules()), **draw(reading)})
    passed_over = st.fixed_dictionaries({"skip": st.just(True), "when": when})
    listed = draw(st.lists(row_rules() | passed_over, min_size=1, max_size=3))
    kept = [rule for rule in listed[:-1] if rule["when"]] + listed[-1:]
    return FileRule.model_validate({"rules": kept, **draw(reading)})


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    rows = draw(st.integers(0, 12))
    columns = {name: draw(st.lists(cells, min_size=rows, max_size=rows)) for name in COLUMNS}
    return Block("a.csv", columns, range(2, rows + 2))


LOOKUPS = {Lookup.model_validate(LOOKUP): TABLE}


@given(rules(), blocks())
def test_columns_say_what_their_rows_say(rule: FileRule, block: Block) -> None:
    assert flat(said(rule, block, SHOP, LOOKUPS)) == by_row(rule, block, SHOP)


@given(rules(), blocks())
def test_a_row_is_loaded_or_refused(rule: FileRule, block: Block) -> None:
    found = said(rule, block, SHOP, LOOKUPS)
    columns = [*found.entities, *found.triples, *found.interactions]
    loaded = {line for c in columns for line in c.origin.lines}
    refused = [refusal.line for refusal in found.refused]
    assert not loaded & set(refused)
    assert len(set(refused)) == len(refused)
    if not any(getattr(row_rule, "skip", False) for row_rule in rule.row_rules):
        assert sorted([*loaded, *refused]) == list(block.lines)
    for c in columns:
        assert [block.lines[i] for i in c.origin.rows] == list(c.origin.lines)
    for refusal in found.refused:
        assert refusal.row == block.row(refusal.line - 2)
        assert refusal.rule
        assert refusal.reason


def test_a_constant_that_is_no_number_refuses_every_row() -> None:
    rule = FileRule.model_validate(
        {"entity": {"class": "Product", "key": "a", "properties": {"price": {"constant": "free"}}}}
    )
    found = said(rule, Block("a.csv", {"a": ["1", "2"]}, [5, 9]), SHOP)
    assert [(r.line, r.column, r.value, r.rule) for r in found.refused] == [
        (5, "", "free", "not-a-number"),
        (9, "", "free", "not-a-number"),
    ]
    assert [list(e.keys) for e in found.entities] == [[]]
