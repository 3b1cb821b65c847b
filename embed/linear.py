"""EASE (Steck 2019): the linear model that predicts each like of a user from all the others, solved exactly.

P = (XᵀX + λI)⁻¹ and B = I - P diag(1 / diag(P)) (eq. 8), with X the users' likes (U, I). Where there are fewer users
than items, P = (I - Xᵀ (XXᵀ + λI)⁻¹ X) / λ needs the smaller inverse only (Woodbury).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from embed.weights import ItemWeights, item_weights

_BLOCK_ENTRIES = 1 << 25
"""Rows of P are made for so many (item, item) pairs at once, which bounds memory to about half a gigabyte."""


def linear_neighbours(
    likes: NDArray[np.int32], *, n_users: int, n_items: int, k: int, regularisation: float, most_items: int
) -> ItemWeights:
    """The k strongest weights of each item on others, of either sign, from pairs of user and item, int32 (m, 2).

    The inverse of an (n, n) matrix takes 4 n² bytes, so only the `most_items` most liked items have weights.
    """
    count = np.bincount(likes[:, 1], minlength=n_items)
    kept = np.sort(np.argsort(-count, kind="stable")[:most_items]).astype(np.int32)
    kept = kept[count[kept] > 0]
    matrix = sparse.csr_matrix((np.ones(len(likes), np.float32), likes.T), (n_users, n_items))
    matrix.data[:] = 1  # a pair that stands there twice counts once
    users = np.flatnonzero(np.diff(matrix.indptr))
    rows = _Precision(matrix[users][:, kept].tocsc(), regularisation)
    targets, weights = [np.empty(0, np.int32)], [np.empty(0, np.float32)]
    k = min(k, len(kept))
    block = max(1, _BLOCK_ENTRIES // max(len(kept), 1))
    for start in range(0, len(kept), block):
        item = np.arange(start, min(start + block, len(kept)))
        b = -rows.of(item) / rows.diagonal
        b[np.arange(len(item)), item] = 0
        best = np.argsort(-np.abs(b), axis=1, kind="stable")[:, :k]
        targets.append(kept[best].ravel())
        weights.append(np.take_along_axis(b, best, axis=1).ravel())
    source = np.repeat(kept, k)
    return item_weights(source, np.concatenate(targets), np.concatenate(weights), n_items)


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
            return np.array(self._inverse[items])
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
    upper = np.triu_indices_from(inverse, 1)
    inverse[upper] = inverse.T[upper]
    return np.asarray(inverse, np.float32)
