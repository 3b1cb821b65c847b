"""Implicit ALS (Hu, Koren and Volinsky 2008), as the library `implicit` solves it. The only file that knows it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from embed.als import Als
from embed.lesson import Lesson
from embed.memory import Need
from kg.bounds import Count, Positive
from kg.snapshot import Snapshot

PHASE = "als"
_COPIES = 2
"""Of the vectors, while they are solved for; likes stand by user and by item."""
_LIKE = 32
"""Bytes of each like: two sparse matrices, made from pairs."""


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
            use_cg=False,
            random_state=lesson.seed,
        )
        model.fit(
            liked,
            show_progress=False,
            callback=lambda done, *_: lesson.run.step(PHASE, done + 1, options.rounds),
        )
    items = np.asarray(model.item_factors, np.float32)
    gram = items.T.astype(np.float64) @ items + options.regularisation * np.eye(options.dim)
    return Als(items, gram.astype(np.float32), np.array([options.confidence], np.float32))


def need(snapshot: Snapshot, options: AlsOptions) -> Need:
    """The vectors of users and items, and the likes."""
    vector = 4 * _COPIES * (snapshot.n_users + snapshot.n_items)
    return Need("ALS", "als.dim", options.dim, lambda dim: dim * vector + _LIKE * len(snapshot.interactions))
