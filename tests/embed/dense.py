"""Weights as the matrix that they are."""

import numpy as np
from numpy.typing import NDArray

from embed.weights import ItemWeights


def dense(weights: ItemWeights) -> NDArray[np.float64]:
    """float64 (I, I): what liking the row says for the column; entries of one place add up."""
    n = len(weights.indptr) - 1
    matrix = np.zeros((n, n))
    np.add.at(matrix, (np.repeat(np.arange(n), np.diff(weights.indptr)), weights.item), weights.weight)
    return matrix
