"""Catalogs at the edge of what can be learned from: a clear sentence, or a bundle that answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embed.bundle import current, open_bundle, publish
from embed.linear import LinearOptions
from kg.snapshot import Snapshot
from ontology.errors import InputError, NotReadyError
from retrieval.answer import Query
from retrieval.live import LiveState
from retrieval.recommend import Recommender
from retrieval.training import TrainOptions, train
from tests.retrieval.test_training import BOOKS, QUICK, READERS, library
from tests.worlds import ONTOLOGY


class Nothing:
    """A journal in which nothing stands."""

    def since(self, seq: int, limit: int) -> list:
        return []


def answers(snapshot: Snapshot, folder: Path) -> None:
    """A bundle is made of it that answers a user, and somebody new, with finite scores."""
    publish(train(snapshot, ONTOLOGY, QUICK), folder)
    bundle = open_bundle(current(folder))
    recommender = Recommender(bundle, LiveState(bundle, Nothing()))
    for query in (Query(user=snapshot.keys[BOOKS], n=3), Query(history=(snapshot.keys[0],), n=3), Query(user="?", n=3)):
        found = recommender.recommend(query).recommendations
        assert len(found) == 3
        assert np.isfinite([item.score for item in found]).all()


def liking(pairs: list[tuple[int, int]]) -> Snapshot:
    """The library with these pairs of reader and book in the place of its interactions, in their order."""
    snapshot = library()
    user, item = np.array(sorted(pairs, key=lambda pair: pair[0]), np.int32).reshape(-1, 2).T.copy()
    few = snapshot.interactions.where(np.arange(len(user)) % len(snapshot.interactions))
    few = replace(few, user=user, item=item, positive=np.ones(len(user), np.bool_))
    return replace(snapshot, interactions=few)


MANY = [(u, (u + k) % 20) for u in range(READERS - 1) for k in range(8)]
WORKING = {
    "no triple": replace(library(), triples=library().triples[:0]),
    "a relation with one triple": replace(library(), triples=library().triples[:1]),
    "an item joined to itself": replace(library(), triples=np.array([(0, 0, 0), (1, 0, 1)], np.int32)),
    "a user with one item": liking([*MANY, (READERS - 1, 3)]),
    "a user without an item": liking(MANY),
    "everything twice": liking(sorted(MANY * 2)),
    "values that are not numbers": replace(
        library(),
        interactions=replace(library().interactions, value=np.full(READERS * 12, np.nan, np.float32)),
    ),
    "all at one moment": replace(
        library(), interactions=replace(library().interactions, at=np.zeros(READERS * 12, np.int64))
    ),
}


@pytest.mark.parametrize("name", WORKING)
def test_it_makes_a_bundle_that_answers(tmp_path: Path, name: str):
    answers(WORKING[name], tmp_path)


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([], "no positive interaction to learn from: load interactions with `kg ingest`"),
        ([(0, 1)], "no user likes two items, so there is no taste to learn from"),
        ([(u, u) for u in range(READERS)], "no user likes two items"),
        ([(u, 0) for u in range(READERS) for _ in range(9)], "no user likes two items"),
        ([(0, i) for i in range(30)], "load more interactions"),
        ([(u, i) for u in range(READERS) for i in range(2)], "load more interactions"),
    ],
)
def test_too_little_to_learn_from_is_a_sentence(pairs: list[tuple[int, int]], sentence: str):
    with pytest.raises(NotReadyError, match=sentence):
        train(liking(pairs), ONTOLOGY, QUICK)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (replace(QUICK, ranker=replace(QUICK.ranker, learning_rate=1e20)), "the ranker diverged"),
        (
            replace(
                QUICK, teachers=replace(QUICK.teachers, linear=LinearOptions(user_exponent=200, item_exponent=200))
            ),
            r"what linear \(for the ranker\) learned is not a number",
        ),
        (
            replace(QUICK, teachers=replace(QUICK.teachers, gnn=replace(QUICK.teachers.gnn, learning_rate=1e20))),
            "the graph network diverged",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of numpy, on the way there
def test_what_is_not_a_number_is_never_published(options: TrainOptions, sentence: str):
    with pytest.raises(InputError, match=sentence):
        train(library(), ONTOLOGY, options)


def test_what_does_not_fit_into_memory_is_said_before_anything_is_learned():
    huge = replace(QUICK, teachers=replace(QUICK.teachers, transe=replace(QUICK.teachers.transe, dim=10**12)))
    with pytest.raises(InputError, match=r"the graph network needs about .* try --set transe.dim="):
        train(library(), ONTOLOGY, huge)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, READERS - 1), st.integers(0, BOOKS - 1)), max_size=150), st.integers(0, BOOKS))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_any_world_is_a_sentence_or_a_bundle(tmp_path_factory, pairs: list[tuple[int, int]], triples: int):
    snapshot = replace(liking(pairs), triples=library().triples[:triples])
    folder = tmp_path_factory.mktemp("models")
    try:
        publish(train(snapshot, ONTOLOGY, QUICK), folder)
    except NotReadyError:
        assert list(folder.iterdir()) == []
    else:
        assert open_bundle(current(folder)).catalog.n_items == BOOKS
