"""Users at a point in time: what lay before it, and what they liked after it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kg.snapshot import Interactions
from retrieval.history import History, history_of


@dataclass(frozen=True)
class Parted:
    """Interactions in two parts: what is known, and what is to be foretold.

    Both masks are bool (m,); `repeats` bool (k,) is `repeating` of the ontology.
    """

    interactions: Interactions
    before: NDArray[np.bool_]
    after: NDArray[np.bool_]
    repeats: NDArray[np.bool_]

    def users(self) -> NDArray[np.int32]:
        """Those that like something in `after`, in their order."""
        return np.unique(self.interactions.user[self.after & self.interactions.positive])

    def of_some(self, most: int, seed: int) -> "Parted":
        """With only what so many users like later, drawn at random: the first ones may be those who came first."""
        users = self.users()
        if len(users) <= most:
            return self
        users = np.random.default_rng(seed).choice(users, most, replace=False)
        return replace(self, after=self.after & np.isin(self.interactions.user, users))

    def cases(self, users: NDArray[np.integer] | None = None) -> Iterator[tuple[History, NDArray[np.int32]]]:
        """Of each of those users, or of some, int (u,): the history before, and what they like after it, int32.

        What they like is nothing that is closed to them; those who like nothing else are left out.
        """
        for _, history, liked in self.by_user(users):
            yield history, liked

    def by_user(self, users: NDArray[np.integer] | None = None) -> Iterator[tuple[int, History, NDArray[np.int32]]]:
        """The same, with the number of the user."""
        done = self.interactions
        users = self.users() if users is None else users
        begin = np.searchsorted(done.user, users)
        end = np.searchsorted(done.user, users, side="right")
        for user, rows in zip(users.tolist(), map(slice, begin, end), strict=True):
            known, item, positive = self.before[rows], done.item[rows], done.positive[rows]
            history = history_of(item[known], positive[known], self.repeats[done.kind[rows]][known])
            later = np.unique(item[self.after[rows] & positive])
            later = later[~np.isin(later, history.closed)]
            if len(later):
                yield user, history, later
