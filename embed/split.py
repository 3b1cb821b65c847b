"""Splits interactions by time, before anything becomes a triple, so that nothing is learned from the future.

Interactions are sorted by user and time (see Interactions). No split holds an interaction out that lies before one
of the same user that is kept.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kg.snapshot import Interactions
from ontology.errors import InputError

SplitBy = Literal["user", "last", "moment"]
"""By what `held_out` splits: the last part of each history, the last like of each user, or one moment for all."""
SPLIT_FROM = 5
"""A history of fewer interactions is not split."""


def held_out(interactions: Interactions, by: SplitBy, fraction: float) -> NDArray[np.bool_]:
    """Mark what nothing is learned from: bool (m,). The last like takes no fraction. Raises InputError."""
    if by == "last":
        return held_out_last(interactions)
    split = held_out_by_time if by == "user" else held_out_after
    return split(interactions, fraction)


def held_out_by_time(interactions: Interactions, fraction: float, *, at_least: int = SPLIT_FROM) -> NDArray[np.bool_]:
    """Mark the last `fraction` of each user's interactions, rounded up, as held out: bool (m,).

    The first one is always kept. Users with fewer than `at_least` interactions keep all of theirs: a history of two
    says nothing about a third.

    Raises InputError unless 0 <= fraction < 1.
    """
    _check(fraction)
    _, start, count = np.unique(interactions.user, return_index=True, return_counts=True)
    keep = np.maximum(1, count - np.ceil(count * fraction).astype(np.int64))
    keep[count < at_least] = count[count < at_least]
    position = np.arange(len(interactions)) - np.repeat(start, count)
    return np.asarray(position >= np.repeat(keep, count), np.bool_)


def held_out_in_turn(interactions: Interactions, fraction: float, turn: int) -> NDArray[np.bool_]:
    """Mark a part of each history that is as large as what `held_out_by_time` marks, bool (m,): turn 0 marks that.

    Turn 1 marks the part before, and so on; where a history has no such part left, nothing of it.

    Raises InputError unless 0 <= fraction < 1.
    """
    last = held_out_by_time(interactions, fraction)
    _, which, count = np.unique(interactions.user, return_inverse=True, return_counts=True)
    many = np.bincount(which, weights=last, minlength=len(count)).astype(np.int64)
    from_end = np.cumsum(count)[which] - 1 - np.arange(len(interactions))
    return np.asarray((from_end >= turn * many[which]) & (from_end < (turn + 1) * many[which]), np.bool_)


def held_out_last(interactions: Interactions) -> NDArray[np.bool_]:
    """Leave-last-out: of the items that a user ever liked, hold out the one met last, from its first meeting on.

    Gives bool (m,). What follows besides are items that were met before, or never liked, so exactly one liked item is
    held out. Users with fewer than two liked items keep all of their interactions.
    """
    pair = interactions.user * (np.int64(interactions.item.max(initial=0)) + 1) + interactions.item
    _, met, which = np.unique(pair, return_index=True, return_inverse=True)
    liked = np.zeros(len(met), np.bool_)
    liked[which[interactions.positive]] = True
    first = np.sort(met[liked])
    users, count = np.unique(interactions.user[first], return_counts=True)
    last = np.full(interactions.user.max(initial=-1) + 1, len(interactions))
    last[users[count > 1]] = first[np.cumsum(count) - 1][count > 1]
    return np.asarray(np.arange(len(interactions)) >= last[interactions.user], np.bool_)


def held_out_after(interactions: Interactions, fraction: float) -> NDArray[np.bool_]:
    """Mark all that happened after one moment, the same for all users: bool (m,).

    The moment is when the last of the interactions happened that are kept, and `fraction` of them, rounded up, are
    not; what happened at the very moment is kept, too. Users may come to lie wholly on one side.

    Raises InputError unless 0 <= fraction < 1.
    """
    _check(fraction)
    m = len(interactions)
    if not m:
        return np.zeros(0, np.bool_)
    kept = max(1, m - int(np.ceil(m * fraction)))
    return np.asarray(interactions.at > np.sort(interactions.at)[kept - 1], np.bool_)


def _check(fraction: float) -> None:
    if not 0 <= fraction < 1:
        raise InputError(f"the fraction to hold out is {fraction}; it must be at least 0 and less than 1")
