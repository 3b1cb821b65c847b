"""Ratings foretold, in service: SVD++ (Koren 2008, eq. 15), whose free vector of a user is solved for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class SvdPp:
    """`items` float32 (I, d + 1) are q_i, and b_i in the last column; `implicit` float32 (I, d) are the y_j.

    `means` float32 (3,): of all values, of those that were liked, and of the others. `strength` float32 (1,) is λ.
    """

    items: Vectors
    implicit: Vectors
    means: Vectors
    strength: Vectors

    def query(self, liked: NDArray[np.integer], seen: NDArray[np.integer]) -> Vectors:
        """A history says what was liked, not how much: each item has the mean value of its kind. float32 (d + 1,).

        Scores are ratings less what all items of a user have in common, μ and b_u.
        """
        if not len(seen):
            return np.zeros(self.items.shape[1], np.float32)
        value = np.where(np.isin(seen, liked), self.means[1], self.means[2])
        return np.append(self.user(seen, value)[:-1], np.float32(1))

    def user(self, rated: NDArray[np.integer], value: NDArray[np.floating]) -> Vectors:
        """p_u + |N|^-½ Σ y_j, and b_u in the last place, of items int (h,) and what they were rated: float32 (d + 1,).

        p_u and b_u are what makes Σ (r - r̂)² + λ (|p_u|² + b_u²) least, all else as it is.
        """
        q, b = self.items[rated, :-1].astype(np.float64), self.items[rated, -1]
        said = self.implicit[rated].sum(axis=0) / np.sqrt(max(len(rated), 1))
        left = np.column_stack([q, np.ones(len(rated))])
        open_ = value - self.means[0] - b - q @ said
        free = np.linalg.solve(left.T @ left + self.strength[0] * np.eye(left.shape[1]), left.T @ open_)
        return np.asarray(free + np.append(said, 0), np.float32)

    def ratings(self, user: Vectors, items: NDArray[np.integer]) -> Vectors:
        """What a user, as `user` gives it, is foretold to give to items int (n,): float32 (n,)."""
        return np.asarray(self.means[0] + user[-1] + self.items[items] @ np.append(user[:-1], 1), np.float32)
