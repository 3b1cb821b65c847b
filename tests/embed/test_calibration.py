import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embed.calibration import calibration_error, platt

LOGITS = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=60)


def drawn(slope, intercept, n=20_000, seed=0):
    """Log-odds of a ranker, and labels whose true log-odds are slope z + intercept."""
    random = np.random.default_rng(seed)
    z = random.normal(-1, 2, n).astype(np.float32)
    chance = 1 / (1 + np.exp(-(slope * z + intercept)))
    return z, (random.random(n) < chance).astype(np.float32)


@pytest.mark.parametrize(("slope", "intercept"), [(0.3, 0.0), (2.5, 0.0), (1.0, -2.0), (0.5, 1.0)])
def test_on_other_cases_of_known_probability_the_error_goes_and_the_order_stays(slope, intercept):
    scaling = platt(*drawn(slope, intercept, seed=1))
    assert scaling.slope.item() == pytest.approx(slope, rel=0.1)
    assert scaling.intercept.item() == pytest.approx(intercept, abs=0.1)
    z, labels = drawn(slope, intercept, seed=2)
    after = scaling(torch.from_numpy(z)).numpy()
    assert calibration_error(z, labels) > 0.05
    assert calibration_error(after, labels) < 0.015
    assert (np.diff(after[np.argsort(z)]) >= 0).all()


@given(logits=LOGITS, data=st.data())
def test_whatever_it_is_fitted_on_the_order_stays(logits, data):
    labels = np.array([data.draw(st.booleans()) for _ in logits], np.float32)
    z = np.array(logits, np.float32)
    scaling = platt(z, labels)
    assert 0 < scaling.slope.item() < np.inf
    assert np.isfinite(scaling.intercept.item())
    assert (np.diff(scaling(torch.from_numpy(z)).numpy()[np.argsort(z)]) >= 0).all()


def test_the_error_is_the_mean_gap_of_the_bins_by_their_size():
    z = np.log([1 / 4, 1 / 4, 9, 9]).astype(np.float32)  # said: .2, .2, .9, .9
    assert calibration_error(z, np.array([0, 1, 1, 1], np.float32)) == pytest.approx((0.3 + 0.1) / 2)
    assert calibration_error(z, np.array([0, 1, 1, 1], np.float32), bins=1) == pytest.approx(0.2)


@given(logits=LOGITS, data=st.data())
def test_the_error_is_a_part_of_one(logits, data):
    labels = np.array([data.draw(st.booleans()) for _ in logits], np.float32)
    assert 0 <= calibration_error(np.array(logits, np.float32), labels) <= 1
