"""How much the content teacher is regularised: what finds items best that are held out as if they were new."""

from itertools import product
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embed.adjacency import Adjacency
from embed.content import Content, Vectors
from embed.content_learning import ContentOptions, Ridge, content_of, content_space, mean_of
from embed.protocol import Split, all_ranking
from embed.said import Kinds
from kg.snapshot import Snapshot

USER_GRID = (0.01, 0.1, 1.0)
ITEM_GRID = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
COLD = 0.2
"""The part of the items that are held out."""
USERS = 2000
"""So many users judge."""


def learn_content(
    snapshot: Snapshot,
    graph: Adjacency,
    likes: NDArray[np.int32],
    options: ContentOptions,
    seed: int,
    *,
    kinds: Kinds = MappingProxyType({}),
) -> tuple[Content, tuple[float, float]]:
    """The teacher, from the knowledge and pairs of user and liked item, int32 (m, 2), each once; at least one.

    Beside it the strengths of regularisation that were chosen, for users and items.
    """
    space = content_space(snapshot, graph, options, seed, kinds=kinds)
    shape = (snapshot.n_users, snapshot.n_items)
    liked = sparse.csr_matrix((np.ones(len(likes), np.float32), likes.T), shape)
    user, item = chosen(space.z, liked, options, seed)
    fitted = Ridge(space.z, liked, options.dim).fit(user, item)
    return content_of(space, fitted, len(snapshot.keys)), (user, item)


def chosen(z: Vectors, liked: sparse.csr_matrix, options: ContentOptions, seed: int) -> tuple[float, float]:
    """The strengths of regularisation for users and items; the options' own where they have them.

    From content float32 (I, k) and likes float32 (U, I). With too few likes it is the middle of the grid.
    """
    users = USER_GRID if options.user_regularisation is None else (options.user_regularisation,)
    items = ITEM_GRID if options.item_regularisation is None else (options.item_regularisation,)
    grid = list(product(users, items))
    random = np.random.default_rng(seed)
    cold = random.random(liked.shape[1]) < COLD
    known, later = _only(liked, ~cold), liked[:, cold].tocsr()
    both = np.flatnonzero((np.diff(known.indptr) > 0) & (np.diff(later.indptr) > 0))
    judging = np.sort(random.permutation(both)[:USERS])
    if len(grid) == 1 or not len(judging):
        return grid[len(grid) // 2]
    ridge = Ridge(z, known, options.dim)
    tastes = mean_of(known[judging], z @ ridge.folding)
    test = Split(sparse.csr_matrix((len(judging), cold.sum()), dtype=np.float32), later[judging])

    def recall(strengths: tuple[float, float]) -> float:
        scores = tastes @ (z[cold] @ ridge.fit(*strengths).items).T
        return float(all_ranking(lambda users: scores[users], test).recall.mean())

    return max(grid, key=recall)


def _only(liked: sparse.csr_matrix, kept: NDArray[np.bool_]) -> sparse.csr_matrix:
    """The likes of some items, bool (I,), in a matrix as large as before."""
    only = (liked @ sparse.diags(kept.astype(np.float32))).tocsr()
    only.eliminate_zeros()
    return only
