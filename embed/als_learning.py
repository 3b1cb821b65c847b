"""Implicit ALS (Hu, Koren and Volinsky 2008), as the library `implicit` solves it. The only file that knows it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from embed.als import Als
from embed.lesson import Lesson
from embed.memory import Need
from kg.bounds import Count, Positive
from kg.snapshot import Snapshot

PHASE = "als"
_ITEM_COPIES = 3
"""As they are solved for, and once more with twice the digits."""
_LIKE = 32
"""Bytes of each like: two sparse matrices, by user and by item, made from pairs."""


@dataclass(frozen=True)
class AlsOptions:
    """`confidence` is that of what is liked, where it is 1 of all else; `regularisation` is λ.

    λ is for catalogs whose items have dozens of likes: where they have a few, so much lets the vectors vanish.
    """

    dim: Count = 64
    confidence: Annotated[float, Ge(1)] = 5.0
    regularisation: Positive = 30.0
    rounds: Count = 15


def learn(lesson: Lesson, options: AlsOptions) -> Als:
    """Solve for users and items in turn, items last; users are forgotten.

    Each vector takes three steps of conjugate gradients from where it is (Takács et al. 2011): a round costs the square
    of `dim`, not its cube.

    The same seed gives the same bits with any number of threads: each vector is solved for by one.
    """
    likes = lesson.likes
    weight = np.full(len(likes), options.confidence, np.float32)
    liked = sparse.csr_matrix((weight, likes.T), (lesson.n_users, lesson.n_items))
    with threadpool_limits(1, "blas"):  # the library has threads of its own, and warns of these
        model = AlternatingLeastSquares(
            options.dim,
            regularization=options.regularisation,
            iterations=options.rounds,
            random_state=lesson.seed,
        )
        model.fit(
            liked,
            show_progress=False,
            callback=lambda done, *_: lesson.run.step(PHASE, done + 1, options.rounds),
        )
        items = _turned(np.asarray(model.item_factors, np.float32), options.regularisation)
    return Als(items, np.array([options.confidence], np.float32))


def _turned(items: NDArray[np.float32], regularisation: float) -> NDArray[np.float32]:
    """Y in the coordinates in which YᵀY + λI = LLᵀ is the identity: Y L⁻ᵀ."""
    whole, eye = items.astype(np.float64), np.eye(items.shape[1])
    lower = linalg.cholesky(whole.T @ whole + regularisation * eye, lower=True)
    turn = linalg.solve_triangular(lower, eye, lower=True).T
    return np.asarray(items @ turn.astype(np.float32))


def need(snapshot: Snapshot, options: AlsOptions) -> Need:
    """The vectors of users and items, and the likes."""
    vector = 4 * (snapshot.n_users + _ITEM_COPIES * snapshot.n_items)
    return Need("ALS", "als.dim", options.dim, lambda dim: dim * vector + _LIKE * len(snapshot.interactions))
