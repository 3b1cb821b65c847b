"""Kernel regression over users, in service: a history counts by how alike it is to some users, its landmarks.

How alike two histories are is the neural tangent kernel of a network without end in width (Jacot et al. 2018), which
Sachdeva et al. 2022 ("Infinite recommendation networks") learn to recommend with.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.ragged import places

DEPTH = 2
"""Hidden layers of the network."""
ITSELF = DEPTH + 1
"""How alike a history is to itself."""
NEWEST = 1000
"""How many of the newest liked items are looked at, which bounds the cost of an answer."""


@dataclass(frozen=True)
class Kernel:
    """`items` float32 (I, m) are what being like each of m landmarks says for an item.

    Item i is liked by the landmarks `fan[indptr[i]:indptr[i + 1]]`, int32, of which each has the `length` float32 (m,);
    `weight` float32 (I,) is the square of the item's entry in the vector of a history that has it.
    """

    items: NDArray[np.float32]
    indptr: NDArray[np.int64]
    fan: NDArray[np.int32]
    weight: NDArray[np.float32]
    length: NDArray[np.float32]

    def query(self, liked: NDArray[np.integer], seen: NDArray[np.integer]) -> NDArray[np.float32]:
        """How alike the history is to each landmark, by what it liked: float32 (m,)."""
        liked = liked[-NEWEST:]
        if not len(liked):
            return np.zeros(len(self.length), np.float32)
        owner, place = places(self.indptr, liked)
        weight = self.weight[liked]
        shared = np.bincount(self.fan[place], weight[owner], minlength=len(self.length)).astype(np.float32)
        return tangent_kernel(shared / (np.sqrt(weight.sum()) * self.length))


def tangent_kernel(cosine: NDArray[np.float32]) -> NDArray[np.float32]:
    """The kernel of two vectors of length 1, by the cosine between them.

    With κ₀ and κ₁, the arc-cosine kernels of degree 0 and 1 (Cho and Saul 2009, eq. 6), each hidden layer of ReLU makes
    Σ' = κ₁(Σ) and Θ' = κ₁(Σ) + Θ κ₀(Σ) of Σ and Θ, which are the cosine at first (Jacot et al. 2018, theorem 1).
    """
    sigma = np.clip(cosine, -1, 1)
    theta = sigma
    for _ in range(DEPTH):
        part = 1 - np.arccos(sigma) / np.float32(np.pi)
        sigma = np.minimum(sigma * part + np.sqrt(1 - sigma * sigma) / np.float32(np.pi), 1)
        theta = sigma + theta * part
    return np.asarray(theta, np.float32)
