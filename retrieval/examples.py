"""What the ranker learns from: of each user the candidates that the sources find, and which were liked later."""

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from embed.parts import in_parts
from embed.teachers import Teachers
from kg.snapshot import Interactions
from retrieval.cases import users_after, users_at
from retrieval.features import features, scores
from retrieval.fresh_sources import PER_SOURCE
from retrieval.history import History
from retrieval.index import Index, index_of
from retrieval.sources import candidates, look

Example = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A user: features of candidates, float32 (n, f), and 1 for those that were liked later, float32 (n,)."""
FEWEST = 250
"""So many users take a second or two, which is worth a process of its own."""


def examples(
    interactions: Interactions,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    teachers: Teachers,
    most: int,
) -> list[Example]:
    """Of the first so many users that like something in `after`, from histories in `before`; both bool (m,).

    The teachers must not have learned from `after`. Raises MemoryError.
    """
    index = index_of(teachers.gnn_items)

    def of(users: NDArray[np.integer]) -> list[Example]:
        cases = users_at(interactions, before, after, users)
        return [example for case in cases if (example := _example(teachers, index, *case))]

    return list(chain.from_iterable(in_parts(of, users_after(interactions, after)[:most], FEWEST)))


def _example(teachers: Teachers, index: Index, history: History, liked: NDArray[np.int32]) -> Example | None:
    if not len(history.liked):
        return None
    found = look(teachers, history)
    found_by = candidates(teachers, index, history, found, PER_SOURCE)
    items = np.unique(np.concatenate(list(found_by.values())))
    if not len(items):  # who has seen everything
        return None
    said = features(teachers, history, scores(teachers, found, items), items)
    return said, np.isin(items, liked).astype(np.float32)
