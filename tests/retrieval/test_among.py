"""Candidates among the items that match: of every source the best of those, however few they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.bundle import Bundle, current, open_bundle
from embed.teachers import Teachers
from kg.entries import Edit, Entry
from kg.triples import Ref
from kg.workspace import Workspace
from retrieval.among import NARROW, Among
from retrieval.answer import Query
from retrieval.history import History
from retrieval.index import Index, index_of
from retrieval.live import LiveState
from retrieval.recommend import Recommender
from retrieval.sources import Found, candidates, look
from tests import worlds
from tests.worlds import BOOKS, Rows, world


class Feed:
    """Entries from memory, numbered from 1."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = [*entries]

    def since(self, seq: int, limit: int) -> list[tuple[int, Entry]]:
        return list(enumerate(self.entries, 1))[seq : seq + limit]


MASKS = st.lists(st.booleans(), min_size=BOOKS, max_size=BOOKS).map(np.array)


@given(
    rows=worlds.triples(), happened=worlds.events(), mask=MASKS, liked=st.sets(st.integers(0, BOOKS - 1), max_size=4)
)
@settings(max_examples=150)
def test_each_source_gives_its_best_of_those_that_may_come(
    rows: Rows, happened: Rows, mask: np.ndarray, liked: set[int]
):
    teachers = world(rows, happened).teachers
    items = np.array(sorted(liked), np.int32)
    history, among = History(items, items, items), Among.of(mask, items)
    found, index = look(teachers, history), index_of(teachers.gnn_items)
    some = candidates(teachers, index, history, found, 3, among=among)
    everything = candidates(teachers, index, history, found, BOOKS, among=Among.of(np.ones(BOOKS, np.bool_), items))
    assert some.keys() == everything.keys() == candidates(teachers, index, history, found, 3).keys()
    allowed = set(among.items.tolist())
    assert allowed == {i for i in range(BOOKS) if mask[i] and i not in liked}
    for name, best in some.items():
        assert set(best.tolist()) <= allowed
        if name == "popularity":
            assert len(best) == min(len(allowed), 3 if not liked else 0)
            continue
        by_vectors = name in {"collaborative", "content"}
        scores = _by_vectors(teachers, found, name) if by_vectors else getattr(found, name)
        expected = sorted((scores[i] for i in allowed if by_vectors or scores[i] > 0), reverse=True)
        if name == "content" and len(expected) > 1 and np.ptp(expected) <= 1e-5 * np.abs(expected).max():
            expected = []  # all are alike: nothing is said of them
        np.testing.assert_allclose(scores[best], expected[:3], rtol=1e-5)


def _by_vectors(teachers: Teachers, found: Found, source: str) -> np.ndarray:
    if source == "content":
        return teachers.content.items @ found.content
    return teachers.gnn_items @ found.vector


@pytest.mark.parametrize("part", [0.001, 0.05, NARROW - 0.01, NARROW + 0.01, 0.9, 1.0])
@pytest.mark.parametrize("selects", [True, False])
def test_the_nearest_are_the_same_by_faiss_and_one_by_one(part: float, selects: bool):
    random = np.random.default_rng(0)
    vectors, query = random.normal(size=(2000, 16)).astype(np.float32), random.normal(size=16).astype(np.float32)
    index = Index(index_of(vectors).handle, 16, selects)
    among = Among.of(random.permutation(2000) < part * 2000, np.array([5]))
    expected = among.items[np.argsort(-(vectors[among.items] @ query), kind="stable")][:50]
    assert among.nearest(index, vectors, query, 50).tolist() == expected.tolist()


def test_none_at_all_is_no_candidate():
    among = Among.of(np.zeros(BOOKS, np.bool_), np.array([3]))
    teachers = world([]).teachers
    history = History(*[np.array([3], np.int32)] * 3)
    found = candidates(teachers, index_of(teachers.gnn_items), history, look(teachers, history), 5, among=among)
    assert [items.tolist() for items in found.values()] == [[]] * len(found)


FILTERS = [
    "genre is_a 'Drama'",
    "genre = 'Drama' and not genre = 'Comedy'",
    "year >= 1995",
    "year < 1960",
    "name contains 'the'",
    "item is_a Film",
    "has directed_by and year > 2000",
    "not (item is_a Film)",
    "directed_by.directed.year < 1990",
]


@pytest.fixture(scope="module")
def recommender(films: Workspace) -> Recommender:

    bundle = open_bundle(current(films.models))
    return Recommender(bundle, LiveState(bundle, Feed()))


@pytest.mark.parametrize("filter_", FILTERS)
def test_n_asked_is_n_returned_of_what_matches_and_was_not_seen(recommender: Recommender, filter_: str):
    keys = recommender.bundle.catalog.keys
    matching = {keys[i] for i in np.flatnonzero(recommender.filters.matching(filter_).mask)}
    for user in recommender.live.users()[:5]:
        seen = {keys[i] for i in recommender.live.history(user).seen}
        for n in (1, 10, 1000):
            found = recommender.recommend(Query(user=user, n=n, filter=filter_)).recommendations
            ids = [one.id for one in found]
            assert len(ids) == len(set(ids)) == min(n, len(matching - seen))
            assert set(ids) <= matching - seen
            assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
            assert all(one.explanation and one.explanation.text for one in found)


def test_a_filter_that_all_items_match_changes_nothing(recommender: Recommender):
    for user in recommender.live.users()[:10]:
        plain = recommender.recommend(Query(user=user, n=20))
        assert (
            recommender.recommend(Query(user=user, n=20, filter="item is_a Item")).recommendations
            == plain.recommendations
        )


def test_what_is_popular_and_what_is_similar_match_as_well(recommender: Recommender):
    filter_ = "genre = 'Drama' and year < 1990"
    mask = recommender.filters.matching(filter_).mask
    keys = [recommender.bundle.catalog.keys[i] for i in np.flatnonzero(mask)]
    cold = recommender.recommend(Query(n=5, filter=filter_))
    assert cold.cold
    popularity = dict(
        zip(recommender.bundle.catalog.keys, recommender.bundle.teachers.popularity.tolist(), strict=False)
    )
    best = sorted((popularity[key] for key in keys), reverse=True)[:5]
    assert [popularity[one.id] for one in cold.recommendations] == best
    like = recommender.similar(keys[0], 5, filter_).recommendations
    assert {one.id for one in like} <= {*keys} - {keys[0]}
    assert len(like) == min(5, len(keys) - 1)


def test_an_edit_counts_at_the_next_answer(bundle: Bundle):
    feed = Feed()
    recommender = Recommender(bundle, LiveState(bundle, feed))
    item, other = (Ref("Film", key) for key in bundle.catalog.keys[:2])
    asked = Query(n=5, filter="year = 2345")
    assert recommender.recommend(asked).recommendations == ()
    feed.entries.append(Edit("1", "patch", item, {"year": 2345}))
    feed.entries.append(Edit("2", "put", other, {"year": 2345}))
    assert {one.id for one in recommender.recommend(asked).recommendations} == {item.key, other.key}
    feed.entries.append(Edit("3", "delete", item))
    feed.entries.append(Edit("4", "patch", other, {"name": "Other"}))
    (left,) = recommender.recommend(asked).recommendations
    assert (left.id, left.name) == (other.key, "Other")
