"""EASE by either inverse is EASE by its equation, with the graph and without, scaled and not."""

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.linear import LinearOptions, linear_neighbours
from tests.embed.dense import dense

ITEMS, OTHERS = 12, 5
PAIRS = st.sets(st.tuples(st.integers(0, 19), st.integers(0, ITEMS - 1)), min_size=1, max_size=60)
TRIPLES = st.sets(
    st.tuples(st.integers(0, ITEMS - 1), st.integers(0, 1), st.integers(ITEMS + 20, ITEMS + 19 + OTHERS)), max_size=30
)
PLAIN = LinearOptions(
    neighbours=ITEMS, regularisation=4.0, user_exponent=0, item_exponent=0, knowledge=0, most_items=ITEMS
)
OPTIONS = st.builds(
    LinearOptions,
    neighbours=st.just(ITEMS),
    regularisation=st.sampled_from([0.1, 4.0, 30.0]),
    user_exponent=st.sampled_from([0.0, 0.25, 0.5]),
    item_exponent=st.sampled_from([0.0, 0.25, 0.5]),
    knowledge=st.sampled_from([0.0, 0.06, 2.0]),
    most_items=st.just(ITEMS),
)
DEVICES = ["cpu", os.environ.get("KG_TEST_DEVICE", "cpu:0")]
"""The second one is a GPU where the tests are told of one; cpu:0 takes the same way on the CPU."""
NOTHING = np.empty((0, 3), np.int32)


def by_the_equation(likes, triples, n_users, n_items, options):
    x = np.zeros((n_users, n_items))
    x[likes[:, 0], likes[:, 1]] = 1
    scale = np.maximum(x.sum(0), 1) ** -options.item_exponent
    x = np.maximum(x.sum(1), 1)[:, None] ** -options.user_exponent * x * scale
    liked = (x**2).sum(0) > 0
    strength = (x**2).sum() / liked.sum()
    known = np.zeros((OTHERS + 40, n_items))
    for head, _, tail in triples:
        known[tail - n_items, head] = 1
    degree = known.sum(1)
    known = known * ((degree >= 2) / np.maximum(degree, 1) ** 0.4)[:, None]
    known[:, ~liked] = 0
    if options.knowledge and known.any():
        x = np.vstack([x, known * np.sqrt(options.knowledge * (x**2).sum() / (known**2).sum())])
    p = np.linalg.inv(x.T @ x + options.regularisation * strength * np.eye(n_items))
    b = -p / np.diag(p) * scale[:, None] / scale
    np.fill_diagonal(b, 0)
    return b


@pytest.mark.parametrize("device", DEVICES)
@given(pairs=PAIRS, triples=TRIPLES, n_users=st.sampled_from([20, 5]), options=OPTIONS)
def test_weights_are_those_of_the_equation(device, pairs, triples, n_users, options):
    """With 20 users the item matrix is the smaller one, with 5 the user matrix."""
    likes = np.array(sorted({(u % n_users, i) for u, i in pairs}), np.int32)
    rows = np.array(sorted(triples), np.int32).reshape(-1, 3)
    near = linear_neighbours(likes, rows, n_users=n_users, n_items=ITEMS, options=options, device=device)
    np.testing.assert_allclose(dense(near), by_the_equation(likes, rows, n_users, ITEMS, options), atol=1e-3)


def test_the_direction_of_a_triple_says_nothing():
    likes = np.array([(0, 0), (0, 1), (1, 1), (1, 2)], np.int32)
    there = np.array([(0, 0, 20), (2, 0, 20)], np.int32)
    options = replace(PLAIN, knowledge=0.5)
    one, other = (
        dense(linear_neighbours(likes, triples, n_users=2, n_items=3, options=options))
        for triples in (there, there[:, ::-1])
    )
    np.testing.assert_array_equal(one, other)
    assert one[0, 2] > 0


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("k", [1, 3])
def test_the_strongest_are_kept_whatever_their_sign(k, device):
    random = np.random.default_rng(0)
    likes = np.unique((random.random((60, 2)) * [20, 12]).astype(np.int32), axis=0)
    options = replace(PLAIN, regularisation=0.1)
    options = replace(options, neighbours=k)
    near = linear_neighbours(likes, NOTHING, n_users=20, n_items=12, options=options, device=device)
    full = by_the_equation(likes, NOTHING, 20, 12, options)
    kept = np.sort(np.abs(dense(near)), axis=1)[:, -k:]
    np.testing.assert_allclose(kept, np.sort(np.abs(full), axis=1)[:, -k:], atol=1e-4)


def test_only_so_many_items_have_weights_the_most_liked_ones():
    likes = np.array([(u, i) for i in range(6) for u in range(6 - i)], np.int32)
    options = replace(PLAIN, regularisation=0.1, most_items=3)
    matrix = dense(linear_neighbours(likes, NOTHING, n_users=6, n_items=8, options=options))
    assert not matrix[3:].any()
    assert not matrix[:, 3:].any()
    assert matrix[:3, :3].any()


def test_pairs_that_stand_there_twice_count_once():
    likes = np.array([(0, 1), (0, 2), (1, 1), (1, 2), (2, 0)], np.int32)
    once, twice = (
        linear_neighbours(rows, NOTHING, n_users=3, n_items=3, options=PLAIN)
        for rows in (likes, np.concatenate([likes, likes]))
    )
    np.testing.assert_array_equal(once.weight, twice.weight)
