"""How candidates go with each item of a history, for a ranker with attention. It serves training and answering."""

import numpy as np
from numpy.typing import NDArray

from embed.teachers import Teachers
from retrieval.history import History

LENGTH = 50
"""How many of the newest liked items are looked at: bounds the cost of a long history."""


def pair_scores(teachers: Teachers, history: History, items: NDArray[np.integer]) -> NDArray[np.float32]:
    """What the network says of items, int (n,), to whom likes one thing: float32 (n, h), the newest liked one first."""
    newest = history.liked[: -LENGTH - 1 : -1]
    return np.asarray(teachers.gnn_items[items] @ teachers.gnn_fold_in[newest].T, np.float32)


def pairs(scored: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pair scores float32 (n, h), each column standardised among the candidates.

    Inner products do not depend on the basis of the vectors, and standardised ones not on their length: the ranker
    learns from the vectors of one training, and serves with those of another.
    """
    if not len(scored):
        return scored
    return np.asarray((scored - scored.mean(axis=0)) / (scored.std(axis=0) + 1e-6), np.float32)
