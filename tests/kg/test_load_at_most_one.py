"""Functional relations: a second tail, or a second head, is refused whichever row, file or load says it."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.turtle import parse_ontology
from tests.kg.load_ledger import LedgerGraph
from tests.kg.loads import ONTOLOGY, Rows

RELATIONS = """
:translates a owl:ObjectProperty , owl:FunctionalProperty , owl:InverseFunctionalProperty ;
    rdfs:domain :Book ; rdfs:range :Book ; kg:inverseLabel "translated" .
:translatedAs a owl:ObjectProperty ; rdfs:domain :Book ; rdfs:range :Book ; owl:inverseOf :translates ;
    kg:inverseLabel "translation of" .
:renderedAs a owl:ObjectProperty ; rdfs:domain :Book ; rdfs:range :Book ; rdfs:subPropertyOf :translatedAs ;
    kg:inverseLabel "rendering of" .
:sequelOf a owl:ObjectProperty , owl:FunctionalProperty ; rdfs:domain :Book ; rdfs:range :Book ;
    kg:inverseLabel "has the sequel" .
:directSequelOf a owl:ObjectProperty ; rdfs:domain :Book ; rdfs:range :Book ; rdfs:subPropertyOf :sequelOf ;
    kg:inverseLabel "has the direct sequel" .
"""
MAPPING = """
ontology: library.ttl
files:
  books.csv:
    entity: {{class: Book, key: id, properties: {{name: title}}}}
    triples: [{{relation: {0}, tail: {{class: Book, key: like, create: true}}}}]
  citations.csv:
    triples: [{{head: {{class: Book, key: from}}, relation: {0}, tail: {{class: Book, key: to, create: true}}}}]
  more.csv:
    triples: [{{head: {{class: Book, key: from}}, relation: {1}, tail: {{class: Book, key: to, create: true}}}}]
"""
KEY = st.sampled_from("1234")
BOOKS = [(key, "A", "", "", "") for key in "1234"]
LOADS = st.lists(
    st.tuples(
        st.fixed_dictionaries(
            {},
            optional={
                "books.csv": st.tuples(KEY, KEY).map(lambda x: [*BOOKS, (x[0], "A", "", "", x[1])]),
                "citations.csv": st.lists(st.tuples(KEY, KEY, st.just("")), max_size=4),
                "more.csv": st.lists(st.tuples(KEY, KEY, st.just("")), max_size=4),
            },
        ),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
)


def library(folder: Path, *relations: str) -> LedgerGraph:
    loaded = LedgerGraph(folder, MAPPING.format(*relations))
    loaded.ontology = parse_ontology(ONTOLOGY + RELATIONS)
    (folder / "library.ttl").write_text(loaded.ontology.text, encoding="utf-8")
    return loaded


@pytest.mark.parametrize("second", ["TRANSLATES", "TRANSLATED_AS", "RENDERED_AS"])
@given(loads=LOADS)
@settings(max_examples=10, deadline=None)
def test_there_is_never_a_second_one(second: str, loads: list[tuple[Rows, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        loaded = library(Path(folder), "TRANSLATES", second)
        loaded.load({"books.csv": BOOKS}, removing=False)
        for rows, removing in loads:
            loaded.load(rows, removing=removing)
            refused = loaded.refused()
            pairs = {said(*thing[1:]) for thing in loaded.graph if thing[0] == "triple"}
            heads, tails = zip(*pairs, strict=True) if pairs else ((), ())
            assert (len(set(heads)), len(set(tails))) == (len(pairs), len(pairs))
            for file, its in rows.items():
                for line, row in enumerate(its, 2):
                    pair = (row[0], row[-1] if file == "books.csv" else row[1])
                    if all(pair):
                        there = said(second if file == "more.csv" else "TRANSLATES", *pair) in pairs
                        assert there == ((file, line) not in refused), (file, line)
            assert loaded.load(rows, removing=removing) == {}
            assert loaded.refused() == refused


def said(relation: str, head: str, tail: str) -> tuple[str, str]:
    return (head, tail) if relation == "TRANSLATES" else (tail, head)
