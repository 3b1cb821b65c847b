"""The items that an answer may have: candidates are looked for among them alone, so that few are found as well."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.index import Index

NARROW = 0.2
"""Up to this part of all items, it is quicker to score the allowed vectors than to let FAISS pass over the others."""

Items = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Among:
    """Which items may come back: `mask` bool (I,), and their numbers, `items` int64 (m,), in order."""

    mask: NDArray[np.bool_]
    items: Items

    @classmethod
    def of(cls, mask: NDArray[np.bool_], without: NDArray[np.integer]) -> "Among":
        """The items of a mask bool (I,), less those whose numbers are given."""
        allowed = mask.copy()
        allowed[without] = False
        return cls(allowed, np.flatnonzero(allowed))

    def best(self, scores: Scores, n: int) -> Items:
        """Of scores float32 (I,), the numbers of the n best above 0, best first."""
        return self.items[first(scores[self.items], n)]

    def in_order(self, items: Items, n: int) -> Items:
        """The first n of some items that are allowed, in the order given."""
        return items[self.mask[items]][:n]

    def nearest(self, index: Index, vectors: Scores, query: Scores, n: int) -> Items:
        """The n items whose vectors, float32 (I, d) as in the index, are nearest to the query float32 (d,)."""
        n = min(n, len(self.items))
        if not n:
            return self.items
        if len(self.items) <= NARROW * len(vectors) or not index.selects:
            scores = vectors[self.items] @ query
            best = np.argpartition(-scores, n - 1)[:n]
            return self.items[best[np.argsort(-scores[best], kind="stable")]]
        return index.search(query, n, self.mask)[0]


def first(scores: Scores, n: int) -> NDArray[np.int64]:
    """The places of the n best scores above 0, best first."""
    n = min(n, len(scores))
    best = np.argpartition(-scores, n - 1)[:n] if n else np.empty(0, np.int64)
    best = best[np.argsort(-scores[best], kind="stable")]
    return best[scores[best] > 0]
