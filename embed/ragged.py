"""Compressed rows: row r of an array stands at `indptr[r]:indptr[r + 1]`."""

import numpy as np
from numpy.typing import NDArray


def places(indptr: NDArray[np.int64], rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the entries of many rows, int (r,), stand, row after row: which of `rows` (position), and the place."""
    count = np.asarray(indptr[rows + 1] - indptr[rows], np.int64)
    owner = np.repeat(np.arange(len(rows)), count)
    shift = np.repeat(indptr[rows] - (np.cumsum(count) - count), count)
    return owner, np.arange(len(owner)) + shift
