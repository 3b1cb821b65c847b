"""Whether two systems differ: their values are compared user by user, by a paired test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.protocol import mean

FLIPS = 9999
"""With so many, a p-value of 0.05 is known to within 0.005."""
_BLOCK_ENTRIES = 1 << 23
"""So many signs are drawn at once: 64 MiB."""


@dataclass(frozen=True)
class Difference:
    """A mean difference, the half width of its 95 % interval (infinite for one user), and its p-value, two-sided."""

    value: float
    margin: float
    p: float


def difference(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Difference:
    """Of two systems' values for the same users, float64 (n,) each, in the same order: ours less theirs."""
    found = mean(ours - theirs)
    return Difference(found.value, found.margin, sign_flip(ours - theirs))


def sign_flip(differences: NDArray[np.float64], flips: int = FLIPS, seed: int = 0) -> float:
    """How often signs drawn at random bring a mean as far from 0, of differences float64 (n,).

    If the two systems were alike, each difference could as well have the other sign (Fisher's randomisation test; for
    retrieval: Smucker, Allan and Carterette 2007). The observed signs count as one draw, so that it is never 0
    (Phipson and Smyth 2010).
    """
    differences = differences[differences != 0]
    total = differences.sum()
    far = abs(total) - 1e-12 * np.abs(differences).sum()
    random = np.random.default_rng(seed)
    as_far, block = 1, max(1, _BLOCK_ENTRIES // max(1, len(differences)))
    for start in range(0, flips, block):
        positive = random.integers(0, 2, (min(block, flips - start), len(differences)), np.int8)
        as_far += int((np.abs(2 * (positive @ differences) - total) >= far).sum())
    return as_far / (flips + 1)
