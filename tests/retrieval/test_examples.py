"""What the ranker learns from is the same, whether one process makes it or several."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.learning import learn
from embed.split import held_out_by_time
from retrieval import examples as module
from retrieval.cases import drawn, users_after
from retrieval.examples import examples
from tests.retrieval.test_training import QUICK, library


@pytest.mark.parametrize("most", [30, 17])
def test_several_processes_make_what_one_makes(monkeypatch, most):
    seen = library()
    later = held_out_by_time(seen.interactions, 0.2)
    teachers = learn(seen, ~later, QUICK.teachers).teachers
    made = []
    for fewest in (most, 4):
        monkeypatch.setattr(module, "FEWEST", fewest)
        made.append(examples(seen.interactions, ~later, later, teachers, most, seed=0))
    assert len(made[0]) == len(made[1]) == min(most, len(users_after(seen.interactions, later)))
    for some, others in zip(*made, strict=True):
        for one, other in zip(some, others, strict=True):
            np.testing.assert_array_equal(one, other)


@given(st.integers(0, 50), st.integers(1, 60), st.integers(0, 3))
def test_where_there_are_more_users_than_wanted_they_are_drawn(n: int, most: int, seed: int):
    users = np.arange(0, 3 * n, 3, dtype=np.int32)
    some = drawn(users, most, seed)
    assert some.tolist() == sorted(set(some.tolist()) & set(users.tolist()))
    assert len(some) == min(n, most)
    np.testing.assert_array_equal(some, drawn(users, most, seed))


def test_those_who_came_late_are_drawn_as_well():
    """Of amazon-book's users the first 12,000 like half as much again as all do."""
    users = np.arange(10_000, dtype=np.int32)
    some = drawn(users, 1_000, 0)
    assert 4_700 < some.mean() < 5_300
    assert (some != drawn(users, 1_000, 1)).any()
