"""How much the linear teacher is regularised: what finds likes best that were kept back.

No rule was found that fits all catalogs: of the mean diagonal, the films (671 users) want ten times what amazon-book
(70,679 users) wants.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embed.closed_form import HEAD
from embed.linear import LinearOptions, linear_neighbours
from embed.protocol import Split, all_ranking

GRID = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
KEPT_BACK = 0.1
USERS = 2000
"""So many users judge: the interval of their recall is narrower than the steps of the grid are far apart."""


def chosen(
    likes: NDArray[np.int32],
    triples: NDArray[np.int32],
    *,
    n_users: int,
    n_items: int,
    options: LinearOptions,
    seed: int,
    device: str = "cpu",
) -> LinearOptions:
    """The options with the best regularisation of GRID, judged on the HEAD most liked items; theirs, if they have one.

    Best is what neither neighbour betters: it climbs from the middle of the grid, because each step inverts a matrix,
    and stays there with too few likes to keep some back. From pairs of user and item, int32 (m, 2), and the knowledge,
    int32 (t, 3).
    """
    if options.regularisation is not None:
        return options
    split = _split(likes, n_users, n_items, np.random.default_rng(seed))
    if not split.test.nnz or not split.train.nnz:
        return replace(options, regularisation=GRID[len(GRID) // 2])

    @cache
    def recall(place: int) -> float:
        return _recall(split, triples, replace(options, regularisation=GRID[place], most_items=HEAD), device)

    return replace(options, regularisation=GRID[_summit(recall, len(GRID))])


def _summit(height: Callable[[int], float], n: int) -> int:
    """Of n places the one from which both neighbours lie lower, or as low, climbing from the middle."""
    place = n // 2
    while True:
        best = max((place, *(other for other in (place - 1, place + 1) if 0 <= other < n)), key=height)
        if best == place:  # the first of those that are as high
            return place
        place = best


def _recall(split: Split, triples: NDArray[np.int32], options: LinearOptions, device: str) -> float:
    n_users, n_items = split.train.shape
    near = linear_neighbours(split.likes, triples, n_users=n_users, n_items=n_items, options=options, device=device)
    weights = sparse.csr_matrix((near.weight, near.item, near.indptr), (n_items, n_items))
    found = all_ranking(lambda users: (split.train[users] @ weights).toarray(), split)
    return float(found.recall.mean())


def _split(likes: NDArray[np.int32], n_users: int, n_items: int, random: np.random.Generator) -> Split:
    """A part of the likes of the most liked items, of some users, and all others."""
    popularity = np.bincount(likes[:, 1], minlength=n_items)
    head = np.zeros(n_items, np.bool_)
    head[np.argsort(-popularity, kind="stable")[:HEAD]] = True
    judging = np.zeros(n_users, np.bool_)
    judging[random.permutation(n_users)[:USERS]] = True
    later = (random.random(len(likes)) < KEPT_BACK) & head[likes[:, 1]] & judging[likes[:, 0]]
    parts = (likes[~later], likes[later])
    shape = (n_users, n_items)
    return Split(*(sparse.csr_matrix((np.ones(len(part), np.float32), part.T), shape) for part in parts))
