"""Explanations are true: the Cypher that comes with each returns the very same path, on both databases."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from kg.ingest import ingest
from kg.journal import Journal
from kg.mapping import load_mapping
from kg.store import GraphStore
from kg.workspace import Workspace
from ontology.turtle import load_ontology
from retrieval.answer import Explanation, Query, Step
from retrieval.opening import open_recommender
from retrieval.recommend import Recommender
from tests.bundles import CATALOGS, MAPPINGS

ANSWERS = 100


@pytest.fixture
def recommender(workspace: Workspace) -> Iterator[Recommender]:
    journal = Journal(workspace.journal)
    yield open_recommender(workspace, journal)
    journal.close()


@pytest.fixture
def loaded(store: GraphStore, tmp_path: Path) -> GraphStore:
    """A graph with the films that the bundle was trained on."""
    mapping = load_mapping(MAPPINGS["films"])
    report = ingest([CATALOGS / "films"], mapping, load_ontology(mapping.ontology), store, home=tmp_path / "home")
    assert report.refused == 0
    return store


def explanations(recommender: Recommender) -> Iterator[Explanation]:
    """Those of what is recommended to the users, a few for each."""
    for user in recommender.live.users():
        answer = recommender.recommend(Query(user=user, n=5))
        yield from (r.explanation for r in answer.recommendations if r.explanation)


def triple(step: Step) -> tuple[str, str, str, str]:
    head, tail = (step.end, step.start) if step.inverse else (step.start, step.end)
    return head.cls, head.key, tail.cls, tail.key


def test_a_hundred_of_a_hundred_answers_are_proved(recommender: Recommender, loaded: GraphStore):
    stored = {r.name: set(loaded.triples(r.name)) for r in recommender.bundle.ontology.knowledge()}
    proved = 0
    for found in islice((e for e in explanations(recommender) if e.path), ANSWERS):
        assert found.cypher
        keys = [found.path[0].start.key, *(step.end.key for step in found.path)]
        assert loaded.query(found.cypher, found.parameters).rows == [keys]
        assert all(triple(step) in stored[step.relation] for step in found.path)
        proved += 1
    assert proved == ANSWERS


def test_an_explanation_of_a_path_that_is_gone_is_not_proved(recommender: Recommender, loaded: GraphStore):
    found = next(e for e in explanations(recommender) if e.path)
    assert found.cypher
    other = dict(found.parameters) | {"n0": "no such film"}
    assert loaded.query(found.cypher, other).rows == []
