from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.calibration import Calibrated, Platt
from embed.export import export_onnx
from embed.labelled import auc
from embed.ranker import RankerOptions, TrainedRanker, train_ranker
from embed.ranker_network import log_odds
from ontology.errors import NotReadyError
from retrieval.ranker import open_ranker

QUICK = RankerOptions(epochs=6, batch_size=200)


def examples(n=600, groups=12, seed=0):
    random = np.random.default_rng(seed)
    features = random.normal(size=(n, 5)).astype(np.float32) * [1, 10, 0.1, 1, 1]
    labels = (features[:, 0] + features[:, 1] / 10 > 1).astype(np.float32)
    return features.astype(np.float32), labels, np.arange(n) % groups


CHEAPER = {
    "distillation": replace(QUICK, distil_from=(64, 32), hidden=(16, 8), epochs=40),
    "pruning": replace(QUICK, prune=0.5),
    "quantisation": replace(QUICK, bits=8),
}
ALL = replace(QUICK, distil_from=(64, 32), prune=0.5, bits=8)


def trained(seed=0) -> TrainedRanker:
    return train_ranker(*examples(), RankerOptions(epochs=6, batch_size=200, seed=seed))


def test_it_learns():
    assert trained().validation_auc > 0.95


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(1, 700), scale=st.sampled_from([0.01, 1.0, 100.0]), seed=st.integers(0, 3))
def test_onnx_gives_what_torch_gives(rows, scale, seed):
    ranker = trained(seed % 2)
    x = (np.random.default_rng(seed).normal(size=(rows, 5)) * scale).astype(np.float32)
    with torch.no_grad():
        expected = torch.sigmoid(ranker.network(torch.from_numpy(x))).numpy()[:, 0]
    np.testing.assert_allclose(
        open_ranker(export_onnx(ranker)).score(x), expected, atol=1e-4
    )  # log-odds go to thousands here


@pytest.mark.parametrize("options", [QUICK, ALL], ids=["plain", "all"])
def test_the_model_bears_features_far_from_0(options):
    """Standardising is part of the first layer, where large numbers are subtracted."""
    features, labels, groups = examples()
    features[:, 0] += 10_000
    ranker = train_ranker(features, labels, groups, options)
    expected = 1 / (1 + np.exp(-log_odds(ranker.network, torch.from_numpy(features))))
    np.testing.assert_allclose(open_ranker(export_onnx(ranker)).score(features), expected, atol=0.01)


@pytest.mark.parametrize("options", [QUICK, replace(QUICK, hidden=()), replace(QUICK, hidden=(), bits=8)])
def test_the_served_order_is_the_networks_own(options):
    features, labels, groups = examples()
    ranker = train_ranker(features, labels, groups, options)
    uncalibrated = TrainedRanker(Calibrated(ranker.network.network, Platt(1.0, 0.0, np.zeros(5))), 0.5, 1)
    before, after = (open_ranker(export_onnx(r)).score(features) for r in (uncalibrated, ranker))
    assert (np.diff(after[np.argsort(before)]) >= 0).all()


def test_small_probabilities_keep_their_digits():
    """Of hundreds of candidates most are hardly ever liked, and have an order nevertheless."""
    features, _, _ = examples()
    ranker = trained()
    seldom = TrainedRanker(Calibrated(ranker.network.network, Platt(1.0, -12.0, np.zeros(5))), 0.5, 1)
    expected = 1 / (1 + np.exp(-log_odds(seldom.network, torch.from_numpy(features)).astype(np.float64)))
    assert np.median(expected) < 1e-4
    np.testing.assert_allclose(open_ranker(export_onnx(seldom)).score(features), expected, rtol=1e-4)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    assert export_onnx(trained(1)) == export_onnx(trained(1)) != export_onnx(trained(2))


@pytest.mark.parametrize("step", CHEAPER)
def test_a_cheaper_network_is_nearly_as_good_and_says_what_it_cost(step):
    ranker = train_ranker(*examples(), CHEAPER[step])
    assert ranker.validation_auc > 0.9
    assert ranker.auc_cost.keys() == {step}
    assert abs(ranker.auc_cost[step]) < 0.05
    assert ranker.metrics[f"auc_cost.{step}"] == ranker.auc_cost[step]


def test_the_cost_is_what_the_networks_differ_by():
    """Up to its last step, the training is that of the network without it."""
    for step in ("pruning", "quantisation"):
        ranker = train_ranker(*examples(), CHEAPER[step])
        assert trained().validation_auc - ranker.validation_auc == pytest.approx(ranker.auc_cost[step])


def test_all_steps_together_repeat_and_are_served():
    features, labels, groups = examples()
    first, second = (train_ranker(features, labels, groups, ALL) for _ in range(2))
    assert export_onnx(first) == export_onnx(second)
    assert list(first.auc_cost) == ["distillation", "pruning", "quantisation"]
    assert len(export_onnx(first)) < len(export_onnx(trained())) / 3
    served = open_ranker(export_onnx(first)).score(features)
    assert auc(served, labels) > 0.9


@pytest.mark.parametrize("options", [QUICK, ALL], ids=["plain", "all"])
def test_the_calibrated_order_is_the_networks_own(options):
    features, labels, groups = examples()
    ranker = train_ranker(features, labels, groups, options)
    calibrated = ranker.network
    before, after = (log_odds(network, torch.from_numpy(features)) for network in (calibrated.network, calibrated))
    assert (np.diff(after[np.argsort(before)]) >= 0).all()
    assert ranker.metrics["calibration_error"] <= 1 >= ranker.metrics["calibration_error.before"]


def test_the_error_of_a_ranker_that_is_too_sure_goes_down():
    """Labels of known probability, too few for the network: it learns them by heart."""
    random = np.random.default_rng(0)
    features = random.normal(size=(3000, 5)).astype(np.float32)
    labels = (random.random(3000) < 1 / (1 + np.exp(-features[:, 0]))).astype(np.float32)
    options = RankerOptions(dropout=0.0, epochs=40, patience=40, learning_rate=0.01, validation=0.5)
    ranker = train_ranker(features, labels, np.arange(3000) % 30, options)
    assert ranker.metrics["calibration_error"] < ranker.metrics["calibration_error.before"]


@pytest.mark.parametrize("bits", [8, 32])
def test_who_likes_more_is_told_more_although_lists_are_compared_within(bits):
    """Of 20 candidates the users like 2 to 10, as a feature of theirs says; another one says which."""
    random = np.random.default_rng(0)
    likes = np.repeat(random.integers(2, 11, 400), 20)
    groups = np.repeat(np.arange(400), 20)
    features = np.stack([likes, random.normal(size=8000), random.normal(size=8000)], axis=1).astype(np.float32)
    order = np.lexsort((-features[:, 1] - random.gumbel(size=8000), groups)).reshape(400, 20)
    labels = np.zeros(8000, np.float32)
    labels[order[np.arange(20) < likes[::20, None]]] = 1
    ranker = train_ranker(features, labels, groups, replace(QUICK, epochs=10, validation=0.5, bits=bits))
    told = open_ranker(export_onnx(ranker)).score(features)
    for few, many in ((2, 3), (4, 6), (7, 8), (9, 10)):
        these = (likes >= few) & (likes <= many)
        assert told[these].mean() == pytest.approx(labels[these].mean(), rel=0.15)
    assert ranker.network.scaling.weight[:, 0].bool().tolist() == [True, False, False]


def test_of_a_few_users_nobody_learns_how_much_the_next_one_likes():
    features, labels, groups = examples()
    features[:, 3] = groups % 5
    ranker = train_ranker(features, labels, groups, QUICK)
    assert not ranker.network.scaling.weight.any()


def test_a_feature_that_never_varied_says_nothing():
    features, labels, groups = examples()
    features[:, 4] = 1234.567
    ranker = train_ranker(features, labels, groups, QUICK)
    other = features.copy()
    other[:, 4] = 1
    served = open_ranker(export_onnx(ranker))
    assert np.array_equal(served.score(features), served.score(other))


def test_too_little_to_learn_from_is_said():
    features, labels, groups = examples()
    with pytest.raises(NotReadyError, match="at least two users"):
        train_ranker(features, labels, np.zeros_like(groups), QUICK)
    with pytest.raises(NotReadyError, match="liked candidate"):
        train_ranker(features, np.zeros_like(labels), groups, QUICK)
