"""A linear model from what was met lately to what is liked next, solved exactly: SLIT (Choi et al. 2021,
"Session-aware linear item-item models for session-based recommendation"), with what is met, but not liked, as input.

At each item that a user meets but the last, a row of P sums what was met up to it and one of F what is liked after it,
each less the further away it is: B = (PᵀP + λI)⁻¹ PᵀF. Neither is made: what two items add to the products depends only
on how many places they are apart and, in PᵀP, on how many follow.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from embed.closed_form import blocks, most_popular, strength, strongest
from embed.transitions import FADING, LATEST
from embed.weights import ItemWeights
from kg.bounds import Count, Positive
from ontology.errors import InputError

AHEAD = np.exp(-np.arange(12) / 3)
"""What a later like counts by how many items lie between, float64 (12,)."""

_Entries = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""Of a matrix: rows int64 (e,), columns int64 (e,), values float64 (e,)."""


@dataclass(frozen=True)
class TransitionOptions:
    """`neighbours` weights of each item are kept. `regularisation` is λ relative to the mean diagonal of PᵀP over the
    3,000 items that were met most.

    Two matrices of (n, n) take 8 n² bytes, and the solution n³, so only the `most_items` that were met most have
    weights.
    """

    neighbours: Count = 300
    regularisation: Positive = 8.0
    most_items: Count = 4000


def transitions(
    met: NDArray[np.int32], liked: NDArray[np.bool_], *, n_items: int, options: TransitionOptions
) -> ItemWeights:
    """The strongest weights of each item on those liked after it, of either sign; `following` adds them up.

    From pairs of user and item, int32 (m, 2), each once, sorted by user, then by time; `liked` bool (m,) says which of
    them were. Raises InputError where λ is no float32.
    """
    popularity = np.bincount(met[:, 1], minlength=n_items)
    kept = most_popular(popularity, options.most_items)
    number = np.full(n_items, -1)
    number[kept] = np.arange(len(kept))
    item, left = number[met[:, 1]], _left(met[:, 0])
    gram, next_ones = _summed(len(kept), _before(item, left)), _summed(len(kept), _across(item, left, liked))
    regularisation = options.regularisation * strength(gram.diagonal(), popularity[kept])
    if regularisation > np.finfo(np.float32).max:
        raise InputError(f"transitions.regularisation is {options.regularisation:g}, which is too much")
    gram[np.diag_indices_from(gram)] += np.float32(regularisation)
    factor = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    b = linalg.cho_solve(factor, next_ones, overwrite_b=True, check_finite=False)
    b[np.diag_indices_from(b)] = 0  # nothing follows itself, but it may stand in for a new item
    return strongest((b[rows] for rows in blocks(len(kept))), kept, n_items, options.neighbours)


def _left(user: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many of the same user follow each, int64 (m,), where users are sorted."""
    return np.searchsorted(user, user, side="right") - 1 - np.arange(len(user))


def _before(item: NDArray[np.int64], left: NDArray[np.int64]) -> Iterator[_Entries]:
    """PᵀP, its lower half: two items are in a row as often as one is met after both, of which the latest count."""
    faded = np.append(0, np.cumsum(FADING**2))
    for apart, fading in enumerate(FADING):
        earlier = np.flatnonzero(left >= apart)
        rows = np.minimum(left[earlier + apart], LATEST - apart)
        two = np.sort([item[earlier], item[earlier + apart]], axis=0)
        yield two[1], two[0], fading * faded[rows]


def _across(item: NDArray[np.int64], left: NDArray[np.int64], liked: NDArray[np.bool_]) -> Iterator[_Entries]:
    """PᵀF."""
    for apart, weight in enumerate(np.convolve(FADING, AHEAD), 1):
        earlier = np.flatnonzero(left >= apart)
        earlier = earlier[liked[earlier + apart]]
        yield item[earlier], item[earlier + apart], np.full(len(earlier), weight)


def _summed(n: int, entries: Iterator[_Entries]) -> NDArray[np.float32]:
    """Entries of one place added up: float32 (n, n), in the order of LAPACK. Those of items without weights are -1."""
    matrix = np.zeros((n, n), np.float32)
    for row, column, value in entries:
        there = (row >= 0) & (column >= 0)
        np.add.at(matrix.reshape(-1), column[there] * n + row[there], value[there].astype(np.float32))
    return matrix.T
