"""A user's history as numbers, and as it stands at this request."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ontology.model import Ontology

_NOTHING = np.empty(0, np.int32)


@dataclass(frozen=True)
class History:
    """Item numbers, newest last, each once: `seen` int32 are all that were met, `liked` int32 the positive ones.

    `closed` int (c,) must not come back: what was seen, and in a request what it excludes and what is deleted.
    `again` int32 (r,) are the liked items that are not closed, because they are met again: once for each time that
    they were, newest last.
    """

    liked: NDArray[np.int32]
    seen: NDArray[np.int32]
    closed: NDArray[np.integer]
    again: NDArray[np.int32] = field(default_factory=_NOTHING.copy)

    def newest_again(self) -> NDArray[np.int32]:
        """The items that are met again, each once, newest first: int32 (a,)."""
        _, first = np.unique(self.again[::-1], return_index=True)
        return self.again[::-1][np.sort(first)]


EMPTY = History(_NOTHING, _NOTHING, _NOTHING)


def repeating(ontology: Ontology) -> NDArray[np.bool_]:
    """Whether items are met again by each kind of interaction, as they are numbered in a snapshot: bool (k,)."""
    return np.array([relation.repeats for relation in ontology.interactions()], np.bool_)


def history_of(items: NDArray[np.integer], positive: NDArray[np.bool_], repeats: NDArray[np.bool_]) -> History:
    """A history from interactions, parallel arrays (n,) in order of time; of an item met twice the last one counts.

    An item is met again if it is liked, and all interactions with it are of kinds that do `repeats`.
    """
    last = {int(item): bool(good) for item, good in zip(items, positive, strict=True)}
    newest_last = sorted(last, key={int(item): i for i, item in enumerate(items)}.__getitem__)
    liked = np.array([item for item in newest_last if last[item]], np.int32)
    seen = np.array(newest_last, np.int32)
    back = liked[~np.isin(liked, items[~repeats])]
    if not len(back):
        return History(liked, seen, seen)
    return History(liked, seen, seen[~np.isin(seen, back)], items[positive & np.isin(items, back)].astype(np.int32))
