"""What follows what, factorised, in service (FPMC, Rendle, Freudenthaler and Schmidt-Thieme 2010, eq. 11)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEWEST = 100
"""So many of the newest likes tell the taste, which bounds the cost of a long history."""


@dataclass(frozen=True)
class Fpmc:
    """`items` float32 (I, 2d) are V^IU beside V^IL; `taste` and `last` float32 (I, d) are what a history adds up.

    `basket` int32 (1,) is how many of the newest items were met last. In the place of the paper's free
    vector V^UI of each user is the mean of `taste` over what was liked, in training as in service.
    """

    items: NDArray[np.float32]
    taste: NDArray[np.float32]
    last: NDArray[np.float32]
    basket: NDArray[np.int32]

    def query(self, liked: NDArray[np.integer], seen: NDArray[np.integer]) -> NDArray[np.float32]:
        """The mean of `taste` over the newest likes beside that of `last` over the newest items met: float32 (2d,)."""
        return np.concatenate([_mean(self.taste[liked[-NEWEST:]]), _mean(self.last[seen[-int(self.basket[0]) :]])])


def _mean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors.sum(axis=0) / max(len(vectors), 1), np.float32)
