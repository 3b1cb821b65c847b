"""Word2vec of items and their words, in service: what stands near the newest likes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEWEST = 20
"""So many of the newest likes are the context."""


@dataclass(frozen=True)
class Word2Vec:
    """`items` float32 (I, d + 1) are v' of each item, what is foretold; `fold_in` float32 (I, d) are v, what foretells.

    Both are means of what the item's own token and its words have. A product of them says how many times as often as by
    chance (as items were drawn) two are near; the last column is the logarithm of that chance.
    """

    items: NDArray[np.float32]
    fold_in: NDArray[np.float32]

    def query(self, liked: NDArray[np.integer], seen: NDArray[np.integer]) -> NDArray[np.float32]:
        """The mean of `fold_in` over the newest likes, and 1 for the chance: float32 (d + 1,)."""
        if not len(liked):
            return np.zeros(self.items.shape[1], np.float32)
        return np.append(self.fold_in[liked[-NEWEST:]].mean(axis=0), np.float32(1))
