import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embed.calibration import Platt, calibration_error, of_users, platt

NOBODY = np.zeros(1, np.bool_)
LOGITS = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=60)


def drawn(slope, intercept, n=20_000, seed=0):
    """Log-odds of a ranker, and labels whose true log-odds are slope z + intercept."""
    random = np.random.default_rng(seed)
    z = random.normal(-1, 2, n).astype(np.float32)
    chance = 1 / (1 + np.exp(-(slope * z + intercept)))
    return z, (random.random(n) < chance).astype(np.float32)


def fitted(z, labels) -> Platt:
    """Without a feature of users."""
    return platt(z, labels, np.zeros((len(z), 1), np.float32), NOBODY)


def scaled(scaling: Platt, z) -> np.ndarray:
    return scaling(torch.from_numpy(z).unsqueeze(1), torch.zeros(len(z), 1)).numpy()[:, 0]


@pytest.mark.parametrize(("slope", "intercept"), [(0.3, 0.0), (2.5, 0.0), (1.0, -2.0), (0.5, 1.0)])
def test_on_other_cases_of_known_probability_the_error_goes_and_the_order_stays(slope, intercept):
    scaling = fitted(*drawn(slope, intercept, seed=1))
    assert scaling.slope.item() == pytest.approx(slope, rel=0.1)
    assert scaling.intercept.item() == pytest.approx(intercept, abs=0.1)
    z, labels = drawn(slope, intercept, seed=2)
    after = scaled(scaling, z)
    assert calibration_error(z, labels) > 0.05
    assert calibration_error(after, labels) < 0.015
    assert (np.diff(after[np.argsort(z)]) >= 0).all()


@given(logits=LOGITS, data=st.data())
def test_whatever_it_is_fitted_on_the_order_stays(logits, data):
    labels = np.array([data.draw(st.booleans()) for _ in logits], np.float32)
    z = np.array(logits, np.float32)
    scaling = fitted(z, labels)
    assert 0 < scaling.slope.item() < np.inf
    assert np.isfinite(scaling.intercept.item())
    assert (np.diff(scaled(scaling, z)[np.argsort(z)]) >= 0).all()


def test_the_error_is_the_mean_gap_of_the_bins_by_their_size():
    z = np.log([1 / 4, 1 / 4, 9, 9]).astype(np.float32)  # said: .2, .2, .9, .9
    assert calibration_error(z, np.array([0, 1, 1, 1], np.float32)) == pytest.approx((0.3 + 0.1) / 2)
    assert calibration_error(z, np.array([0, 1, 1, 1], np.float32), bins=1) == pytest.approx(0.2)


@given(logits=LOGITS, data=st.data())
def test_the_error_is_a_part_of_one(logits, data):
    labels = np.array([data.draw(st.booleans()) for _ in logits], np.float32)
    assert 0 <= calibration_error(np.array(logits, np.float32), labels) <= 1


def test_what_is_said_of_users_has_the_weight_that_it_deserves():
    random = np.random.default_rng(0)
    features = random.normal(5, 3, (40_000, 3)).astype(np.float32)
    z = random.normal(size=40_000).astype(np.float32)
    chance = 1 / (1 + np.exp(-(0.5 * z + 0.7 * features[:, 1] - 6)))
    scaling = platt(z, (random.random(40_000) < chance).astype(np.float32), features, np.array([False, True, False]))
    assert scaling.weight[:, 0].tolist() == pytest.approx([0, 0.7, 0], abs=0.03)
    assert scaling.intercept.item() == pytest.approx(-6, abs=0.2)


def test_a_feature_of_users_that_does_not_vary_where_it_is_fitted_has_none():
    z, labels = drawn(1.0, 0.0, n=500)
    scaling = platt(z, labels, np.full((500, 1), 7, np.float32), ~NOBODY)
    assert scaling.weight.tolist() == [[0]]
    assert np.isfinite(scaling.intercept.item())


def test_features_of_users_are_alike_within_each_group_and_not_everywhere():
    groups = np.array([3, 1, 3, 1, 2])
    features = np.stack([groups, np.arange(5), np.ones(5), [3, 1, 3, 0, 2]], axis=1).astype(np.float32)
    assert of_users(features, groups).tolist() == [True, False, False, False]
