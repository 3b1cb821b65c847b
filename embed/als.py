"""Implicit ALS in service: a history is one more user, who is solved for (Hu, Koren and Volinsky 2008, eq. 4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Als:
    """`items` float32 (I, d) are Y, in coordinates in which YᵀY + λI is the identity.

    `confidence` float32 (1,) is c of what is liked; what is not has confidence 1.
    """

    items: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def query(self, liked: NDArray[np.integer], seen: NDArray[np.integer]) -> NDArray[np.float32]:
        """(I + (c - 1) YₗᵀYₗ)⁻¹ c Σ Yₗ over the liked items l: float32 (d,).

        Of few likes it is Yₗᵀ (I + (c - 1) YₗYₗᵀ)⁻¹ c 1, which is the same: as many equations as there are likes.
        """
        y, confidence = self.items[liked].astype(np.float64), float(self.confidence[0])
        few = len(y) < y.shape[1]
        products = y @ y.T if few else y.T @ y
        left = np.eye(len(products)) + (confidence - 1) * products
        right = np.full(len(y), confidence)
        found = y.T @ np.linalg.solve(left, right) if few else np.linalg.solve(left, y.T @ right)
        return found.astype(np.float32)
