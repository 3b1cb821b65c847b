"""What liking one item says for others: a sparse matrix, walked from the items of a history."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.ragged import places


@dataclass(frozen=True)
class ItemWeights:
    """Compressed rows: item i of a history adds `weight[indptr[i]:indptr[i + 1]]` to the items at the same places of
    `item`.

    `indptr` int64 (I + 1,); `item` int32 (w,); `weight` float32 (w,), of either sign.
    """

    indptr: NDArray[np.int64]
    item: NDArray[np.int32]
    weight: NDArray[np.float32]

    def score(self, liked: NDArray[np.integer], counts: NDArray[np.floating] | None = None) -> NDArray[np.float32]:
        """The sum over the liked items, int (h,), for every item: float32 (I,). `counts` float (h,) says how much each
        of them counts."""
        owner, place = places(self.indptr, liked)
        weight = self.weight[place] if counts is None else self.weight[place] * counts[owner]
        return np.bincount(self.item[place], weight, minlength=len(self.indptr) - 1).astype(np.float32)


def item_weights(
    source: NDArray[np.integer], target: NDArray[np.integer], weight: NDArray[np.floating], n_items: int
) -> ItemWeights:
    """From entries in any order, parallel (w,): liking `source` says `weight` for `target`. Zeros are left out."""
    kept = np.flatnonzero(weight)
    cell = source[kept].astype(np.int64) * n_items + target[kept]
    order = kept[np.argsort(cell, kind="stable")]
    indptr = np.zeros(n_items + 1, np.int64)
    np.cumsum(np.bincount(source[kept], minlength=n_items), out=indptr[1:])
    return ItemWeights(indptr, target[order].astype(np.int32), weight[order].astype(np.float32))
