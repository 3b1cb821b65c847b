"""The slow waves of likes: items that lie alike in the largest directions of who likes what.

The ideal low-pass filter of GF-CF (Shen et al. 2021, eq. 8, second term), in the form of vectors: R̃ = D_U^-½ R D_I^-½
is cut to its d largest singular directions V, and a user is the sum of what was liked, so nobody needs training. The
directions are found by iterating a random subspace (Halko et al. 2011, algorithms 4.4 and 5.1), which repeats to the
bit, as Lanczos' method in scipy does not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

ROUNDS = 12
"""Of the iteration: the smallest of the 64 directions then lie within a percent of where they belong."""
BESIDE = 16
"""So many more directions are iterated than are kept, which lets those converge."""
_NOTHING = 1e-3
"""A direction this small, of 1, is one in which nobody likes anything: what stands there is rounding."""


@dataclass(frozen=True)
class SpectralVectors:
    """`items` and `fold_in` float32 (I, d).

    A user's score for item i is the product of `items[i]` with the sum of `fold_in` over the history.
    """

    items: NDArray[np.float32]
    fold_in: NDArray[np.float32]


def spectral_vectors(
    likes: NDArray[np.int32], *, n_users: int, n_items: int, dim: int, seed: int = 0
) -> SpectralVectors:
    """From pairs of user and item, int32 (m, 2), each once; directions that a small catalog lacks are zeros."""
    liked = sparse.csr_matrix((np.ones(len(likes), np.float32), likes.T), (n_users, n_items))
    by_user, by_item = (np.maximum(np.asarray(liked.sum(axis=axis)).ravel(), 1) ** 0.5 for axis in (1, 0))
    normal = (sparse.diags(1 / by_user) @ liked @ sparse.diags(1 / by_item)).astype(np.float32).tocsr()
    vectors = np.zeros((n_items, dim), np.float32)
    found = directions(normal, dim, seed)
    vectors[:, : found.shape[1]] = found
    return SpectralVectors(
        *(np.ascontiguousarray(vectors * scale[:, None], np.float32) for scale in (by_item, 1 / by_item))
    )


def directions(normal: sparse.csr_matrix, dim: int, seed: int) -> NDArray[np.float32]:
    """The right singular vectors of float32 (U, I), the largest first: float32 (I, at most dim)."""
    transposed = normal.T.tocsr()
    width = min(dim + BESIDE, normal.shape[1])
    basis = np.random.default_rng(seed).normal(size=(normal.shape[1], width)).astype(np.float32)
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(transposed @ (normal @ basis))
    projected = normal @ basis
    square, turned = np.linalg.eigh(projected.T @ projected)
    largest = np.argsort(-square, kind="stable")[:dim]
    return np.asarray(basis @ turned[:, largest[square[largest] > _NOTHING**2]], np.float32)
