"""Splits interactions by time, before anything becomes a triple, so that nothing is learned from the future."""

import numpy as np
from numpy.typing import NDArray

from kg.snapshot import Interactions
from ontology.errors import InputError


def held_out_by_time(interactions: Interactions, fraction: float, *, at_least: int = 5) -> NDArray[np.bool_]:
    """Mark the last `fraction` of each user's interactions, rounded up, as held out: bool (m,).

    The first one is always kept. Interactions are sorted by user and time (see Interactions). Users with fewer
    than `at_least` interactions keep all of theirs: a history of two says nothing about a third.

    Raises InputError unless 0 <= fraction < 1.
    """
    if not 0 <= fraction < 1:
        raise InputError(f"the fraction to hold out is {fraction}; it must be at least 0 and less than 1")
    _, start, count = np.unique(interactions.user, return_index=True, return_counts=True)
    keep = np.maximum(1, count - np.ceil(count * fraction).astype(np.int64))
    keep[count < at_least] = count[count < at_least]
    position = np.arange(len(interactions)) - np.repeat(start, count)
    return np.asarray(position >= np.repeat(keep, count), np.bool_)
