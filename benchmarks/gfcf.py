"""GF-CF (Shen et al. 2021, "How powerful is graph convolution for recommendation?"), a yardstick without training."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from embed.protocol import Score


def gfcf(train: sparse.csr_matrix, *, rank: int = 256, alpha: float = 0.3, seed: int = 0) -> Score:
    """Linear and ideal low-pass filter over the items, eq. 8: s = r (R̃ᵀR̃ + α D^-½ V Vᵀ D^½), train float32 (U, I)."""
    by_user, by_item = (np.asarray(train.sum(axis=axis)).ravel() for axis in (1, 0))
    item_root = np.sqrt(np.maximum(by_item, 1))
    user_root = np.sqrt(np.maximum(by_user, 1))
    normal = sparse.diags(1 / user_root) @ train @ sparse.diags(1 / item_root)
    start = np.random.default_rng(seed).normal(size=min(normal.shape))
    _, _, low = svds(normal.tocsr(), k=min(rank, min(normal.shape) - 1), v0=start, return_singular_vectors="vh")
    low = low.astype(np.float32)
    normal = normal.astype(np.float32).tocsr()
    transposed = normal.T.tocsr()

    def score(users: NDArray[np.int64]) -> NDArray[np.floating]:
        liked = train[users]
        linear = (transposed @ np.asarray((normal @ liked.T).todense())).T
        smooth = (liked @ sparse.diags(1 / item_root)) @ low.T
        return linear + alpha * (smooth @ low) * item_root

    return score
