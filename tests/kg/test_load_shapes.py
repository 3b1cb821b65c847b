"""Shapes while loading: a violation refuses the row, a warning is counted, and no file is asked for what it lacks."""

import json
from pathlib import Path

import pytest

from ontology.turtle import parse_ontology
from tests.kg.load_ledger import LedgerGraph
from tests.kg.loads import ONTOLOGY

SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
:BookShape a sh:NodeShape ; sh:targetClass :Book ;
    sh:property [ sh:path :pages ; sh:minCount 1 ; sh:maxInclusive 1000 ] ;
    sh:property [ sh:path :writtenBy ; sh:minCount 1 ; sh:maxCount 2 ] ;
    sh:property [ sh:path :cites ; sh:maxCount 1 ; sh:severity sh:Warning ] .
"""
RULES = """
ontology: library.ttl
files:
  "mixed.csv":
    rules:
      - when: {kind: book}
        entity: {class: Book, key: id, properties: {name: title, pages: pages}}
        triples:
          - {relation: WRITTEN_BY, tail: {class: Author, key: by, split: "|", create: true}}
      - when: {kind: note}
        entity: {class: Book, key: id, properties: {note: title}}
"""


def loaded_with(folder: Path, *mapping: str) -> LedgerGraph:
    loaded = LedgerGraph(folder, *mapping)
    loaded.ontology = parse_ontology(ONTOLOGY + SHAPES)
    return loaded


@pytest.fixture
def loaded(tmp_path: Path) -> LedgerGraph:
    return loaded_with(tmp_path)


def rules_broken(loaded: LedgerGraph) -> list[tuple[int, str, str, str]]:
    lines = (loaded.folder / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    return [(x["line"], x["column"], x["value"], x["rule"]) for x in map(json.loads, lines)]


def test_a_violation_refuses_the_whole_row(loaded: LedgerGraph) -> None:
    rows = [
        ("1", "A", "1001", "x", ""),
        ("2", "B", "5", "x|y|z", ""),
        ("3", "C", "5", "x", "1"),
        ("4", "D", "", "x", ""),
    ]
    loaded.load({"books.csv": rows}, removing=False)
    assert rules_broken(loaded) == [
        (2, "pages", "1001", "shape-max-inclusive"),
        (3, "authors", "x|y|z", "shape-max-count"),
        (5, "pages", "", "shape-min-count"),
    ]
    assert {thing for thing in loaded.graph if thing[0] == "triple"} == {
        ("triple", "WRITTEN_BY", "3", "x"),
        ("triple", "CITES", "3", "1"),
    }
    assert loaded.described + loaded.refused_rows == loaded.read


@pytest.mark.parametrize("others", [[], [("2", "B", "5", "x", "")]])
def test_a_row_without_a_needed_relation_is_refused_whatever_rows_are_beside_it(
    loaded: LedgerGraph, others: list[tuple[str, ...]]
) -> None:
    loaded.load({"books.csv": [("1", "A", "5", "", ""), *others]}, removing=False)
    assert rules_broken(loaded) == [(2, "authors", "", "shape-min-count")]


def test_a_file_that_gives_a_part_is_not_asked_for_the_rest(loaded: LedgerGraph) -> None:
    loaded.load({"notes.csv": [("1", "n", "7")], "books.csv": [("2", "A", "5", "x", "")]}, removing=False)
    assert loaded.refused_rows == 0
    loaded.load({"notes.csv": [("1", "n", "")]}, removing=False)  # it does give the pages, and here it does not
    assert rules_broken(loaded) == [(2, "pages", "", "shape-min-count")]


def test_a_rule_that_gives_a_part_is_not_asked_for_what_another_gives(tmp_path: Path) -> None:
    loaded = loaded_with(tmp_path, RULES)
    path = tmp_path / "mixed.csv"
    path.write_text(
        "kind,id,title,pages,by\nbook,1,A,5,x\nnote,1,sand,,\nnote,2,dust,,\nbook,3,C,5,\n", encoding="utf-8"
    )
    loaded.load_files([path])
    assert rules_broken(loaded) == [(5, "by", "", "shape-min-count")]
    assert loaded.graph["entity", "Book", "1"] == {"name": "A", "pages": 5, "note": "sand"}


def test_a_warning_is_counted_once_a_row_and_refuses_nothing(loaded: LedgerGraph) -> None:
    rows = [("1", "A", "5", "x", "2|3|4"), ("2", "B", "5", "x", "3")]
    loaded.load({"books.csv": rows}, removing=False)
    assert loaded.refused_rows == 0
    assert loaded.warnings == {"Book.CITES shape-max-count": 1}


def test_a_refused_row_keeps_what_is_missed(loaded: LedgerGraph) -> None:
    loaded.load({"books.csv": [("1", "A", "5", "x", ""), ("2", "B", "5", "x", "")]}, removing=False)
    loaded.load({"books.csv": [("1", "A", "5000", "x", "")]}, removing=True)
    assert ("entity", "Book", "2") in loaded.graph
    assert loaded.graph["entity", "Book", "1"]["pages"] == 5
