"""EASE by either inverse is EASE by its equation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.linear import linear_neighbours
from tests.embed.dense import dense

PAIRS = st.sets(st.tuples(st.integers(0, 19), st.integers(0, 11)), min_size=1, max_size=60)


def by_the_equation(likes, n_users, n_items, regularisation):
    x = np.zeros((n_users, n_items))
    x[likes[:, 0], likes[:, 1]] = 1
    p = np.linalg.inv(x.T @ x + regularisation * np.eye(n_items))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0)
    return b


@settings(max_examples=80, deadline=None)
@given(pairs=PAIRS, n_users=st.sampled_from([20, 5]), regularisation=st.sampled_from([0.5, 10.0, 300.0]))
def test_weights_are_those_of_the_equation(pairs, n_users, regularisation):
    """With 20 users the item matrix is the smaller one, with 5 the user matrix."""
    likes = np.array(sorted({(u % n_users, i) for u, i in pairs}), np.int32)
    options = {"n_users": n_users, "n_items": 12, "regularisation": regularisation}
    near = linear_neighbours(likes, k=12, most_items=12, **options)
    np.testing.assert_allclose(dense(near), by_the_equation(likes, **options), atol=1e-4)


@pytest.mark.parametrize("k", [1, 3])
def test_the_strongest_are_kept_whatever_their_sign(k):
    random = np.random.default_rng(0)
    likes = np.unique((random.random((60, 2)) * [20, 12]).astype(np.int32), axis=0)
    options = {"n_users": 20, "n_items": 12, "regularisation": 1.0}
    near, full = linear_neighbours(likes, k=k, most_items=12, **options), by_the_equation(likes, **options)
    kept = np.sort(np.abs(dense(near)), axis=1)[:, -k:]
    np.testing.assert_allclose(kept, np.sort(np.abs(full), axis=1)[:, -k:], atol=1e-4)


def test_only_so_many_items_have_weights_the_most_liked_ones():
    likes = np.array([(u, i) for i in range(6) for u in range(6 - i)], np.int32)
    near = linear_neighbours(likes, n_users=6, n_items=8, k=8, regularisation=1.0, most_items=3)
    matrix = dense(near)
    assert not matrix[3:].any()
    assert not matrix[:, 3:].any()
    assert matrix[:3, :3].any()


def test_pairs_that_stand_there_twice_count_once():
    likes = np.array([(0, 1), (0, 2), (1, 1), (1, 2), (2, 0)], np.int32)
    options = {"n_users": 3, "n_items": 3, "k": 3, "regularisation": 1.0, "most_items": 3}
    once, twice = (linear_neighbours(rows, **options) for rows in (likes, np.concatenate([likes, likes])))
    np.testing.assert_array_equal(once.weight, twice.weight)
