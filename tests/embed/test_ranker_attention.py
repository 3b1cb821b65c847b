"""The ranker's attention: what it computes, what it learns that features do not tell, and how it is served."""

from dataclasses import replace
from functools import cache

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.export import export_onnx
from embed.labelled import auc
from embed.ranker import RankerOptions, TrainedRanker, train_ranker
from embed.ranker_attention import SCALE, Attention, Beside
from embed.ranker_network import log_odds
from retrieval.ranker import open_ranker

QUICK = RankerOptions(epochs=4, batch_size=300, attention=8)
ALL = replace(QUICK, distil_from=(64, 32), prune=0.5, bits=8)


def examples(n=1200, h=10, users=60, seed=0):
    """Candidates that are liked if they go well with one item of the history; the mean over it is their feature."""
    random = np.random.default_rng(seed)
    pairs = random.normal(size=(n, h)).astype(np.float16)
    labels = (pairs.max(axis=1) > 2).astype(np.float32)
    features = np.stack([pairs.astype(np.float32).mean(axis=1), random.normal(size=n)], axis=1)
    return features.astype(np.float32), labels, np.arange(n) % users, pairs


def trained(options=QUICK, **made) -> TrainedRanker:
    features, labels, groups, pairs = examples(**made)
    return train_ranker(features, labels, groups, options, pairs=pairs if options.attention else None)


trained_once = cache(trained)


def attention(units=6, seed=0) -> Attention:
    torch.manual_seed(seed)
    return Attention(units)


@given(seed=st.integers(0, 99), n=st.integers(1, 6), h=st.integers(0, 8))
def test_each_item_of_the_history_counts_by_how_it_goes_with_the_candidate(seed, n, h):
    weighs = attention(seed=seed)
    pairs = torch.randn(n, h)
    with torch.no_grad():
        said = weighs(pairs)
        for row, (weighed, weight) in zip(pairs, said, strict=True):
            w = [
                weighs.second(torch.relu(weighs.first(torch.tensor([s, np.log(place)], dtype=torch.float32)))).item()
                for place, s in enumerate(row.tolist(), 1)
            ]
            assert weighed.item() == pytest.approx(sum(np.array(w) * row.numpy()) / SCALE, abs=1e-4)
            assert weight.item() == pytest.approx(sum(w) / SCALE, abs=1e-4)


def test_the_order_of_the_history_counts_by_its_places_alone():
    weighs, pairs = attention(), torch.randn(20, 7)
    moved = pairs[:, torch.tensor([1, 0, 2, 6, 5, 4, 3])]
    with torch.no_grad():
        assert not torch.allclose(weighs(moved), weighs(pairs), atol=1e-3)
        weighs.first.weight[:, 1] = 0
        assert torch.allclose(weighs(moved), weighs(pairs), atol=1e-5)


def test_what_a_shorter_history_lacks_is_nothing():
    weighs, pairs = attention(), torch.randn(20, 4)
    longer = torch.cat([pairs, torch.full((20, 3), torch.nan)], dim=1)
    with torch.no_grad():
        assert torch.equal(weighs(longer), weighs(pairs))
        assert torch.equal(weighs(torch.full((5, 3), torch.nan)), torch.zeros(5, 2))
    weighs(longer).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in weighs.parameters())


def test_it_learns_what_the_mean_over_the_history_does_not_tell():
    slow = replace(QUICK, epochs=30, learning_rate=0.01)
    features, labels, _, pairs = examples(seed=1)
    without = open_ranker(export_onnx(trained(replace(slow, attention=0), n=4000, users=200)))
    attending = open_ranker(export_onnx(trained(slow, n=4000, users=200)))
    assert auc(without.score(features), labels) < 0.75
    assert auc(attending.score(features, pairs.astype(np.float32)), labels) > 0.95


def test_it_learns_to_look_at_the_newest():
    random = np.random.default_rng(0)
    pairs = random.normal(size=(4000, 10)).astype(np.float16)
    labels, features = (pairs[:, 0] > 1).astype(np.float32), np.zeros((4000, 1), np.float32)
    slow = replace(QUICK, epochs=30, learning_rate=0.01)
    ranker = train_ranker(features, labels, np.arange(4000) % 200, slow, pairs=pairs)
    assert ranker.validation_auc > 0.95


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 300), h=st.integers(0, 50), scale=st.sampled_from([0.1, 1.0, 5.0]), seed=st.integers(0, 9))
@pytest.mark.parametrize("options", [QUICK, replace(QUICK, hidden=()), replace(QUICK, prune=0.5)])
def test_onnx_gives_what_torch_gives(options, rows, h, scale, seed):
    ranker = trained_once(options)
    random = np.random.default_rng(seed)
    x, pairs = (random.normal(size=(rows, width)).astype(np.float32) * np.float32(scale) for width in (2, h))
    with torch.no_grad():
        expected = torch.sigmoid(ranker.network(Beside(torch.from_numpy(x), torch.from_numpy(pairs)))).numpy()[:, 0]
    np.testing.assert_allclose(open_ranker(export_onnx(ranker)).score(x, pairs), expected, atol=1e-4)


def test_all_that_makes_it_cheaper_goes_with_it_and_repeats():
    features, _, _, pairs = examples()
    first, second = (trained(ALL) for _ in range(2))
    assert export_onnx(first) == export_onnx(second)
    assert list(first.auc_cost) == ["distillation", "pruning", "quantisation"]
    served = open_ranker(export_onnx(first)).score(features, pairs.astype(np.float32))
    said = log_odds(first.network, Beside(torch.from_numpy(features), torch.from_numpy(pairs)))
    np.testing.assert_allclose(served, 1 / (1 + np.exp(-said)), atol=0.02)  # units on the edge of two bytes


def test_features_far_from_0_are_borne_and_the_pairs_stay_as_they_are():
    features, labels, groups, pairs = examples()
    moved = features + np.float32([1000, 0])
    ranker = train_ranker(moved, labels, groups, QUICK, pairs=pairs)
    said = log_odds(ranker.network, Beside(torch.from_numpy(moved), torch.from_numpy(pairs)))
    served = open_ranker(export_onnx(ranker)).score(moved, pairs.astype(np.float32))
    np.testing.assert_allclose(served, 1 / (1 + np.exp(-said)), atol=1e-3)


def test_only_a_ranker_that_attends_asks_for_pairs():
    models = [export_onnx(trained(options)) for options in (QUICK, replace(QUICK, attention=0))]
    assert [open_ranker(model).attends for model in models] == [True, False]
    names = [[i.name for i in onnx.load_from_string(model).graph.input] for model in models]
    assert names == [["features", "pairs"], ["features"]]


def test_pairs_without_attention_and_attention_without_pairs_are_mistakes():
    features, labels, groups, pairs = examples()
    for options, given_pairs in ((QUICK, None), (replace(QUICK, attention=0), pairs)):
        with pytest.raises(ValueError, match="pairs are for a ranker with attention"):
            train_ranker(features, labels, groups, options, pairs=given_pairs)
