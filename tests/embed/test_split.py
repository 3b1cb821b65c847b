import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.split import held_out_by_time
from kg.snapshot import Interactions
from ontology.errors import InputError


@st.composite
def interactions(draw) -> Interactions:
    rows = sorted(draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50), st.integers(0, 9)), max_size=60)))
    user, at, item = (np.array([r[i] for r in rows], np.int64) for i in range(3))
    m = len(rows)
    return Interactions(
        user.astype(np.int32),
        item.astype(np.int32),
        np.zeros(m, np.int16),
        np.ones(m, np.float32),
        at,
        np.ones(m, bool),
    )


@given(events=interactions(), fraction=st.floats(0, 0.99))
def test_what_is_held_out_of_a_user_comes_after_all_that_is_known(events, fraction):
    held_out = held_out_by_time(events, fraction)
    for user in np.unique(events.user):
        mine = events.user == user
        known, later = events.at[mine & ~held_out], events.at[mine & held_out]
        assert len(known) >= 1
        assert not len(later) or known.max() <= later.min()
        count = int(mine.sum())
        assert len(later) == (0 if count < 5 else min(count - 1, int(np.ceil(count * fraction))))


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_a_fraction_out_of_bounds_is_refused(fraction):
    empty = Interactions(*(np.empty(0, t) for t in (np.int32, np.int32, np.int16, np.float32, np.int64, bool)))
    with pytest.raises(InputError, match="at least 0 and less than 1"):
        held_out_by_time(empty, fraction)
