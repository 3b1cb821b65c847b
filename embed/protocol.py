"""All-ranking on a split that was made before: the protocol of the papers, so that figures can be compared.

Candidates of a user are all items less the user's training items; users are those with a test item; what is reported
is the mean over users. The ideal list of ndcg holds min(k, |test|) hits (Järvelin and Kekäläinen 2002). KGAT (Wang et
al. 2019) divides by the ideal order of the hits that were found, which reads about 1.3 times higher; it has a name of
its own here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kg.progress import Progress, silent
from ontology.errors import InputError

Score = Callable[[NDArray[np.int64]], NDArray[np.floating]]
"""Gives users, int64 (b,), a score for every item: (b, I)."""
_BLOCK_ENTRIES = 1 << 25
"""So many scores are made at once, which bounds memory to about half a gigabyte."""


@dataclass(frozen=True)
class Split:
    """What each user liked: `train` and `test` are float32 (U, I), 1 where the user liked the item."""

    train: sparse.csr_matrix
    test: sparse.csr_matrix

    @property
    def likes(self) -> NDArray[np.int32]:
        """The training part as pairs of user and item, int32 (m, 2), sorted by user."""
        return np.stack(self.train.nonzero(), axis=1).astype(np.int32)


@dataclass(frozen=True)
class PerUser:
    """One value for each user with a test item, float64 (n,), in the order of the users."""

    recall: NDArray[np.float64]
    ndcg: NDArray[np.float64]
    ndcg_kgat: NDArray[np.float64]


@dataclass(frozen=True)
class Mean:
    """A mean and the half width of its 95 % confidence interval (normal approximation)."""

    value: float
    margin: float


def mean(values: NDArray[np.float64]) -> Mean:
    """The mean over users. Of the differences between two systems, it is a paired test: 0 within the margin or not."""
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.inf
    return Mean(float(values.mean()), float(1.96 * error))


def read_split(train: Path, test: Path) -> Split:
    """Read two files of lines `user item item …`, numbered from 0. Raises InputError: file, line, what was found."""
    pairs = [list(_pairs(path)) for path in (train, test)]
    arrays = [np.array(rows, np.int64).reshape(-1, 2) for rows in pairs]
    shape = tuple(np.concatenate(arrays).max(axis=0, initial=-1) + 1)
    return Split(*(_matrix(rows, shape) for rows in arrays))


def all_ranking(score: Score, split: Split, k: int = 20, progress: Progress = silent) -> PerUser:
    """Score every user with a test item, a block of users at a time."""
    users = np.flatnonzero(np.diff(split.test.indptr))
    size = max(1, _BLOCK_ENTRIES // split.train.shape[1])
    values = []
    for start in range(0, len(users), size):
        block = users[start : start + size]
        scores = np.array(score(block), np.float32)
        scores[split.train[block].nonzero()] = -np.inf
        values.append(_block(scores, split.test[block], k))
        progress("score users", start + len(block), len(users))
    return PerUser(*(np.concatenate(column) for column in zip(*values, strict=True)))


def _block(scores: NDArray[np.float32], test: sparse.csr_matrix, k: int) -> tuple[NDArray[np.float64], ...]:
    k = min(k, scores.shape[1])
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable"), 1)
    hits = np.asarray(test[np.arange(len(best))[:, None], best].todense()) > 0
    relevant, found = np.diff(test.indptr), hits.sum(axis=1)
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])
    gain = hits @ discount
    kgat = np.divide(gain, ideal[found], out=np.zeros_like(gain), where=found > 0)
    return found / relevant, gain / ideal[np.minimum(relevant, k)], kgat


def _pairs(path: Path) -> Iterator[tuple[int, int]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                words = line.split()
                if not all(word.isascii() and word.isdigit() for word in words):
                    raise InputError(
                        f"{path}, line {number}: has to be numbers, `user item item …`; found {line[:60]!r}"
                    )
                yield from ((int(words[0]), int(item)) for item in words[1:])
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error


def _matrix(rows: NDArray[np.int64], shape: tuple[int, ...]) -> sparse.csr_matrix:
    matrix = sparse.csr_matrix((np.ones(len(rows), np.float32), rows.T), shape)
    matrix.data[:] = 1  # a pair that stands there twice counts once
    return matrix
