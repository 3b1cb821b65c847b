"""What the ranker learns from: of each user the candidates that the sources find, and which were liked later."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embed.parts import in_parts
from embed.teachers import Teachers
from retrieval.cases import Parted
from retrieval.features import features, met, scores
from retrieval.fresh_sources import PER_SOURCE
from retrieval.history import History
from retrieval.index import Index, index_of
from retrieval.pairs import pair_scores, pairs
from retrieval.sources import candidates, look

FEWEST = 250
"""So many users take a second or two, which is worth a process of its own."""


class Example(NamedTuple):
    """Of a user the features of candidates, float32 (n, f), and 1 for those that were liked later, float32 (n,).

    For a ranker with attention also their `pairs` with the history, float16 (n, h); h is 0 for another.
    """

    user: int
    features: NDArray[np.float32]
    labels: NDArray[np.float32]
    pairs: NDArray[np.float16]


def examples(parted: Parted, teachers: Teachers, *, attending: bool) -> list[Example]:
    """Of the users that like something later, as they were before.

    They have pairs if the ranker is `attending` to histories.
    The teachers must not have learned from what is later. Raises MemoryError.
    """
    index = index_of(teachers.gnn_items)

    def of(users: NDArray[np.integer]) -> list[Example]:
        made = (
            _example(teachers, index, *case, repeats=repeats, attending=attending) for case in parted.by_user(users)
        )
        return [example for example in made if example]

    repeats = bool(parted.repeats.any())
    return list(chain.from_iterable(in_parts(of, parted.users(), FEWEST)))


def _example(
    teachers: Teachers,
    index: Index,
    user: int,
    history: History,
    liked: NDArray[np.int32],
    *,
    repeats: bool,
    attending: bool,
) -> Example | None:
    if not len(history.liked):
        return None
    found = look(teachers, history)
    found_by = candidates(teachers, index, history, found, PER_SOURCE)
    items = np.unique(np.concatenate(list(found_by.values())))
    if not len(items):  # who has seen everything
        return None
    before = met(history, items) if repeats else None
    said = features(teachers, history, scores(teachers, found, items), items, before)
    beside = pairs(pair_scores(teachers, history, items)) if attending else np.empty((len(items), 0))
    return Example(user, said, np.isin(items, liked).astype(np.float32), beside.astype(np.float16))


def padded(rows: Sequence[Example]) -> NDArray[np.float16]:
    """The pairs of all candidates of all users, float16 (n, h): nan where a history is shorter than the longest."""
    width = max(row.pairs.shape[1] for row in rows)
    every = np.full((sum(len(row.labels) for row in rows), width), np.nan, np.float16)
    start = 0
    for row in rows:
        n, h = row.pairs.shape
        every[start : start + n, :h] = row.pairs
        start += n
    return every
