"""Where a warm start begins: an earlier bundle, brought to the numbers of a new snapshot."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from embed.bundle import Bundle
from embed.learning import CHOSEN, TeacherOptions
from embed.warm import Warm, numbers
from kg.columns import map_arrays
from kg.snapshot import Interactions, Snapshot
from ontology.errors import InputError
from ontology.model import Ontology
from retrieval.features import feature_names
from retrieval.history import repeating

LIKES = ("(likes)",)
"""The name of the last relation of TransE, which is none of the ontology."""
TRANSE_EPOCHS, GNN_EPOCHS, GNN_RATE = 0.1, 0.15, 1 / 3
"""The parts of epochs and of the network's learning rate that vectors go on with: see docs/decisions/020."""
AFTER = 0.1
"""The part of the network's epochs after a bundle: see docs/decisions/046."""


def warm_start(bundle: Bundle, snapshot: Snapshot, ontology: Ontology, options: TeacherOptions) -> Warm:
    """What the bundle knows of the snapshot. Raises InputError where it is no place to start from."""
    if not bundle.learner_file.exists():
        raise InputError(f"bundle {bundle.version} was made by an older version, without what a warm start needs")
    if options.also != tuple(bundle.teachers.also):
        raise InputError(
            f"bundle {bundle.version} has other additional teachers; a warm start keeps "
            f"also={','.join(bundle.teachers.also) or '[]'}"
        )
    if tuple(bundle.manifest["features"]) != feature_names(options.also, repeats=bool(repeating(ontology).any())):
        raise InputError(f"bundle {bundle.version} has a ranker of other features; train without --from-bundle")
    learner = map_arrays(bundle.learner_file)
    dim, layers = bundle.teachers.transe_entities.shape[1], len(learner["mix"]) - 1
    if not learner.keys() >= set(CHOSEN) or len(learner["fold"]) != dim:
        raise InputError(f"bundle {bundle.version} was made by another version; train without --from-bundle")
    if (dim, layers) != (options.transe.dim, options.gnn.layers):
        raise InputError(
            f"bundle {bundle.version} has vectors or layers of another number; a warm start keeps transe.dim={dim} "
            f"and gnn.layers={layers}"
        )
    aware = len(learner.get("relations", ())) > 0
    if aware != options.gnn.relation_aware:
        raise InputError(
            f"bundle {bundle.version} has a graph network that is {'' if aware else 'not '}relation-aware; "
            f"a warm start keeps gnn.relation_aware={str(aware).lower()}"
        )
    return Warm(
        entity=earlier_numbers(snapshot, bundle),
        relation=numbers(
            [(r,) for r in (*snapshot.relations, LIKES)], [(r,) for r in (*bundle.catalog.relations, LIKES)]
        ),
        learner=learner | {"entity": bundle.teachers.transe_entities, "relation": bundle.teachers.transe_relations},
    )


def after(options: TeacherOptions) -> TeacherOptions:
    """What the teachers need after a bundle."""
    return shortened(options, AFTER)


def shortened(options: TeacherOptions, gnn_epochs: float = GNN_EPOCHS) -> TeacherOptions:
    """With as few epochs as it takes to go on from vectors.

    No likes are kept back to judge the network by: most would be likes that the bundle learned from.
    """
    transe = replace(options.transe, epochs=max(1, round(options.transe.epochs * TRANSE_EPOCHS)))
    gnn = replace(
        options.gnn,
        epochs=max(1, round(options.gnn.epochs * gnn_epochs)),
        learning_rate=options.gnn.learning_rate * GNN_RATE,
        validation=0.0,
    )
    return replace(options, transe=transe, gnn=gnn)


def learned_from(bundle: Bundle, snapshot: Snapshot) -> NDArray[np.bool_]:
    """Which interactions of the snapshot the bundle has learned from: bool (m,)."""
    old = bundle.interactions.where(~bundle.held_out)
    entity = earlier_numbers(snapshot, bundle)
    new_of = np.full(len(bundle.catalog.keys), -1, np.int64)
    new_of[entity[entity >= 0]] = np.flatnonzero(entity >= 0)
    user = new_of[old.user + bundle.catalog.n_items] - snapshot.n_items
    return np.isin(
        _codes(snapshot.interactions, snapshot.interactions.user, snapshot.interactions.item),
        _codes(old, user, new_of[old.item]),
    )


def _codes(interactions: Interactions, user: NDArray[np.integer], item: NDArray[np.integer]) -> NDArray[np.void]:
    """One value for each interaction: who, what, when; parallel to it."""
    columns = np.stack([user.astype(np.int64), item.astype(np.int64), interactions.at], axis=1)
    return np.ascontiguousarray(columns).view(np.dtype((np.void, 24))).ravel()


def earlier_numbers(snapshot: Snapshot, bundle: Bundle) -> NDArray[np.int64]:
    """For each entity of the snapshot its number in the bundle, or -1: int64 (n,)."""
    catalog = bundle.catalog
    new = [(snapshot.classes[c], key) for c, key in zip(snapshot.entity_class, snapshot.keys, strict=True)]
    old = [(catalog.classes[c], key) for c, key in zip(catalog.entity_class, catalog.keys, strict=True)]
    return numbers(new, old)
