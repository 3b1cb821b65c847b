"""Where the graph network starts: who likes what is in it before anything was learned, what items are about as well."""

from dataclasses import replace

import numpy as np

from embed.gnn import GnnOptions, train_gnn
from embed.network_start import started
from tests.embed.test_gnn import DIM, ITEMS, N, start, two_tastes


def test_items_of_one_taste_lie_together_and_what_is_no_item_stays():
    begun = started(start(), two_tastes(), 6.0, seed=0)
    assert begun.dtype == np.float32
    assert begun[ITEMS:].tobytes() == start()[ITEMS:].tobytes()
    waves = begun[:ITEMS] - start()[:ITEMS]
    np.testing.assert_allclose((waves**2).sum(axis=1).mean(), 36, rtol=1e-4)
    towards = waves @ waves.T
    assert towards[0::2, 0::2].mean() > 1
    assert np.abs(towards[0::2, 1::2]).max() < 1e-3


def test_what_nobody_likes_starts_where_transe_has_it():
    graph = two_tastes()
    begun = started(start(), replace(graph, likes=graph.likes[graph.likes[:, 1] != 4]), 6.0, seed=0)
    np.testing.assert_allclose(begun[4], start()[4], atol=1e-3)


def test_more_dimensions_than_there_are_directions():
    graph = replace(two_tastes(), likes=np.array([[0, 0], [0, 2], [1, 2]], np.int32))
    begun = started(start(), graph, 6.0, seed=0)
    assert begun.shape == (N, DIM)
    assert np.isfinite(begun).all()


def test_likes_that_are_kept_back_are_not_in_it():
    """After one epoch they have decided nothing yet: whatever they are, the network is the same."""
    graph, options = two_tastes(), GnnOptions(epochs=1, validation=0.3, directions=6)
    kept_back = np.random.default_rng(options.seed).random(len(graph.likes)) < options.validation
    other = graph.likes.copy()
    other[kept_back, 1] ^= 1  # an item of the other taste, which its user does not like
    a, b = (train_gnn(replace(graph, likes=likes), start(), options) for likes in (graph.likes, other))
    assert a.items.tobytes() == b.items.tobytes()
