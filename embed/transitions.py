"""What is liked next: what was met lately, liked or not, speaks, each item less than the one after it."""

import numpy as np
from numpy.typing import NDArray

from embed.weights import ItemWeights

LATEST = 40
"""So many of the newest items speak."""
REACH = 10.0
"""An item that is so many items old speaks 1 / e as loud as the newest. Chosen on validation parts of the films and of
ml-100k, with AHEAD."""
FADING = np.exp(-np.arange(LATEST) / REACH)
"""What an item counts by its age, float64 (LATEST,), the newest first."""


def following(weights: ItemWeights, seen: NDArray[np.integer]) -> NDArray[np.float32]:
    """What the items met, int (h,), newest last, say for each item: float32 (I,)."""
    newest = seen[: -LATEST - 1 : -1]
    return weights.score(newest, FADING[: len(newest)])
