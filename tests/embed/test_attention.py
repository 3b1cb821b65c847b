"""Attention: what serves, in numpy and at the last place, is what was learned, in torch and at all; order is found."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.attention import Attention
from embed.attention_learning import AttentionOptions, _Network, learn, need, pieces, served
from tests.embed.sequences import EACH, USERS, chains
from tests.retrieval.test_training import BOOKS

LENGTH = 6
OPTIONS = AttentionOptions(
    dim=16, epochs=60, batch_size=32, negatives=20, learning_rate=0.01, length=LENGTH, dropout=0.1, weight_decay=0.0
)
NOTHING = np.empty(0, np.int32)


@pytest.fixture(scope="module")
def attention() -> Attention:
    return learn(chains(), OPTIONS)


@pytest.fixture(scope="module")
def network() -> _Network:
    """With parameters that all count, drawn at random."""
    drawn, random = _Network(chains(), OPTIONS), torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in drawn.parameters():
            parameter.copy_(torch.normal(0.0, 1.0, parameter.shape, generator=random))
    return drawn.eval()


@settings(max_examples=40)
@given(likes=st.lists(st.integers(0, BOOKS - 1), min_size=1))
def test_what_serves_asks_as_what_learns(network: _Network, likes: list[int]):
    newest = likes[-LENGTH:]
    padded = torch.tensor([[0] * (LENGTH - len(newest)) + newest])
    there = torch.arange(LENGTH)[None] >= LENGTH - len(newest)
    asked = network(padded, there)[0, -1].detach().numpy()
    items = np.array(likes, np.int32)
    np.testing.assert_allclose(served(network).query(items, items), asked, rtol=1e-3, atol=1e-3)


def test_no_place_sees_what_comes_after_it(network: _Network):
    items, there = torch.arange(LENGTH)[None], torch.ones(1, LENGTH, dtype=torch.bool)
    other = items.clone()
    other[0, 3] = 30
    first, second = (network(x, there)[0].detach().numpy() for x in (items, other))
    np.testing.assert_array_equal(first[:3], second[:3])
    assert (np.abs(first[3:] - second[3:]).max(axis=1) > 1e-3).all()


def test_attention_is_a_mean_of_the_values_weighted_by_how_alike_they_are(network: _Network):
    """Equation 2 written out, with what the paper's block makes of it."""
    n, items = served(network), np.array([5, 9, 2])

    def norm(x: np.ndarray, which: int) -> np.ndarray:
        return n.scale[which] * (x - x.mean()) / np.sqrt(x.var() + 1e-6) + n.shift[which]

    x = np.stack([n.items[item] + n.places[LENGTH - 3 + place] for place, item in enumerate(items)])
    asking = norm(x[-1], 0)
    alike = np.exp([float(asking @ n.ask @ (one @ n.key)) / np.sqrt(16) for one in x])
    met = norm(asking + sum(a * (one @ n.value) for a, one in zip(alike / alike.sum(), x, strict=True)), 1)
    expected = norm(met + np.maximum(met @ n.inner + n.bias[0], 0) @ n.outer + n.bias[1], 2)
    np.testing.assert_allclose(n.query(items, items), expected, rtol=1e-3, atol=1e-3)


def test_histories_are_cut_into_pieces_in_which_every_like_but_the_first_is_foretold_once():
    lesson = chains()
    items, there = (part.numpy() for part in pieces(lesson, 4))
    assert (there.sum(axis=1) > 1).all()
    foretold = int((there[:, :-1] & there[:, 1:]).sum())
    assert foretold == lesson.known.positive.sum() - USERS
    for row, known in zip(items, there, strict=True):
        steps = np.diff(row[known]) % BOOKS
        assert set(steps.tolist()) <= {1, 2}
    assert items.shape[1] == 5 < EACH


def test_what_follows_what_is_found(attention: Attention):
    found = 0
    for last in range(BOOKS):
        seen = np.arange(last - 8, last + 1) % BOOKS
        scores = attention.items @ attention.query(seen[seen % 4 != 3], seen)
        scores[seen] = -np.inf
        follows = next(i % BOOKS for i in range(last + 1, last + 3) if i % BOOKS % 4 != 3)
        found += follows in np.argsort(-scores)[:3]
    assert found > 0.8 * BOOKS


def test_nothing_says_nothing_and_only_the_newest_likes_are_read(attention: Attention):
    assert not attention.query(NOTHING, np.arange(3)).any()
    everything = np.arange(BOOKS)
    asked = attention.query(everything, everything)
    assert np.isfinite(asked).all()
    np.testing.assert_array_equal(asked, attention.query(everything[-LENGTH:], NOTHING))
    assert attention.query(everything[:1], NOTHING).shape == (OPTIONS.dim,)


def test_seeds_repeat_and_differ():
    quick = replace(OPTIONS, epochs=1)
    one, same, other = (learn(chains(seed), quick) for seed in (0, 0, 1))
    for name, array in vars(one).items():
        assert array.tobytes() == getattr(same, name).tobytes(), name
    assert one.items.tobytes() != other.items.tobytes()


def test_memory_grows_with_the_vectors():
    few, more = (need(chains().snapshot, replace(OPTIONS, dim=dim)) for dim in (8, 80))
    assert more.bytes - few.bytes > 72 * BOOKS * 4 * 4
    assert few.option == "attention.dim"
