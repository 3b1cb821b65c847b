"""Element-wise ALS in service: a history is one more user, who is fitted coordinate by coordinate (He et al. 2016).

A history that grows by an event is fitted anew, so the user moves with it; items stand as they were learned.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SWEEPS = 30
"""So many times each coordinate is set at most."""
_STILL = 1e-4
"""A sweep that moves the vector by less than this part of its length is the last."""


@dataclass(frozen=True)
class Online:
    """`items` float32 (I, d) are Q; `gram` float32 (d, d) is S^q + λI, where S^q = Σ cᵢ qᵢ qᵢᵀ over all items.

    `missing` float32 (I,) is cᵢ, what it weighs that an item was not liked; a like weighs 1.
    """

    items: NDArray[np.float32]
    gram: NDArray[np.float32]
    missing: NDArray[np.float32]

    def query(self, liked: NDArray[np.integer], seen: NDArray[np.integer]) -> NDArray[np.float32]:
        """The p that makes Σ (1 - p qₗ)² over likes l + Σ cᵢ (p qᵢ)² over all else + λ|p|² least: float32 (d,)."""
        q = self.items[liked].astype(np.float64)
        left = self.gram + (q.T * (1 - self.missing[liked])) @ q
        return np.asarray(fitted(left, q.sum(axis=0)), np.float32)


def fitted(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """The p of `left` p = `right`, float64 (d, d) and (d,), by equation 12 for one coordinate after the other.

    It begins at 0. `left` has to be positive definite.
    """
    p = np.zeros_like(right)
    for _ in range(_SWEEPS):
        before = p.copy()
        for f, row in enumerate(left):
            p[f] += (right[f] - row @ p) / row[f]
        if np.linalg.norm(p - before) <= _STILL * np.linalg.norm(p):
            break
    return p
