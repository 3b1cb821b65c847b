from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.split import (
    SplitBy,
    held_out,
    held_out_after,
    held_out_by_time,
    held_out_in_turn,
    held_out_last,
)
from kg.snapshot import Interactions
from ontology.errors import InputError
from retrieval.cases import Parted


@st.composite
def interactions(draw) -> Interactions:
    row = st.tuples(st.integers(0, 5), st.integers(0, 50), st.integers(0, 9), st.booleans())
    rows = sorted(draw(st.lists(row, max_size=60)))
    user, at, item, positive = (np.array([r[i] for r in rows], np.int64) for i in range(4))
    m = len(rows)
    return Interactions(
        user.astype(np.int32),
        item.astype(np.int32),
        np.zeros(m, np.int16),
        np.ones(m, np.float32),
        at,
        positive.astype(bool),
    )


@given(events=interactions(), by=st.sampled_from(get_args(SplitBy)), fraction=st.floats(0, 0.99))
def test_nothing_held_out_of_a_user_lies_before_what_is_known(events, by, fraction):
    later = held_out(events, by, fraction)
    for user in np.unique(events.user):
        mine = events.user == user
        assert not (later[mine][:-1] & ~later[mine][1:]).any()
        known, test = events.at[mine & ~later], events.at[mine & later]
        assert not len(known) or not len(test) or known.max() <= test.min()


@given(events=interactions(), fraction=st.floats(0, 0.99))
def test_in_turn_each_part_lies_before_the_one_before_it_and_is_as_large(events, fraction):
    parts = np.array([held_out_in_turn(events, fraction, turn) for turn in range(12)])
    np.testing.assert_array_equal(parts[0], held_out_by_time(events, fraction))
    assert (parts.sum(axis=0) <= 1).all()
    for user in np.unique(events.user):
        mine = parts[:, events.user == user]
        size, left = mine[0].sum(), mine.shape[1]
        for part in mine:
            there = min(size, left)
            assert np.flatnonzero(part).tolist() == list(range(left - there, left))
            left -= there


@given(events=interactions())
def test_the_last_like_is_one_item_of_each_user_with_two(events):
    later = held_out_last(events)
    cases = {}
    for user in np.unique(events.user):
        mine = np.flatnonzero(events.user == user)
        liked = set(events.item[mine][events.positive[mine]].tolist())
        met = [item for item in dict.fromkeys(events.item[mine].tolist()) if item in liked]
        test = set(events.item[mine][later[mine] & events.positive[mine]].tolist())
        known = set(events.item[mine][~later[mine]].tolist())
        assert test - known == ({met[-1]} if len(met) > 1 else set())
        assert later[mine].any() == (len(met) > 1)
        cases[user] = test - known
    judged = [liked.tolist() for _, liked in Parted(events, ~later, later, np.zeros(1, np.bool_)).cases()]
    assert judged == [sorted(case) for case in cases.values() if case]


@given(events=interactions(), fraction=st.floats(0, 0.99))
def test_one_moment_parts_all_users(events, fraction):
    later = held_out_after(events, fraction)
    if len(events):
        moment = events.at[~later].max()
        np.testing.assert_array_equal(later, events.at > moment)
        assert later.sum() <= np.ceil(len(events) * fraction)
        assert (events.at >= moment).sum() >= min(len(events), np.ceil(len(events) * fraction))


@given(events=interactions(), fraction=st.floats(0, 0.99))
def test_what_is_held_out_of_a_user_comes_after_all_that_is_known(events, fraction):
    out = held_out_by_time(events, fraction)
    for user in np.unique(events.user):
        mine = events.user == user
        known, later = events.at[mine & ~out], events.at[mine & out]
        assert len(known) >= 1
        assert not len(later) or known.max() <= later.min()
        count = int(mine.sum())
        assert len(later) == (0 if count < 5 else min(count - 1, int(np.ceil(count * fraction))))


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_a_fraction_out_of_bounds_is_refused(fraction):
    empty = Interactions(*(np.empty(0, t) for t in (np.int32, np.int32, np.int16, np.float32, np.int64, bool)))
    for by in ("user", "moment"):
        with pytest.raises(InputError, match="at least 0 and less than 1"):
            held_out(empty, by, fraction)
