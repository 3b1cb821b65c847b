"""The vectors are the low-pass filter of the equation, and repeat."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.spectral import spectral_vectors

USERS, ITEMS = 9, 7
PAIRS = st.sets(st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1)), min_size=1)


def matrix(pairs):
    likes = np.zeros((USERS, ITEMS))
    likes[tuple(np.array(sorted(pairs)).T)] = 1
    return likes


def vectors(pairs, dim):
    return spectral_vectors(np.array(sorted(pairs), np.int32), n_users=USERS, n_items=ITEMS, dim=dim)


@pytest.mark.parametrize("dim", [1, 3])
def test_scores_are_those_of_the_equation(dim):
    likes = np.random.default_rng(1).random((USERS, ITEMS)) < 0.5
    root_u, root_i = (np.sqrt(likes.sum(axis)) for axis in (1, 0))
    _, _, v = np.linalg.svd(likes / root_u[:, None] / root_i)
    expected = (likes / root_i) @ v[:dim].T @ v[:dim] * root_i
    got = vectors(set(map(tuple, np.argwhere(likes).tolist())), dim)
    np.testing.assert_allclose(likes @ got.fold_in @ got.items.T, expected, atol=1e-4)


@given(pairs=PAIRS, dim=st.integers(1, 10))
def test_any_catalog_has_finite_vectors_that_repeat(pairs, dim):
    first, second = vectors(pairs, dim), vectors(pairs, dim)
    assert first.items.shape == first.fold_in.shape == (ITEMS, dim)
    assert np.isfinite(first.items).all()
    np.testing.assert_array_equal(first.items, second.items)
    np.testing.assert_array_equal(first.fold_in, second.fold_in)


def test_the_direction_that_everybody_shares_comes_first():
    likes = np.argwhere(np.ones((4, 5))).astype(np.int32)
    got = spectral_vectors(likes, n_users=4, n_items=5, dim=3)
    np.testing.assert_allclose(got.items @ got.fold_in.T, np.full((5, 5), 0.2), atol=1e-5)
    assert not got.items[:, 1:].any()
