"""What is liked next: the latest likes of a history speak, each less than the one after it."""

import numpy as np
from numpy.typing import NDArray

from embed.weights import ItemWeights

LATEST = 40
"""So many of the newest likes speak."""
REACH = 10.0
"""A like that is so many likes old speaks 1 / e as loud as the newest. Chosen with AHEAD on a validation part of the
films and of ml-100k."""
FADING = np.exp(-np.arange(LATEST) / REACH)
"""What a like counts by its age, float64 (LATEST,), the newest first."""


def following(weights: ItemWeights, liked: NDArray[np.integer]) -> NDArray[np.float32]:
    """How likely each item follows a history, int (h,), newest last: float32 (I,)."""
    newest = liked[: -LATEST - 1 : -1]
    return weights.score(newest, FADING[: len(newest)])
