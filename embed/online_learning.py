"""Element-wise ALS (He, Zhang, Kan and Chua 2016, "Fast matrix factorization for online recommendation").

What was not liked counts as the less, the fewer like it (eq. 8): what nobody knows may yet be wanted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.lesson import Lesson
from embed.memory import Need
from embed.online import Online
from kg.bounds import Count, NonNegative, Positive
from kg.snapshot import Snapshot

PHASE = "online"
_START = 0.01
_FLOATS = 4
"""Of each number: itself, and once more, in double."""
_LIKE = 80
"""Bytes of each like: numbers, what is foretold of it, and what is added up of one coordinate."""
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class OnlineOptions:
    """`missing` is what it weighs on average that an item was not liked, where a like weighs 1 (c₀ / I in the paper).

    It grows with the number of likes of the item to the power of `popularity` (α); `regularisation` is λ.
    """

    dim: Count = 64
    missing: Positive = 0.4
    popularity: NonNegative = 0.5
    regularisation: Positive = 12.0
    rounds: Count = 15


def learn(lesson: Lesson, options: OnlineOptions) -> Online:
    """Set all coordinates of users, then of items, round by round; users are forgotten.

    The same seed gives the same bits.
    """
    random = np.random.default_rng(lesson.seed)
    p, q = (random.normal(0, _START, (options.dim, n)) for n in (lesson.n_users, lesson.n_items))
    user, item = lesson.likes.astype(np.int64).T
    missing = weights(item, lesson.n_items, options)
    users, items = Side(p, user, np.ones(lesson.n_users)), Side(q, item, missing)
    for done in range(1, options.rounds + 1):
        sweep(users, items, options.regularisation)
        sweep(items, users, options.regularisation)
        lesson.run.step(PHASE, done, options.rounds)
    gram = (q * missing) @ q.T + options.regularisation * np.eye(options.dim)
    return Online(np.ascontiguousarray(q.T, np.float32), gram.astype(np.float32), missing.astype(np.float32))


def weights(item: Numbers, n_items: int, options: OnlineOptions) -> NDArray[np.float64]:
    """cᵢ of equation 8, float64 (I,), from the liked items int64 (n,): below 1, which is what a like weighs."""
    frequency = np.bincount(item, minlength=n_items) ** options.popularity
    return np.asarray(np.minimum(options.missing * n_items * frequency / max(frequency.sum(), 1e-9), 1.0))


@dataclass(frozen=True)
class Side:
    """Users or items: `vectors` float64 (d, A), one row a coordinate, for a sweep reads one at a time.

    `number` int64 (n,) says which of them each like is of; `missing` float64 (A,) is a factor of what a pair weighs
    that is no like. The other factor is of the other side, and one side's are all 1.
    """

    vectors: NDArray[np.float64]
    number: Numbers
    missing: NDArray[np.float64]


def sweep(own: Side, other: Side, regularisation: float) -> None:
    """Set each coordinate of all own vectors to what makes the loss least, all else as it is (eq. 12, 13), in place."""
    x, who, y = own.vectors, own.number, other.vectors
    cache = (y * other.missing) @ y.T
    less = 1 - own.missing[who] * other.missing[other.number]
    foretold = np.zeros(len(who))
    for f in range(len(x)):
        foretold += x[f, who] * y[f, other.number]
    for f in range(len(x)):
        theirs = y[f, other.number]
        without = foretold - x[f, who] * theirs
        said = np.bincount(who, (1 - less * without) * theirs, x.shape[1])
        unsaid = own.missing * (cache[f] @ x - cache[f, f] * x[f])
        square = np.bincount(who, less * theirs**2, x.shape[1])
        x[f] = (said - unsaid) / (square + own.missing * cache[f, f] + regularisation)
        foretold = without + x[f, who] * theirs


def need(snapshot: Snapshot, options: OnlineOptions) -> Need:
    """The vectors of users and items, and of each like while it is foretold."""
    likes = len(snapshot.interactions)
    vector = 4 * _FLOATS * (snapshot.n_users + snapshot.n_items)
    return Need("online", "online.dim", options.dim, lambda dim: dim * vector + _LIKE * likes)
