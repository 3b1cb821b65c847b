"""All teachers learn from one snapshot: TransE first, the network starts from it, the linear ones beside it."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from embed.adjacency import adjacency
from embed.gnn import GnnOptions, train_gnn
from embed.itemknn import item_neighbours
from embed.linear import LinearOptions, linear_neighbours
from embed.linear_choice import chosen
from embed.network import GnnGraph
from embed.spectral import spectral_vectors
from embed.teachers import Teachers
from embed.transe import TransEOptions, train_transe
from embed.userknn import user_neighbours
from kg.bounds import Count, NonNegative
from kg.progress import Progress, silent
from kg.snapshot import Interactions, Snapshot
from ontology.errors import NotReadyError


@dataclass(frozen=True)
class TeacherOptions:
    """What the teachers need; `seed` and `device` overrule those of each."""

    transe: TransEOptions = field(default_factory=TransEOptions)
    gnn: GnnOptions = field(default_factory=GnnOptions)
    linear: LinearOptions = field(default_factory=LinearOptions)
    spectral_dim: Count = 64
    neighbours: Count = 200
    shrinkage: NonNegative = 10.0
    seed: int = 0
    device: str = "cpu"


def learn(
    snapshot: Snapshot, known: NDArray[np.bool_], options: TeacherOptions, progress: Progress = silent
) -> Teachers:
    """Learn from the knowledge and from those interactions, bool (m,), that are known; from nothing else.

    Raises NotReadyError if no known interaction is positive.
    """
    liked = snapshot.interactions.where(known & snapshot.interactions.positive)
    if not len(liked):
        raise NotReadyError("there is no positive interaction to learn from: load interactions with `kg ingest` first")
    n_entities, n_items, n_users = len(snapshot.keys), snapshot.n_items, snapshot.n_users
    transe_options = replace(options.transe, seed=options.seed, device=options.device)
    triples = _triples(snapshot, liked)
    transe = train_transe(triples, n_entities, len(snapshot.relations) + 1, transe_options, progress)
    pairs = np.unique(np.stack([liked.user, liked.item], axis=1), axis=0)
    graph = GnnGraph(snapshot.triples, pairs, n_entities, n_items, n_users)
    gnn_options = replace(options.gnn, seed=options.seed, device=options.device)
    gnn = train_gnn(graph, transe.entities, gnn_options, progress)
    near = item_neighbours(pairs, n_users=n_users, n_items=n_items, k=options.neighbours, shrinkage=options.shrinkage)
    progress("linear", 0, 1)
    size = {"n_users": n_users, "n_items": n_items}
    linear_options = chosen(pairs, snapshot.triples, **size, options=options.linear, seed=options.seed)
    linear = linear_neighbours(pairs, snapshot.triples, **size, options=linear_options)
    progress("linear", 1, 1)
    spectral = spectral_vectors(pairs, n_users=n_users, n_items=n_items, dim=options.spectral_dim, seed=options.seed)
    return Teachers(
        gnn_items=gnn.items,
        gnn_fold_in=gnn.fold_in,
        spectral_items=spectral.items,
        spectral_fold_in=spectral.fold_in,
        transe_entities=transe.entities,
        transe_relations=transe.relations,
        neighbours=near,
        linear=linear,
        users=user_neighbours(pairs, n_users=n_users, n_items=n_items, seed=options.seed),
        popularity=np.bincount(liked.item, minlength=snapshot.n_items),
        adjacency=adjacency(snapshot.triples, n_entities),
    )


def _triples(snapshot: Snapshot, liked: Interactions) -> NDArray[np.int32]:
    """The knowledge, and "likes" as one more relation from the user to the item."""
    likes = np.full(len(liked), len(snapshot.relations), np.int32)
    return np.concatenate([snapshot.triples, np.stack([liked.user + snapshot.n_items, likes, liked.item], axis=1)])
