"""What a training is going to need: the matrices that grow faster than the catalog, or with an option."""

from collections.abc import Iterator

import numpy as np

from embed.gnn import USERS_AT_ONCE
from embed.learning import TeacherOptions
from embed.memory import Need
from kg.snapshot import Snapshot
from retrieval.features import FEATURES
from retrieval.recommend import PER_SOURCE

_FLOAT = 4
_SPARSE = 8
"""Bytes of a number and its place in a sparse matrix."""
_CANDIDATES = 3 * PER_SOURCE
"""So many different items the sources find for a user: 590 on the films."""
_COPIES = 3
"""Of the ranker's examples: user by user, all together, and those that are learned from."""
_TABLES = 12
"""Of all entities, that the network has at once: parameters, gradient, Adam's two, the best one, and its layers."""


def needs(snapshot: Snapshot, teachers: TeacherOptions, ranker_users: int) -> Iterator[Need]:
    """The largest first to be noticed; each as it would be if all interactions were positive."""
    items = len(np.unique(snapshot.interactions.item))
    n = min(items, teachers.linear.most_items)
    most = "linear.most_items"
    yield Need("the linear teacher", (_FLOAT + _SPARSE) * n * n, most, min(teachers.linear.most_items, items), 2)
    users = min(snapshot.n_users, ranker_users)
    found = min(_CANDIDATES, snapshot.n_items)
    examples = users * found * len(FEATURES) * _FLOAT * _COPIES
    yield Need("the ranker's examples", examples, "ranker_users", min(ranker_users, snapshot.n_users))
    entities = len(snapshot.keys) * teachers.transe.dim * _FLOAT * _TABLES
    judged = min(USERS_AT_ONCE, snapshot.n_users) * snapshot.n_items * _FLOAT * 2
    yield Need("the graph network", entities + judged, "transe.dim", teachers.transe.dim)
