"""How well scores tell liked from not liked, pair by pair of user and item, for systems that are compared by labels."""

import numpy as np
from numpy.typing import NDArray


def auc(scores: NDArray[np.floating], labels: NDArray[np.floating] | NDArray[np.bool_]) -> float:
    """The chance that a positive is scored above a negative, ties counting half (Hanley and McNeil 1982).

    Scores float (n,); labels (n,) are positive above 0. Without pairs of both kinds it is 0.5: nothing was told apart.
    """
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    positive = labels > 0
    n, m = int(positive.sum()), int((~positive).sum())
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * m)) if n and m else 0.5


def accuracy(predicted: NDArray[np.bool_], labels: NDArray[np.bool_]) -> float:
    """The share of the pairs, bool (n,), whose label was predicted; 0 where there are none."""
    return float((predicted == labels).mean()) if len(labels) else 0.0


def f1(predicted: NDArray[np.bool_], labels: NDArray[np.bool_]) -> float:
    """The harmonic mean of precision and recall of the positives, bool (n,) (van Rijsbergen 1979, with equal weights).

    That is 2 TP / (2 TP + FP + FN). Where nothing is positive and nothing was predicted, it is 0.
    """
    met = int((predicted & labels).sum())
    named = int(predicted.sum()) + int(labels.sum())
    return 2 * met / named if named else 0.0
