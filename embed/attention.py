"""What the newest likes make each other mean, in service: SASRec (Kang and McAuley 2018), one block, its last place.

Training asks at every place of a history; to recommend, only what stands at the newest like is needed, which costs as
much as one row of the attention.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EPSILON = 1e-6
"""Beside a variance."""
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Attention:
    """All float32: `items` (I, d) are read and scored alike; `places` (L, d) belong to the newest L likes, newest last.

    `ask`, `key`, `value`, `inner`, `outer` (d, d) stand to the right of row vectors; `bias` (2, d) belongs to the last
    two. `scale` and `shift` (3, d) are those of the layer norms before the attention, after it, and at the end.
    """

    items: Vectors
    places: Vectors
    ask: Vectors
    key: Vectors
    value: Vectors
    inner: Vectors
    outer: Vectors
    bias: Vectors
    scale: Vectors
    shift: Vectors

    def query(self, liked: NDArray[np.integer], seen: NDArray[np.integer]) -> Vectors:
        """Equations 2 to 6 at the last place: float32 (d,)."""
        newest = liked[-len(self.places) :]
        if not len(newest):
            return np.zeros(self.items.shape[1], np.float32)
        x = self.items[newest] + self.places[len(self.places) - len(newest) :]
        logits = (x @ self.key) @ (self._norm(x[-1], 0) @ self.ask) / np.sqrt(np.float32(x.shape[1]))
        weight = np.exp(logits - logits.max())
        met = self._norm(x[-1], 0) + (weight / weight.sum()) @ (x @ self.value)
        met = self._norm(met, 1)
        fed = np.maximum(met @ self.inner + self.bias[0], 0) @ self.outer + self.bias[1]
        return np.asarray(self._norm(met + fed, 2), np.float32)

    def _norm(self, x: Vectors, which: int) -> Vectors:
        around = x - x.mean()
        return np.asarray(self.scale[which] * around / np.sqrt((around**2).mean() + EPSILON) + self.shift[which])
