"""A user's history as numbers, and as it stands at this request."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class History:
    """Item numbers, newest last, each once: `seen` int32 are all that were met, `liked` int32 the positive ones.

    `closed` int (c,) must not come back: what was seen, and in a request what it excludes and what is deleted.
    """

    liked: NDArray[np.int32]
    seen: NDArray[np.int32]
    closed: NDArray[np.integer]


EMPTY = History(*(np.empty(0, np.int32) for _ in range(3)))


def history_of(items: NDArray[np.integer], positive: NDArray[np.bool_]) -> History:
    """A history from interactions in order of time; of an item met twice the last one counts."""
    last = {int(item): bool(good) for item, good in zip(items, positive, strict=True)}
    newest_last = sorted(last, key={int(item): i for i, item in enumerate(items)}.__getitem__)
    liked = np.array([item for item in newest_last if last[item]], np.int32)
    seen = np.array(newest_last, np.int32)
    return History(liked, seen, seen)
