"""Users at a point in time: what lay before it, and what they liked after it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kg.snapshot import Interactions
from retrieval.history import History, history_of


def users_at(
    interactions: Interactions, before: NDArray[np.bool_], after: NDArray[np.bool_], most: int | None = None
) -> Iterator[tuple[History, NDArray[np.int32]]]:
    """The users that like something in `after`: their history from `before`, and what they like, int32.

    Both masks are bool (m,); `most` takes the first so many users.
    """
    users = np.unique(interactions.user[after & interactions.positive])[:most]
    begin = np.searchsorted(interactions.user, users)
    end = np.searchsorted(interactions.user, users, side="right")
    for rows in map(slice, begin, end):
        item, positive = interactions.item[rows], interactions.positive[rows]
        history = history_of(item[before[rows]], positive[before[rows]])
        later = np.unique(item[after[rows] & positive])
        later = later[~np.isin(later, history.seen)]
        if len(later):
            yield history, later
