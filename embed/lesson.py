"""What an additional teacher is given to learn from."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embed.adjacency import adjacency
from embed.run import ALONE, Run
from embed.said import Kinds, said_in
from kg.snapshot import Interactions, Snapshot


@dataclass(frozen=True)
class Lesson:
    """The knowledge of the snapshot, and of its interactions those that are `known`.

    Its other interactions are of no concern to who learns. `kinds` are what the classes of items say of them.
    """

    snapshot: Snapshot
    known: Interactions
    seed: int = 0
    device: str = "cpu"
    run: Run = ALONE
    kinds: Kinds = field(default_factory=dict)

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return self.snapshot.n_items

    @property
    def n_users(self) -> int:
        """How many users there are."""
        return self.snapshot.n_users

    @cached_property
    def likes(self) -> NDArray[np.int32]:
        """User and item, int32 (n, 2), each pair once, sorted."""
        return pairs(self.known.where(self.known.positive))

    @cached_property
    def met(self) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """User and item, int32 (n, 2), each pair once, user by user in order of time, and whether it was liked."""
        return met_in_order(self.known)

    def texts(self) -> list[str]:
        """The text of each item."""
        graph = adjacency(self.snapshot.triples, len(self.snapshot.keys))
        return [item.text for item in said_in(self.snapshot, graph, self.kinds)]


def pairs(liked: Interactions) -> NDArray[np.int32]:
    """User and item, int32 (n, 2), each pair once, sorted."""
    return np.unique(np.stack([liked.user, liked.item], axis=1), axis=0)


def met_in_order(met: Interactions) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """User and item, int32 (n, 2), each pair once, user by user in order of time, and whether it was liked, bool (n,).

    The last time that a user met an item counts.
    """
    both = np.stack([met.user, met.item], axis=1)
    _, last = np.unique(both[::-1], axis=0, return_index=True)
    last = len(both) - 1 - np.sort(last)[::-1]
    return both[last], met.positive[last]
