"""What is liked next, as the equation says; older likes say less."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.transitions import FADING, LATEST, following
from embed.transitions_learning import AHEAD, TransitionOptions, transitions
from embed.weights import item_weights
from tests.embed.dense import dense

ITEMS = 60
MET = st.tuples(st.integers(0, ITEMS - 1), st.booleans())
HISTORIES = st.lists(st.lists(MET, unique_by=lambda met: met[0], max_size=12), max_size=5)
"""What was met, and whether it was liked."""
LONG = [[(i, i % 3 > 0) for i in range(55)], [(i, True) for i in range(59, 10, -1)], [(3, True)]]


def learned(histories, *, n_items=ITEMS, **options):
    met = [(user, item, liked) for user, history in enumerate(histories) for item, liked in history]
    array = np.array(met, np.int32).reshape(-1, 3)
    return transitions(array[:, :2], array[:, 2] > 0, n_items=n_items, options=TransitionOptions(**options))


def by_the_equation(histories, regularisation):
    p, f = [], []
    for history in histories:
        for moment in range(1, len(history)):
            before, after = np.zeros(ITEMS), np.zeros(ITEMS)
            for (item, _), counts in zip(history[:moment][::-1], FADING, strict=False):
                before[item] = counts
            for (item, liked), counts in zip(history[moment:], AHEAD, strict=False):
                after[item] = counts * liked
            p.append(before)
            f.append(after)
    p, f = np.array(p).reshape(-1, ITEMS), np.array(f).reshape(-1, ITEMS)
    met = list({item for history in histories for item, _ in history})
    gram = p.T @ p
    strength = gram.diagonal()[met].mean() if met else 0
    gram += regularisation * (strength or 1) * np.eye(ITEMS)
    b = np.linalg.solve(gram, p.T @ f)
    return b - np.diag(b.diagonal())


@given(histories=HISTORIES, regularisation=st.sampled_from([0.5, 8.0]))
def test_weights_are_those_of_the_equation(histories, regularisation):
    got = dense(learned(histories, regularisation=regularisation))
    np.testing.assert_allclose(got, by_the_equation(histories, regularisation), atol=1e-5)


def test_so_are_those_of_histories_that_are_longer_than_what_speaks():
    assert min(map(len, LONG[:2])) > LATEST
    np.testing.assert_allclose(dense(learned(LONG, regularisation=1.0)), by_the_equation(LONG, 1.0), atol=1e-5)


@given(histories=HISTORIES, most=st.integers(1, 5), k=st.integers(1, 4))
def test_only_what_was_met_most_has_weights_and_each_a_few(histories, most, k):
    got = dense(learned(histories, most_items=most, neighbours=k))
    popularity = np.bincount([item for history in histories for item, _ in history], minlength=ITEMS)
    counted = np.argsort(-popularity, kind="stable")[:most]
    assert set(np.flatnonzero(got.any(axis=0) | got.any(axis=1))) <= set(counted)
    assert (np.count_nonzero(got, axis=1) <= k).all()


def test_what_follows_is_found_and_what_went_before_is_not():
    liked = [[(item, True) for item in items] for items in ([0, 1, 2, 3], [0, 1, 2, 3], [4, 5], [4, 5], [4, 5])]
    got = dense(learned(liked, regularisation=0.1))
    assert np.argmax(got[1]) == 2
    assert np.argmax(got[4]) == 5
    assert got[1, 2] > got[1, 3] > abs(got[1, 0])


@given(history=st.lists(st.integers(0, ITEMS - 1), unique=True, max_size=ITEMS))
def test_the_newest_likes_say_most(history):
    weights = item_weights(np.arange(ITEMS), np.arange(ITEMS), np.ones(ITEMS), ITEMS)
    got = following(weights, np.array(history, np.int32))
    for age, item in enumerate(reversed(history)):
        assert got[item] == (pytest.approx(np.exp(-age / 10)) if age < LATEST else 0)
    assert np.count_nonzero(got) == min(len(history), LATEST)
