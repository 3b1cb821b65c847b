"""Shapes: equal to pyshacl, the reference, on what is understood."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyshacl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import Graph
from rdflib.namespace import RDF, SH

from ontology.shapes import Broken, broken, broken_tail
from ontology.times import iso_milliseconds
from ontology.turtle import parse_ontology
from tests.random_shapes import CLASSES, ONTOLOGY, SHOP, TEXTS, Made, made, shapes

Told = Counter[tuple[int, str, str, str]]
RULES = {
    "MinCount": "shape-min-count",
    "MaxCount": "shape-max-count",
    "Pattern": "shape-pattern",
    "MinLength": "shape-min-length",
    "MaxLength": "shape-max-length",
    "MinInclusive": "shape-min-inclusive",
    "MaxInclusive": "shape-max-inclusive",
    "MinExclusive": "shape-min-exclusive",
    "MaxExclusive": "shape-max-exclusive",
    "In": "shape-in",
    "Class": "shape-class",
    "Datatype": "shape-datatype",
}


def reference(text: str, entities: Sequence[Made]) -> Told:
    """What pyshacl finds: entity, property or relation, rule, severity."""
    lines = [ONTOLOGY.replace("owl:Class", "owl:Class, rdfs:Class")]
    for i, entity in enumerate(entities):
        lines.append(f"<urn:e:{i}> a :{entity.cls} .")
        lines += [f"<urn:e:{i}> :{name} {literal} ." for name, literal in entity.literals.items()]
        for j, tail in enumerate(entity.tails):
            lines.append(f"<urn:e:{i}> :near <urn:t:{i}:{j}> . <urn:t:{i}:{j}> a :{tail} .")
    data = Graph().parse(data="\n".join(lines), format="turtle")
    asked = Graph().parse(data=lines[0] + text, format="turtle")
    _, report, _ = pyshacl.validate(data, shacl_graph=asked, allow_infos=True, allow_warnings=True)
    assert isinstance(report, Graph)
    told: Told = Counter()
    for result in report.subjects(RDF.type, SH.ValidationResult):
        focus, path, component, severity = (
            str(report.value(result, p))
            for p in (SH.focusNode, SH.resultPath, SH.sourceConstraintComponent, SH.resultSeverity)
        )
        if focus.startswith("urn:e:"):
            rule = RULES[component.removeprefix(str(SH)).removesuffix("ConstraintComponent")]
            name = path.removeprefix(SHOP)
            told[int(focus[6:]), "NEAR" if name == "near" else name, rule, severity.removeprefix(str(SH)).lower()] += 1
    return told


def value(name: str, literal: str) -> Any:
    bare = literal.split("^^", maxsplit=1)[0].strip('"')
    return {"text": str, "size": int, "price": float, "sold": "true".__eq__, "since": iso_milliseconds}[name](bare)


def ours(text: str, entities: Sequence[Made]) -> Told:
    ontology = parse_ontology(ONTOLOGY + text)
    told: Told = Counter()
    for cls in CLASSES:
        rows = [i for i, entity in enumerate(entities) if entity.cls == cls]
        columns = {
            n: [value(n, e.literals[n]) if n in e.literals else None for e in map(entities.__getitem__, rows)]
            for n in TEXTS
        }
        counts = {"NEAR": [len(entities[i].tails) for i in rows]}
        found = broken(ontology, cls, columns, counts, len(rows))
        assert found == sorted(found, key=lambda b: (b.row, b.name, b.rule, b.reason))
        told.update((rows[b.row], b.name, b.rule, b.severity) for b in found)
    for i, entity in enumerate(entities):
        for tail in entity.tails:
            told.update((i, b.name, b.rule, b.severity) for b in broken_tail(ontology, entity.cls, "NEAR", tail))
    return told


@settings(max_examples=150, deadline=None)
@given(shapes(), st.lists(made(), min_size=1, max_size=8))
def test_what_is_broken_equals_the_reference(text: str, entities: list[Made]) -> None:
    assert ours(text, entities) == reference(text, entities)


def asked(shape: str, cls: str = "Thing", *, columns: dict[str, Sequence[Any]], whole: bool = False) -> list[Broken]:
    """What columns break of one property shape for things."""
    ontology = parse_ontology(f"{ONTOLOGY} :S a sh:NodeShape ; sh:targetClass :Thing ; sh:property [ {shape} ] .")
    n = len(next(iter(columns.values()), ()))
    return broken(ontology, cls, columns, {}, n, whole=whole)


def test_it_is_said_what_is_wrong_and_what_would_work() -> None:
    found = asked("sh:path :size ; sh:minInclusive 1900", "Car", columns={"size": [1999, None, 1899]})
    assert found == [Broken(2, "size", "shape-min-inclusive", "is less than 1900", "violation")]
    shape = 'sh:path :text ; sh:pattern "^[0-9]{13}$" ; sh:message "has to be an EAN of 13 digits"@en'
    assert [b.reason for b in asked(shape, columns={"text": ["4006381333931", "4006"]})] == [
        "has to be an EAN of 13 digits"
    ]


def test_what_a_row_does_not_state_is_missing_only_from_whole_rows() -> None:
    shape = "sh:path :text ; sh:minCount 1"
    assert asked(shape, columns={"size": [1, 2]}, whole=False) == []
    assert [b.row for b in asked(shape, columns={"size": [1, 2]}, whole=True)] == [0, 1]
    assert [b.row for b in asked(shape, columns={"text": ["a", None]}, whole=False)] == [1]


def test_a_value_of_a_wrong_type_breaks_its_datatype_and_is_asked_nothing_more() -> None:
    column = [1, "1", True, 1.5, None, 0]
    found = asked("sh:path :size ; sh:minInclusive 1", columns={"size": column})
    assert [(b.row, b.rule) for b in found] == [
        (1, "shape-datatype"),
        (2, "shape-datatype"),
        (3, "shape-datatype"),
        (5, "shape-min-inclusive"),
    ]
    assert found[0].reason == "is not of type int"


def test_not_a_number_keeps_no_bound() -> None:
    column = [0.5, float("nan")]
    for bound in ("minInclusive 0.0", "maxInclusive 1.0"):
        assert [b.row for b in asked(f"sh:path :price ; sh:{bound}", columns={"price": column})] == [1]


@pytest.mark.parametrize(
    ("datatype", "values", "rows"),
    [
        ("positiveInteger", [1, 0, -1], [1, 2]),
        ("nonNegativeInteger", [1, 0, -1], [2]),
        ("int", [1 << 31, 5], [0]),
        ("long", [1 << 31, -5], []),
    ],
)
def test_a_datatype_may_be_narrower_than_the_range(datatype: str, values: list[int], rows: list[int]) -> None:
    assert [b.row for b in asked(f"sh:path :size ; sh:datatype xsd:{datatype}", columns={"size": values})] == rows


def test_a_pattern_ends_where_the_text_ends() -> None:
    texts = ["ab", "ab\n", "a$"]
    assert [b.row for b in asked('sh:path :text ; sh:pattern "b$"', columns={"text": texts})] == [1, 2]
    assert [b.row for b in asked(r'sh:path :text ; sh:pattern "[$]|\\$"', columns={"text": texts})] == [0, 1]
    assert not asked('sh:path :text ; sh:pattern "^B$" ; sh:flags "im"', columns={"text": ["a\nb\nc"]})


def test_a_functional_relation_has_one_tail() -> None:
    ontology = parse_ontology(ONTOLOGY + ":near a owl:FunctionalProperty .")
    found = broken(ontology, "Toy", {}, {"NEAR": [0, 1, 2]}, 3)
    assert [(b.row, b.name, b.rule) for b in found] == [(2, "NEAR", "functional")]
    assert not broken(ontology, "Gift", {}, {}, 3)


def test_a_shape_can_be_a_class_and_can_be_switched_off() -> None:
    required = "sh:property [ sh:path :text ; sh:minCount 1 ]"
    for text, n in ((f":Toy {required} .", 1), (f":Toy {required} ; sh:deactivated true .", 0)):
        assert len(broken(parse_ontology(ONTOLOGY + text), "Car", {}, {}, 1)) == n
    off = ":Toy sh:property [ sh:path :text ; sh:minCount 1 ; sh:deactivated true ] ."
    assert parse_ontology(ONTOLOGY + off).shapes == ()
