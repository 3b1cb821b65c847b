"""The paired test: it is fair, exact where it can be counted out, and says nothing of what is alike."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed import significance
from embed.significance import FLIPS, difference, sign_flip

VALUES = st.lists(st.integers(-5, 5), min_size=1, max_size=8).map(lambda v: np.array(v, np.float64))


@given(VALUES)
def test_it_is_the_share_of_all_signs_that_bring_as_much(values):
    signs = np.array(list(product([-1, 1], repeat=len(values))))
    exact = (np.abs(signs @ values) >= abs(values.sum())).mean()
    assert sign_flip(values) == pytest.approx(exact, abs=0.03)


@given(VALUES, st.integers(0, 3))
def test_it_never_is_0_and_does_not_ask_whose_difference_it_is(values, seed):
    p = sign_flip(values, seed=seed)
    assert 1 / (FLIPS + 1) <= p <= 1
    assert sign_flip(-values, seed=seed) == pytest.approx(p, abs=0.03)
    assert sign_flip(np.append(values, [0, 0]), seed=seed) == p


def test_what_is_alike_does_not_differ():
    values = np.random.default_rng(0).random(100)
    found = difference(values, values)
    assert (found.value, found.margin, found.p) == (0, 0, 1)


def test_what_differs_for_everybody_is_found():
    values = np.random.default_rng(0).random(100)
    found = difference(values + 0.1, values)
    assert found.value == pytest.approx(0.1)
    assert found.margin == pytest.approx(0, abs=1e-9)
    assert found.p == 1 / (FLIPS + 1)


def test_chance_alone_is_called_a_difference_one_time_in_twenty():
    random = np.random.default_rng(1)
    called = [sign_flip(random.normal(size=30), flips=199, seed=i) <= 0.05 for i in range(1000)]
    assert 0.03 < np.mean(called) < 0.07


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch):
    values = np.random.default_rng(0).normal(0.1, 1, 100)
    whole = sign_flip(values)
    monkeypatch.setattr(significance, "_BLOCK_ENTRIES", 1000)
    assert sign_flip(values) == pytest.approx(whole, abs=0.02)
