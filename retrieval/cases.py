"""Users at a point in time: what lay before it, and what they liked after it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kg.snapshot import Interactions
from retrieval.history import History, history_of


def users_after(interactions: Interactions, after: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The users that like something in `after`, bool (m,), in their order."""
    return np.unique(interactions.user[after & interactions.positive])


def drawn(users: NDArray[np.int32], most: int, seed: int) -> NDArray[np.int32]:
    """Of users, int32 (u,), all in their order, or so many at random: the first ones may be those who came first."""
    if len(users) <= most:
        return users
    return np.sort(np.random.default_rng(seed).choice(users, most, replace=False))


def users_at(
    interactions: Interactions,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    users: NDArray[np.integer] | None = None,
) -> Iterator[tuple[History, NDArray[np.int32]]]:
    """The users that like something in `after`: their history from `before`, and what they like, int32.

    Both masks are bool (m,); `users` int (u,) are some of those users, where not all are wanted.
    """
    users = users_after(interactions, after) if users is None else users
    begin = np.searchsorted(interactions.user, users)
    end = np.searchsorted(interactions.user, users, side="right")
    for rows in map(slice, begin, end):
        item, positive = interactions.item[rows], interactions.positive[rows]
        history = history_of(item[before[rows]], positive[before[rows]])
        later = np.unique(item[after[rows] & positive])
        later = later[~np.isin(later, history.seen)]
        if len(later):
            yield history, later
