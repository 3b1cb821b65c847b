"""Implicit ALS in service: a history is one more user, who is solved for (Hu, Koren and Volinsky 2008, eq. 4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Als:
    """`items` float32 (I, d) are Y; `gram` float32 (d, d) is YᵀY + λI; `confidence` float32 (1,) is c of what is liked.

    What is not liked has confidence 1.
    """

    items: NDArray[np.float32]
    gram: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def query(self, liked: NDArray[np.integer], seen: NDArray[np.integer]) -> NDArray[np.float32]:
        """(YᵀY + λI + (c - 1) YₗᵀYₗ)⁻¹ c Σ Yₗ over the liked items l: float32 (d,)."""
        y, confidence = self.items[liked].astype(np.float64), float(self.confidence[0])
        left = self.gram + (confidence - 1) * y.T @ y
        return np.asarray(np.linalg.solve(left, confidence * y.sum(axis=0)), np.float32)
