"""Kernel regression over users: what everybody likes is foretold from how alike they are to some users, the landmarks.

With K the kernel between all users and the landmarks Z, and X the likes, W minimises ‖X - K W‖² + λ tr(Wᵀ K_ZZ W): a
subset of regressors (Smola and Schölkopf 2000), solved exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from embed.kernel import ITSELF, Kernel, tangent_kernel
from embed.lesson import Lesson
from embed.memory import Need
from kg.bounds import Count, NonNegative, Positive
from kg.snapshot import Snapshot
from ontology.errors import InputError

PHASE = "kernel"
_ROWS = 1024
"""So many users, or items, are looked at at once, which bounds memory."""
_NUGGET = 0.01
"""Of λ, what counts for each landmark by itself: two with the same likes would leave no single answer."""


@dataclass(frozen=True)
class KernelOptions:
    """`landmarks` are the users that are compared with, drawn at random where there are more. What one costs is bounded
    by them: memory and an answer grow with the landmarks times the items.

    `regularisation` is λ, where a history is as like itself as 1, of the root of how many users like something. An item
    that p users like counts p^(-item_exponent).
    """

    landmarks: Count = 4000
    regularisation: Positive = 0.05
    item_exponent: NonNegative = 0.25


def learn(lesson: Lesson, options: KernelOptions) -> Kernel:
    """Solve for what being like each landmark says for each item; users with likes alone are looked at.

    Raises InputError where λ is so small, or so large, that nothing solves the equations.
    """
    liked, weight = _liked(lesson, options.item_exponent)
    length = np.sqrt(liked @ weight)
    unit = (sparse.diags(1 / length) @ liked @ sparse.diags(np.sqrt(weight))).astype(np.float32).tocsr()
    users, random = liked.shape[0], np.random.default_rng(lesson.seed)
    marks = np.sort(random.choice(users, min(options.landmarks, users), replace=False))
    theirs = unit[marks].T.tocsr()
    strength = options.regularisation * users**0.5 * ITSELF
    left = np.diag(np.full(len(marks), _NUGGET * strength * ITSELF))
    right = np.zeros((lesson.n_items, len(marks)), np.float32)
    for rows in _blocks(users):
        lesson.run.step(PHASE, rows.start, users)
        alike = tangent_kernel((unit[rows] @ theirs).toarray())
        left += alike.T @ alike
        there = (marks >= rows.start) & (marks < rows.stop)
        left[there] += strength * alike[marks[there] - rows.start]
        right += liked[rows].T @ alike
    fans = liked[marks].tocsc()
    return Kernel(
        items=_solved(left, right),
        indptr=fans.indptr.astype(np.int64),
        fan=fans.indices.astype(np.int32),
        weight=weight,
        length=length[marks],
    )


def need(snapshot: Snapshot, options: KernelOptions) -> Need:
    """The two sides of the equations, each with what is added to it, a block of the kernel, and the likes."""

    def of(landmarks: int) -> int:
        m = min(landmarks, snapshot.n_users)
        return m * (20 * m + 8 * snapshot.n_items + 40 * _ROWS) + 32 * len(snapshot.interactions)

    return Need("kernel regression", "kernel.landmarks", options.landmarks, of)


def _liked(lesson: Lesson, exponent: float) -> tuple[sparse.csr_matrix, NDArray[np.float32]]:
    """The likes of the users that like something, float32 (u, I), and the weight of each item, float32 (I,)."""
    user, item = lesson.likes.T
    _, row = np.unique(user, return_inverse=True)
    shape = (int(row.max(initial=-1)) + 1, lesson.n_items)
    liked = sparse.csr_matrix((np.ones(len(item), np.float32), (row, item)), shape)
    popularity = np.bincount(item, minlength=lesson.n_items)
    weight = np.maximum(popularity, 1) ** (-2 * exponent)
    return liked, np.maximum(weight, np.finfo(np.float32).tiny).astype(np.float32)


def _blocks(n: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS) for start in range(0, n, _ROWS))


def _solved(left: NDArray[np.float64], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """What solves `left` x = `right` of each item, in the place of `right`, float32 (I, m)."""
    try:
        factor = linalg.cho_factor(left, overwrite_a=True)
    except (linalg.LinAlgError, ValueError) as error:  # not positive definite; not finite
        hint = "try a kernel.regularisation nearer to .05 (--set)"
        raise InputError(f"kernel regression has no solution; {hint}") from error
    for rows in _blocks(len(right)):
        right[rows] = linalg.cho_solve(factor, right[rows].T.astype(np.float64)).T
    return right
