"""EASE (Steck 2019) with the graph: predicts each like of a user from all the others, solved exactly.

P = (MᵀM + λI)⁻¹ and B = I - P diag(1 / diag(P)) (eq. 8). M are the users' likes and, below them, the knowledge, a row
for each entity with a 1 for each item in a triple with it (Jeunen et al. 2020, "Closed-form models with
side-information", eq. 9). Users and items are scaled first, by activity^-a and popularity^-b, and B is scaled back:
what everybody likes and who likes everything would decide otherwise (Park et al. 2025, "Why is normalization necessary
for linear recommenders?"). Where M has fewer rows than columns, P = (I - Mᵀ (MMᵀ + λI)⁻¹ M) / λ needs the smaller
inverse only (Woodbury).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from embed.closed_form import blocks, most_popular, of_rows, strength, strongest
from embed.linear_device import largest_on
from embed.weights import ItemWeights
from kg.bounds import Count, NonNegative, Positive

_FEWEST, _MOST = 2, 2000
"""Entities joined to fewer items join nothing, those joined to more join everything."""
_TURNED = 256
"""So many rows of a symmetric matrix are turned over at once: those are gone through twice where they cross."""
_RARE = 0.4
"""How much more an entity counts that joins few items: chosen on the validation part of amazon-book."""


@dataclass(frozen=True)
class LinearOptions:
    """The exponents a and b, λ, and what knowledge counts beside the likes.

    `regularisation` is λ relative to the mean diagonal of MᵀM over the HEAD most liked items; None: the best of a grid
    on likes that are kept back for it (see embed/linear_choice.py). `neighbours` weights of each item are kept. The
    inverse of an (n, n) matrix takes 4 n² bytes, so only the `most_items` most liked items have weights.
    """

    neighbours: Count = 300
    regularisation: Positive | None = None
    user_exponent: NonNegative = 0.25
    item_exponent: NonNegative = 0.25
    knowledge: NonNegative = 0.06
    most_items: Count = 12_000


def linear_neighbours(
    likes: NDArray[np.int32],
    triples: NDArray[np.int32],
    *,
    n_users: int,
    n_items: int,
    options: LinearOptions,
    device: str = "cpu",
) -> ItemWeights:
    """The strongest weights of each item on others, of either sign.

    From pairs of user and item, int32 (m, 2), and the knowledge, int32 (t, 3): head, relation, tail. Raises ValueError
    where λ was not chosen.
    """
    if options.regularisation is None:
        raise ValueError("the regularisation has to be chosen first")
    liked = _matrix(likes, (n_users, n_items))
    popularity = np.asarray(liked.sum(axis=0)).ravel()
    kept = most_popular(popularity, options.most_items)
    scale = np.maximum(popularity[kept], 1) ** -options.item_exponent
    rows = _likes(liked[:, kept], scale, options)
    diagonal = np.asarray(rows.power(2).sum(axis=0)).ravel()
    known = _knowledge(triples, n_items)[:, kept]
    regularisation = options.regularisation * strength(diagonal, popularity[kept])
    matrix = _stacked(rows, known, options.knowledge)
    if device != "cpu":
        k = min(options.neighbours, len(kept))
        return of_rows(largest_on(device, matrix, regularisation, scale, k), kept, n_items)
    return strongest(_weights(_Precision(matrix, regularisation), scale), kept, n_items, options.neighbours)


def _stacked(rows: sparse.csr_matrix, known: sparse.csr_matrix, knowledge: float) -> sparse.csc_matrix:
    """The likes and, below them, the knowledge, weighted so that its squares sum to that part of the likes'."""
    said = known.power(2).sum()
    if not knowledge or not said:
        return rows.tocsc()
    weight = np.float32(np.sqrt(knowledge * rows.power(2).sum() / said))
    return sparse.vstack([rows, weight * known[np.diff(known.indptr) > 0]]).tocsc()


def _weights(precision: "_Precision", scale: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """B, block by block, by what it says of an item as popular as the others."""
    for rows in blocks(len(scale)):
        item = np.arange(rows.start, rows.stop)
        b = -precision.of(item) / precision.diagonal
        b[np.arange(len(item)), item] = 0
        b *= scale[item, None] / scale
        yield b


def _likes(liked: sparse.csr_matrix, scale: NDArray[np.float32], options: LinearOptions) -> sparse.csr_matrix:
    """The users that like something, scaled; float32 (u, n)."""
    activity = np.diff(liked.indptr)
    users = np.flatnonzero(activity)
    by_user = activity[users].astype(np.float32) ** -options.user_exponent
    return (sparse.diags(by_user) @ liked[users] @ sparse.diags(scale)).astype(np.float32).tocsr()


def _knowledge(triples: NDArray[np.int32], n_items: int) -> sparse.csr_matrix:
    """Entities by items, float32 (E, I): where a triple joins them, more for an entity that joins few."""
    head, tail = triples[:, 0], triples[:, 2]
    pairs = np.concatenate([np.stack([tail, head], 1), np.stack([head, tail], 1)])
    pairs = pairs[pairs[:, 1] < n_items]
    joined = _matrix(pairs, (int(pairs[:, 0].max(initial=-1)) + 1, n_items))
    degree = np.diff(joined.indptr)
    telling = (degree >= _FEWEST) & (degree <= _MOST)
    return (sparse.diags(telling / np.maximum(degree, 1) ** _RARE) @ joined).astype(np.float32).tocsr()


def _matrix(pairs: NDArray[np.integer], shape: tuple[int, int]) -> sparse.csr_matrix:
    matrix = sparse.csr_matrix((np.ones(len(pairs), np.float32), pairs.T), shape)
    matrix.data[:] = 1  # a pair that stands there twice counts once
    return matrix


class _Precision:
    """P of a matrix (u, n), by the smaller of the two inverses. `diagonal` float32 (n,)."""

    def __init__(self, matrix: sparse.csc_matrix, regularisation: float) -> None:
        self._matrix, self._weight = matrix, regularisation
        self._by_user = matrix.shape[0] < matrix.shape[1]
        gram = matrix @ matrix.T if self._by_user else matrix.T @ matrix
        self._inverse = _inverse(gram.toarray(order="F"), regularisation)
        self.diagonal = self._diagonal()

    def of(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """The rows of some items, float32 (b, n)."""
        if not self._by_user:
            return np.array(self._inverse.T[items])  # symmetric, and in the order of LAPACK: its columns lie together
        rows = -(self._matrix.T @ (self._matrix.T[items] @ self._inverse).T).T
        rows[np.arange(len(items)), items] += 1
        return np.asarray(rows / self._weight, np.float32)

    def _diagonal(self) -> NDArray[np.float32]:
        if not self._by_user:
            return np.diag(self._inverse).copy()
        explained = self._matrix.multiply(self._inverse @ self._matrix).sum(axis=0)
        return np.asarray((1 - np.asarray(explained).ravel()) / self._weight, np.float32)


def _inverse(matrix: NDArray[np.float32], regularisation: float) -> NDArray[np.float32]:
    """The inverse of matrix + regularisation I, symmetric and positive, in the place of the matrix."""
    matrix[np.diag_indices_from(matrix)] += np.float32(regularisation)
    factor, _ = linalg.lapack.spotrf(matrix, lower=True, overwrite_a=True)
    inverse, _ = linalg.lapack.spotri(factor, lower=True, overwrite_c=True)
    for start in range(0, len(inverse), _TURNED):  # the upper half is the lower one, turned over
        block = slice(start, min(start + _TURNED, len(inverse)))
        rows = inverse[block, block.start :]
        corner = np.tril(inverse[block, block])
        rows[:, len(rows) :] = inverse[block.stop :, block].T
        rows[:, : len(rows)] = corner + np.tril(corner, -1).T
    return np.asarray(inverse, np.float32)
