from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.history import History, history_of
from retrieval.index import build_index, index_of, open_index
from retrieval.sources import HUB, candidates, graph_neighbours, look, popular, user_vector
from tests.worlds import BOOKS, RELATIONS, events, triples, world

LIKED = st.lists(st.integers(0, BOOKS - 1), unique=True, max_size=BOOKS)
WRITTEN_BY = RELATIONS.index("WRITTEN_BY")


@given(rows=triples(), happened=events(), liked=LIKED, n=st.integers(1, 20))
def test_no_source_gives_what_was_seen_nor_more_than_asked_nor_one_twice(rows, happened, liked, n):
    teachers = world(rows, happened).teachers
    items = np.array(liked, np.int32)
    history = History(items, items, items)
    found = candidates(teachers, index_of(teachers.gnn_items), history, look(teachers, history), n)
    for ids in found.values():
        assert len(ids) <= n
        assert len(set(ids.tolist())) == len(ids)
        assert not set(ids.tolist()) & set(liked)
    if not liked:
        assert list(found) == ["popularity"]


@given(rows=triples(), liked=LIKED, seed=st.integers(0, 3))
def test_the_collaborative_source_is_in_order_of_the_inner_product(rows, liked, seed):
    teachers = world(rows, seed=seed).teachers
    vector = user_vector(teachers, np.array(liked, np.int32))
    ids, scores = index_of(teachers.gnn_items).search(vector, BOOKS)
    assert sorted(ids.tolist()) == list(range(BOOKS))
    np.testing.assert_allclose(scores, (teachers.gnn_items @ vector)[ids], rtol=1e-4, atol=1e-5)
    assert list(scores) == sorted(scores, reverse=True)


def test_the_graph_source_prefers_rare_entities_and_skips_hubs():
    rare, common = 17, 18
    rows = [(0, WRITTEN_BY, rare), (1, WRITTEN_BY, rare)] + [(b, WRITTEN_BY, common) for b in (0, 2, 3, 4)]
    scores = graph_neighbours(world(rows).teachers, np.array([0], np.int32))
    assert scores[1] > scores[2] > 0
    assert scores[5] == 0
    hub = [(b % BOOKS, WRITTEN_BY, common) for b in range(HUB + 1)]
    assert not graph_neighbours(world(hub).teachers, np.array([0], np.int32)).any()


@given(happened=events())
def test_popular_counts_positive_interactions_only(happened):
    w = world([], happened)
    liked = w.snapshot.interactions.item[w.snapshot.interactions.positive].tolist()
    order = popular(w.teachers).tolist()
    assert sorted(order) == list(range(BOOKS))
    assert [liked.count(i) for i in order] == sorted((liked.count(i) for i in range(BOOKS)), reverse=True)


def test_of_an_item_met_twice_the_last_meeting_counts():
    history = history_of(np.array([3, 4, 3, 5]), np.array([True, True, False, True]), np.zeros(4, np.bool_))
    assert history.liked.tolist() == [4, 5]
    assert history.seen.tolist() == [4, 3, 5]


def test_an_index_file_gives_what_the_index_in_memory_gives(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    path = tmp_path / "index.faiss"
    path.write_bytes(build_index(vectors))
    for ours, stored in zip(
        index_of(vectors).search(vectors[7], 9), open_index(path).search(vectors[7], 9), strict=True
    ):
        np.testing.assert_array_equal(ours, stored)


def test_where_nothing_is_said_content_finds_nothing():
    told = world([(0, WRITTEN_BY, 17), (1, WRITTEN_BY, 17)]).teachers
    content = told.content
    alike = replace(content, items=np.repeat(content.items[:1], BOOKS, axis=0))
    history = History(*[np.array([0], np.int32)] * 3)
    for teachers, n in ((told, BOOKS - 1), (replace(told, content=alike), 0)):
        found = candidates(teachers, index_of(teachers.gnn_items), history, look(teachers, history), 20)
        assert len(found["content"]) == n
