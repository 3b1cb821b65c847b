"""Items that the same users like: cosine similarity with shrinkage; the k nearest of an item speak for it."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embed.weights import ItemWeights, item_weights

_BLOCK_ENTRIES = 1 << 25
"""Products are made for so many (item, item) pairs at once, which bounds memory to about half a gigabyte."""


def item_neighbours(likes: NDArray[np.int32], *, n_users: int, n_items: int, k: int, shrinkage: float) -> ItemWeights:
    """Item-kNN (Deshpande and Karypis 2004) over pairs of user and liked item, int32 (m, 2).

    weight(i, j) = |U_i ∩ U_j| / (sqrt(|U_i| |U_j|) + shrinkage) where i is one of the k nearest of j. The nearest of
    the item that is scored count, not those of the items liked: otherwise what is near to everything always wins.
    """
    by_user = sparse.csr_matrix((np.ones(len(likes), np.float32), likes.T), (n_users, n_items))
    by_user.data[:] = 1  # a pair that stands there twice counts once
    by_item = by_user.T.tocsr()
    norm = np.sqrt(np.diff(by_item.indptr)).astype(np.float32)
    sources, targets, weights = [np.empty(0, np.int32)], [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    block = max(1, _BLOCK_ENTRIES // n_items)
    for start in range(0, n_items, block):
        both = (by_item[start : start + block] @ by_user).tocsr()
        for row in range(both.shape[0]):
            entries = slice(both.indptr[row], both.indptr[row + 1])
            near = both.indices[entries]
            weight = both.data[entries] / (norm[start + row] * norm[near] + shrinkage)
            weight[near == start + row] = 0
            best = _best(weight, near, k)
            sources.append(near[best])
            weights.append(weight[best])
            targets.append(np.full(len(best), start + row))
    return item_weights(np.concatenate(sources), np.concatenate(targets), np.concatenate(weights), n_items)


def _best(weight: NDArray[np.float32], near: NDArray[np.int32], k: int) -> NDArray[np.int64]:
    """Positions of the k largest positive weights; equal ones in order of the item, so that runs repeat."""
    order = np.lexsort((near, -weight))[:k]
    return order[weight[order] > 0]
