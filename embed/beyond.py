"""What lists are beyond right: whether they reach the catalog, tell something new, differ within, follow the crowd.

A list holds the numbers of the items that one user was recommended: int (k,), at most.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embed.adjacency import Adjacency

List = NDArray[np.integer]


def coverage(lists: Sequence[List], n_items: int) -> float:
    """The share of the catalog that stands in any list (Ge, Delgado-Battenfeld and Jannach 2010)."""
    return float((_shown(lists, n_items) > 0).mean())


def gini(lists: Sequence[List], n_items: int) -> float:
    """How unequally often items are shown: 0 when all are alike, 1 - 1/I when it is always the same one.

    sum_j (2j - I - 1) c_j / (I sum_j c_j), with the counts c in ascending order (Fleder and Hosanagar 2009).
    """
    count = np.sort(_shown(lists, n_items))
    place = 2 * np.arange(1, n_items + 1) - n_items - 1
    return float((place @ count) / (n_items * max(1, count.sum())))


def novelty(items: List, likers: NDArray[np.integer], n_users: int) -> float:
    """The mean self-information of a list in bits: -log2 of the share of users who like the item (Zhou et al. 2010).

    `likers` int (I,) counts the users who were known to like each item; an item of nobody counts as one of one user.
    """
    return _mean(np.log2(n_users / np.maximum(1, likers[items])))


def popularity(items: List, likers: NDArray[np.integer]) -> float:
    """How many users are known to like the items of a list, on average: its mean is ARP (Yin et al. 2012)."""
    return _mean(likers[items])


def diversity(items: List, graph: Adjacency) -> float:
    """The mean distance of two items of a list (Vargas and Castells 2011, ILD); 0 for a list of one.

    The distance is 1 - |A ∩ B| / |A ∪ B| of the entities that the two touch in the graph (Jaccard), so that no
    system is judged by its own vectors.
    """
    owner, touched = graph.gather(items)
    entities, column = np.unique(touched, return_inverse=True)
    touches = np.zeros((len(items), len(entities)))
    touches[owner, column] = 1
    shared = touches @ touches.T
    size = np.diag(shared)
    either = size[:, None] + size - shared
    similar = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
    return _mean(1 - similar[np.triu_indices(len(items), 1)])


def _shown(lists: Sequence[List], n_items: int) -> NDArray[np.int64]:
    empty = np.empty(0, np.int64)
    return np.bincount(np.concatenate([empty, *lists]), minlength=n_items)


def _mean(values: NDArray[np.generic]) -> float:
    return float(np.asarray(values, np.float64).mean()) if len(values) else 0.0
