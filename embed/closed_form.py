"""What linear models that are solved exactly share: which items have weights, what λ is relative to, what is kept."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from embed.weights import ItemWeights, item_weights

HEAD = 3000
"""A catalog's head: what λ is relative to, so that it does not depend on how long the tail is."""
BLOCK_ENTRIES = 1 << 25
"""Rows are looked at for so many (item, item) pairs at once, which bounds memory to about half a gigabyte."""

Largest = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Of the rows of a block: the columns of their k largest entries, (b, k), and those entries, (b, k)."""


def most_popular(popularity: NDArray[np.integer], most: int) -> NDArray[np.int32]:
    """At most so many items, the most popular by what is counted, in order of their numbers, without those of none."""
    kept = np.sort(np.argsort(-popularity, kind="stable")[:most]).astype(np.int32)
    return kept[popularity[kept] > 0]


def strength(diagonal: NDArray[np.floating], popularity: NDArray[np.integer]) -> float:
    """The mean of the diagonal over the HEAD most popular items, of arrays (n,); 1 where there is nothing."""
    head = diagonal[np.argsort(-popularity, kind="stable")[:HEAD]]
    return float(head.mean() if len(head) else 0) or 1.0


def blocks(n: int) -> Iterator[slice]:
    """The rows of a matrix (n, n), so many at once as memory is bounded to."""
    block = max(1, BLOCK_ENTRIES // max(n, 1))
    return (slice(start, min(start + block, n)) for start in range(0, n, block))


def strongest(rows: Iterator[NDArray[np.float32]], kept: NDArray[np.int32], n_items: int, k: int) -> ItemWeights:
    """The k largest entries of each row, of either sign. `rows` gives those of the `kept` items, (n,), block by block:
    each float32 (b, n)."""
    return of_rows((_largest(block, min(k, len(kept))) for block in rows), kept, n_items)


def of_rows(largest: Iterator[Largest], kept: NDArray[np.int32], n_items: int) -> ItemWeights:
    """Weights from some entries of each row; `largest` gives those of the `kept` items, (n,), block by block."""
    sources, targets, weights = [np.empty(0, np.int32)], [np.empty(0, np.int32)], [np.empty(0, np.float32)]
    row = 0
    for place, weight in largest:
        sources.append(np.repeat(kept[row : row + len(place)], place.shape[1]))
        targets.append(kept[place].ravel())
        weights.append(weight.ravel())
        row += len(place)
    return item_weights(np.concatenate(sources), np.concatenate(targets), np.concatenate(weights), n_items)


def _largest(block: NDArray[np.float32], k: int) -> Largest:
    best = np.argpartition(-np.abs(block), k - 1, axis=1)[:, :k]
    return best, np.take_along_axis(block, best, axis=1)
