"""What a ranker with attention is told of candidates and history: the same of two trainings, and for new items."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.bundle import Bundle, current, open_bundle, publish
from embed.learning import learn
from embed.split import held_out_by_time
from retrieval.answer import Query
from retrieval.cases import Parted
from retrieval.examples import examples, padded
from retrieval.fresh_sources import as_known, mixed_pairs
from retrieval.history import EMPTY, History, repeating
from retrieval.live import LiveState
from retrieval.pairs import LENGTH, pair_scores, pairs
from retrieval.recommend import Recommender
from retrieval.training import train
from tests.retrieval.test_fresh import BOOKS, WORLD, N, followed, new_book
from tests.retrieval.test_ties import Quiet
from tests.retrieval.test_training import QUICK, library
from tests.worlds import ONTOLOGY

ATTENDING = replace(QUICK, ranker=replace(QUICK.ranker, attention=4))


def history(*items: int) -> History:
    return History(*[np.array(items, np.int32)] * 3)


def told(teachers, liked: History, items) -> np.ndarray:
    return pairs(pair_scores(teachers, liked, np.array(items)))


@given(liked=st.lists(st.integers(0, BOOKS - 1), unique=True, max_size=8), seed=st.integers(0, 99))
def test_vectors_in_another_basis_and_of_another_length_tell_the_same(liked: list[int], seed: int):
    random = np.random.default_rng(seed)
    start = WORLD.teachers
    n, dim = start.gnn_items.shape
    items, fold_in = (random.normal(size=(n, dim)).astype(np.float32) for _ in range(2))
    turned = np.linalg.qr(random.normal(size=(dim, dim)))[0].astype(np.float32)
    one = replace(start, gnn_items=items, gnn_fold_in=fold_in)
    other = replace(start, gnn_items=items @ turned * 3, gnn_fold_in=fold_in @ turned / 2)
    found = told(one, history(*liked), range(n))
    assert found.shape == (n, len(liked))
    np.testing.assert_allclose(told(other, history(*liked), range(n)), found, atol=1e-3)


def test_the_newest_are_first_and_no_more_than_so_many():
    teachers = replace(WORLD.teachers, gnn_items=np.eye(80, dtype=np.float32), gnn_fold_in=np.eye(80, dtype=np.float32))
    found = pair_scores(teachers, history(*range(70)), np.arange(80))
    assert found.shape == (80, LENGTH)
    assert found.argmax(axis=0).tolist() == list(range(69, 69 - LENGTH, -1))


def test_one_candidate_and_none_and_an_empty_history():
    assert told(WORLD.teachers, history(1, 2), [3]).tolist() == [[0, 0]]
    assert told(WORLD.teachers, history(1), np.empty(0, np.int64)).shape == (0, 1)
    assert told(WORLD.teachers, EMPTY, [3, 4]).shape == (2, 0)


def test_a_new_candidate_goes_with_a_history_as_its_stand_ins_do():
    fresh, _ = followed(WORLD, new_book(17, 18, of=3), 3)
    known, items = as_known(history(3, N), fresh), np.array([5, 6, N + 1, N + 2])
    scored = pair_scores(WORLD.teachers, known, np.array([5, 6, 0, 0]))
    for place, new in ((2, 1), (3, 2)):
        stand_ins = fresh.stand_ins[new]
        each = pair_scores(WORLD.teachers, known, stand_ins)
        own = np.isin(stand_ins, known.liked)
        others = np.concatenate(
            [scored[:2], *[pair_scores(WORLD.teachers, known, s[~np.isin(s, known.liked)]) for s in fresh.stand_ins]]
        )
        each[own] = np.minimum(each[own], others.max(axis=0))
        scored[place] = fresh.share[new] @ each
    found = mixed_pairs(WORLD.teachers, history(3, N), items, fresh)
    np.testing.assert_allclose(found, pairs(scored), rtol=1e-3, atol=1e-3)


def test_examples_have_what_is_told_in_service_and_only_where_it_is_asked_for():
    seen = library()
    later = held_out_by_time(seen.interactions, 0.2)
    teachers = learn(seen, ~later, QUICK.teachers).teachers
    parted = Parted(seen.interactions, ~later, later, repeating(ONTOLOGY))
    plain, attending = (examples(parted, teachers, attending=on) for on in (False, True))
    for one, other in zip(plain, attending, strict=True):
        np.testing.assert_array_equal(one.features, other.features)
        assert one.pairs.shape == (len(one.labels), 0)
        assert other.pairs.dtype == np.float16
        np.testing.assert_allclose(other.pairs.astype(np.float32).mean(axis=0), 0, atol=1e-2)
    widths = np.concatenate([[row.pairs.shape[1]] * len(row.labels) for row in attending])
    assert len(set(widths)) > 1
    np.testing.assert_array_equal((~np.isnan(padded(attending))).sum(axis=1), widths)


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Bundle:
    folder = tmp_path_factory.mktemp("models")
    publish(train(library(), ONTOLOGY, ATTENDING), folder)
    return open_bundle(current(folder))


def test_a_bundle_with_attention_answers_any_history(opened: Bundle):
    recommender = Recommender(opened, LiveState(opened, Quiet()))
    keys = opened.catalog.keys
    for liked in ((), keys[:1], keys[:12], keys[:BOOKS]):
        assert recommender.recommend(Query(history=liked, n=5)).recommendations
        ranked = recommender.rank(Query(history=liked), keys[20:23]).recommendations
        assert all(0 <= one.score <= 1 for one in ranked)
    assert json.loads((opened.folder / "manifest.json").read_text())["options"]["ranker"]["attention"] == 4


def test_its_answers_hang_on_which_items_are_liked_when(opened: Bundle):
    recommender = Recommender(opened, LiveState(opened, Quiet()))
    items = np.arange(20, 30)
    scores = recommender._ranker.score
    x = np.zeros((10, len(opened.manifest["features"])), np.float32)
    one, other = (told(opened.teachers, history(*liked), items) for liked in ((1, 2, 3), (3, 2, 1)))
    assert not np.array_equal(scores(x, one), scores(x, other))


def test_a_warm_start_that_keeps_the_ranker_keeps_its_attention(opened: Bundle, tmp_path: Path):
    publish(train(library(), ONTOLOGY, QUICK, old=opened), tmp_path)
    warm = open_bundle(current(tmp_path))
    assert warm.ranker_file.read_bytes() == opened.ranker_file.read_bytes()
    recommender = Recommender(warm, LiveState(warm, Quiet()))
    assert recommender.recommend(Query(history=warm.catalog.keys[:3], n=5)).recommendations


def test_the_same_seed_gives_the_same_ranker(opened: Bundle):
    assert train(library(), ONTOLOGY, ATTENDING).ranker == Path(opened.ranker_file).read_bytes()
