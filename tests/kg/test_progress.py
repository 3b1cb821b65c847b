"""How fast work is, and how long it will take, by what it counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.progress import Pace


def paced(*counts: tuple[str, int, int | None, float]) -> Pace:
    pace = None
    for phase, done, total, now in counts:
        pace = Pace.after(pace, phase, done, total, now)
    assert pace is not None
    return pace


def test_a_rate_is_of_what_was_counted_since_the_phase_began():
    pace = paced(("read", 0, 100, 10.0), ("read", 20, 100, 12.0))
    assert (pace.per_s, pace.left_s(12.0)) == (10.0, 8.0)
    assert pace.left_s(16.0) == 24.0, "where nothing comes any more, it takes longer"


def test_a_new_phase_begins_anew_and_what_was_done_before_it_is_no_speed():
    pace = paced(("read", 0, 100, 0.0), ("read", 100, 100, 1.0), ("write", 50, 80, 2.0))
    assert (pace.per_s, pace.left_s(9.0)) == (None, None)
    assert paced(("write", 50, 80, 2.0), ("write", 60, 80, 3.0)).per_s == 10.0


@pytest.mark.parametrize("total", [None, 5])
def test_what_cannot_be_known_is_none(total: int | None):
    pace = paced(("derive", 0, total, 0.0), ("derive", 5, total, 1.0))
    assert pace.per_s == 5.0
    assert pace.left_s(1.0) is None
    assert paced(("sort", 0, total, 0.0)).left_s(3.0) is None


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.floats(0.001, 1e6))
def test_an_even_pace_ends_when_it_says(done: int, more: int, took: float):
    pace = paced(("write", 0, done + more, 0.0), ("write", done, done + more, took))
    assert pace.left_s(took) == pytest.approx(took * more / done)
