"""What a training is going to need: the matrices that grow faster than the catalog, or with an option."""

from collections.abc import Iterator

import numpy as np

from embed.also_learning import needs_also
from embed.closed_form import BLOCK_ENTRIES
from embed.gnn import USERS_AT_ONCE
from embed.learning import TeacherOptions
from embed.memory import Need
from embed.split import SPLIT_FROM
from kg.snapshot import Snapshot
from retrieval.features import feature_names
from retrieval.pairs import LENGTH

_FLOAT, _HALF = 4, 2
_BLOCK = 16
"""Bytes of each pair of items that is looked at at once: a weight, its size, and its place in the order."""
_CANDIDATES = 660
"""So many different items the sources find for a user: 656 on average on the films."""
_ALSO = 200
"""So many more each additional teacher finds at most (PER_SOURCE of retrieval/fresh_sources.py)."""
_PAIRS = 106
"""Bytes of each interaction, while those are paired that are so many places apart."""
_COPIES = 3
"""Of the ranker's examples: user by user, all together, and those that are learned from."""
_TABLES = 13
"""Of all entities, that the network has at once: parameters, gradient, Adam's two, average, best, and layers."""
_DIRECTIONS = 6
"""Of all items and users: what is iterated, and what it becomes. 5.4 were measured with 1,024 directions on gowalla."""
_WEIGHED = 4
"""For each layer of a relation-aware network: what every entity gets over each of its relations, before and after."""


def needs(
    snapshot: Snapshot,
    teachers: TeacherOptions,
    ranker_users: int,
    *,
    attending: bool = False,
    folds: int = 1,
) -> Iterator[Need]:
    """The largest first to be noticed; each as it would be if all interactions were positive. What a GPU needs of its
    own memory is not looked at.

    The ranker has examples from users whose histories are split, with pairs if it is `attending`, and that in each of
    its `folds`.
    """
    items = len(np.unique(snapshot.interactions.item))
    if teachers.device == "cpu":
        yield Need("the linear teacher", "linear.most_items", min(items, teachers.linear.most_items), _linear)
    directions = min(teachers.spectral_dim, snapshot.n_items)
    direction = _DIRECTIONS * _FLOAT * (snapshot.n_items + snapshot.n_users)
    yield Need("the spectral vectors", "spectral_dim", directions, lambda dim: dim * direction)
    following = min(items, teachers.transitions.most_items)
    pairs = _PAIRS * len(snapshot.interactions)
    yield Need("the transitions", "transitions.most_items", following, lambda n: _transitions(n) + pairs)
    _, interactions = np.unique(snapshot.interactions.user, return_counts=True)
    users = min(int((interactions >= SPLIT_FROM).sum()), ranker_users)
    candidates = min(_CANDIDATES + _ALSO * len(teachers.also), snapshot.n_items)
    features = len(feature_names(teachers.also, repeats=True))  # two more than there are where nothing repeats
    candidate = (features * _FLOAT + attending * LENGTH * _HALF) * _COPIES
    user = candidates * candidate
    yield Need("the ranker's examples", "ranker_users", users, lambda users: users * user * folds)
    yield needs_vectors(snapshot, teachers)
    yield from needs_also(snapshot, teachers)


def needs_vectors(snapshot: Snapshot, teachers: TeacherOptions) -> Need:
    """What TransE and the network need; the network has more."""
    rows = len(snapshot.keys) * _TABLES
    if teachers.gnn.relation_aware:
        over_relations = 2 * len(snapshot.triples) + snapshot.n_items + snapshot.n_users
        rows += over_relations * _WEIGHED * teachers.gnn.layers
    dimension = rows * _FLOAT
    judged = min(USERS_AT_ONCE, snapshot.n_users) * snapshot.n_items * _FLOAT * 2
    return Need("the graph network", "transe.dim", teachers.transe.dim, lambda dim: dim * dimension + judged)


def _transitions(n: int) -> int:
    """Bytes for so many items: two matrices."""
    return 2 * _FLOAT * n * n + _BLOCK * min(n * n, BLOCK_ENTRIES)


def _linear(n: int) -> int:
    """Bytes for so many items.

    Within a seventh of what was measured on the films with 3,000, 6,000 and 6,993 items; where many users like much,
    the sparse product takes up to 8 bytes a pair more.
    """
    return _FLOAT * n * n + _BLOCK * min(n * n, BLOCK_ENTRIES)
