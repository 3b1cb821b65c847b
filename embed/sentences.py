"""Texts of items, read by a pretrained encoder and turned towards what is liked together, in service."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sentences:
    """`items` float32 (I, d) are what the text of each says of who will like it, `fold_in` of who liked it."""

    items: NDArray[np.float32]
    fold_in: NDArray[np.float32]

    def query(self, liked: NDArray[np.integer], seen: NDArray[np.integer]) -> NDArray[np.float32]:
        """The mean of `fold_in` over what was liked: float32 (d,)."""
        return np.asarray(self.fold_in[liked].sum(axis=0) / max(len(liked), 1), np.float32)
