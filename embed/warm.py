"""What an earlier bundle knows, brought to the numbers of a new snapshot: where a warm start begins."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Warm:
    """`entity` and `relation` int64: for each of the new numbers the old one, or -1.

    `learner` is what a bundle keeps for this alone, and its TransE vectors.
    """

    entity: NDArray[np.int64]
    relation: NDArray[np.int64]
    learner: Arrays

    def entities(self, name: str, fresh: NDArray[np.float32]) -> NDArray[np.float32]:
        """A table (E, …) whose rows are the earlier ones, and fresh ones for new entities."""
        return _carried(self.entity, self.learner[name], fresh)

    def relations(self, name: str, fresh: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same for relations (R, …)."""
        return _carried(self.relation, self.learner[name], fresh)


def _carried(old: NDArray[np.int64], table: NDArray[Any], fresh: NDArray[np.float32]) -> NDArray[np.float32]:
    carried = fresh.copy()
    carried[old >= 0] = table[old[old >= 0]]
    return carried


def numbers(new: Sequence[Hashable], old: Sequence[Hashable]) -> NDArray[np.int64]:
    """For each of the new names its place among the old ones, or -1: int64 (n,)."""
    place = {name: number for number, name in enumerate(old)}
    return np.fromiter((place.get(name, -1) for name in new), np.int64, len(new))
