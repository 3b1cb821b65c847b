"""SVD++: ratings made by the equation are foretold, users are solved for exactly, and what repeats repeats."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.lesson import Lesson
from embed.svdpp import SvdPp
from embed.svdpp_learning import SvdPpOptions, learn, need, newest
from kg.snapshot import Interactions
from ontology.errors import InputError
from tests.retrieval.test_training import BOOKS, library

OPTIONS = SvdPpOptions(dim=3, epochs=80, batch_size=16, learning_rate=0.02, regularisation=0.02, strength=0.5)
USERS, EACH = 80, 24


def rated() -> Interactions:
    """Users of two tastes, severe ones and mild ones, and books of two kinds, good ones and bad ones."""
    random = np.random.default_rng(0)
    user = np.repeat(np.arange(USERS), EACH)
    item = np.concatenate([random.permutation(BOOKS)[:EACH] for _ in range(USERS)])
    fits = np.where(user % 2 == item % 2, 1.0, -1.0)
    value = 3 + 0.7 * fits + np.where(item % 4 < 2, 0.5, -0.5) + np.where(user % 4 < 2, 0.5, -0.5)
    columns = (user.astype(np.int32), item.astype(np.int32), np.zeros(len(user), np.int16), value.astype(np.float32))
    return Interactions(*columns, np.arange(len(user), dtype=np.int64), value >= 3)


def lesson(known: Interactions, seed: int = 0) -> Lesson:
    return Lesson(replace(library(), n_users=USERS, interactions=known), known, seed)


@pytest.fixture(scope="module")
def svdpp() -> SvdPp:
    known = rated()
    return learn(lesson(known.where(np.arange(len(known)) % EACH < 18)), OPTIONS)


def test_ratings_that_nobody_saw_are_foretold(svdpp: SvdPp):
    known, wrong, of_mean = rated(), [], []
    for user in range(USERS):
        rows = slice(user * EACH, (user + 1) * EACH)
        item, value = known.item[rows], known.value[rows]
        vector = svdpp.user(item[:18], value[:18])
        wrong.append(svdpp.ratings(vector, item[18:]) - value[18:])
        of_mean.append(known.value.mean() - value[18:])
    rmse, trivial = (np.sqrt(np.mean(np.square(errors))) for errors in (wrong, of_mean))
    assert rmse < 0.3 * trivial


@settings(max_examples=30)
@given(items=st.sets(st.integers(0, BOOKS - 1), min_size=1), seed=st.integers(0, 9))
def test_a_user_is_the_least_of_what_is_to_be_least(svdpp: SvdPp, items: set[int], seed: int):
    """The gradient is 0: of the squared errors, and λ times the squares of p and b."""
    item = np.array(sorted(items))
    value = np.random.default_rng(seed).uniform(1, 5, len(item))
    user = svdpp.user(item, value)
    said = svdpp.implicit[item].sum(axis=0) / np.sqrt(len(item))
    free = user - np.append(said, 0)
    error = value - svdpp.ratings(user, item)
    left = np.column_stack([svdpp.items[item, :-1], np.ones(len(item))])
    np.testing.assert_allclose(left.T @ error, svdpp.strength[0] * free, atol=2e-2)


def test_a_score_is_a_rating_less_what_all_items_share(svdpp: SvdPp):
    seen = np.array([3, 8, 20])
    liked = seen[:2]
    value = np.array([svdpp.means[1], svdpp.means[1], svdpp.means[2]])
    user = svdpp.user(seen, value)
    foretold = svdpp.ratings(user, np.arange(BOOKS))
    np.testing.assert_allclose(
        svdpp.items @ svdpp.query(liked, seen) + svdpp.means[0] + user[-1], foretold, rtol=1e-4, atol=1e-4
    )
    assert svdpp.means[1] > svdpp.means[0] > svdpp.means[2]
    assert not svdpp.query(seen[:0], seen[:0]).any()
    assert np.isfinite(svdpp.query(np.arange(BOOKS), np.arange(BOOKS))).all()


def test_of_an_item_that_was_rated_twice_the_last_value_counts():
    known = rated().where(np.arange(USERS * EACH) < 2)
    twice = Interactions(*(np.concatenate([a, a[:1]]) for a in vars(known).values()))
    twice = replace(twice, value=np.array([1, 2, 5], np.float32))
    assert newest(twice).value.tolist() == [2, 5]


def test_seeds_repeat_and_differ_and_divergence_is_a_sentence():
    quick = replace(OPTIONS, epochs=2)
    one, same, other = (learn(lesson(rated(), seed), quick) for seed in (0, 0, 1))
    assert one.items.tobytes() == same.items.tobytes()
    assert one.implicit.tobytes() == same.implicit.tobytes()
    assert one.items.tobytes() != other.items.tobytes()
    with pytest.raises(InputError, match=r"svdpp has diverged; try a smaller svdpp\.learning_rate"):
        learn(lesson(rated()), replace(quick, learning_rate=1e30))


def test_memory_grows_with_the_vectors():
    few, more = (need(lesson(rated()).snapshot, replace(OPTIONS, dim=dim)) for dim in (8, 80))
    assert more.bytes - few.bytes > 72 * (2 * BOOKS + USERS) * 4 * 4
    assert few.option == "svdpp.dim"
