"""The example catalog and its small copy are whole: every row says something, and every name it uses is known."""

from pathlib import Path

import pytest

from kg.formats.door import read_blocks
from kg.mapping import load_mapping
from kg.statements import said
from kg.triples import Ref
from ontology.turtle import load_ontology

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("folder", "films", "ratings"), [("examples/movies", 9_125, 100_004), ("tests/catalogs/films", 200, 3_646)]
)
def test_no_row_is_refused_and_nothing_dangles(folder: str, films: int, ratings: int) -> None:
    mapping = load_mapping(ROOT / "ontology" / "movies.mapping.yaml")
    ontology = load_ontology(mapping.ontology)
    entities: set[Ref] = set()
    named: set[Ref] = set()
    interactions: set[str] = set()
    for file, rule in mapping.files.items():
        for block in read_blocks(ROOT / folder / file):
            found = said(rule, block, ontology)
            assert not [*block.refused, *found.refused]
            entities |= {Ref(e.cls, key) for e in found.entities for key in e.keys}
            for t in found.triples:
                named |= {Ref(t.kind.head, key) for key in t.heads} | {Ref(t.kind.tail, key) for key in t.tails}
            for i in found.interactions:
                named |= {Ref(i.kind.tail, key) for key in i.items}
                interactions |= set(i.ids)
    assert named <= entities
    assert len(interactions) == ratings
    assert sum(ref.cls == "Film" for ref in entities) == films


@pytest.mark.parametrize("folder", ["examples/movies", "tests/catalogs/films"])
def test_both_licences_are_there(folder: str) -> None:
    movielens = (ROOT / folder / "LICENSE.movielens.txt").read_text(encoding="utf-8")
    assert "distributed under these same license conditions" in movielens
    assert "CC BY-SA 3.0" in (ROOT / folder / "LICENSE.dbpedia.txt").read_text(encoding="utf-8")
