"""The teachers that learn in epochs: TransE, and the graph network, which starts from it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embed.gnn import PHASE as GNN
from embed.gnn import GnnOptions, GnnVectors, train_gnn
from embed.lesson import pairs
from embed.network import GnnGraph
from embed.run import ALONE, Run
from embed.transe import TransEOptions, TransEVectors, train_transe
from embed.warm import Arrays, Warm
from kg.snapshot import Interactions, Snapshot

TRANSE = "transe"
PHASES = (TRANSE, GNN)


@dataclass(frozen=True)
class VectorLesson:
    """What they learn from; `triples` int32 (t, 3) are the knowledge and the likes, `relations` how many there are."""

    triples: NDArray[np.int32]
    relations: int
    graph: GnnGraph
    transe: TransEOptions
    gnn: GnnOptions

    @classmethod
    def of(cls, snapshot: Snapshot, liked: Interactions, transe: TransEOptions, gnn: GnnOptions) -> "VectorLesson":
        """From the knowledge of the snapshot and what was liked."""
        relations = len(snapshot.relations) + 1
        sizes = len(snapshot.keys), snapshot.n_items, snapshot.n_users, relations
        return cls(_triples(snapshot, liked), relations, GnnGraph(snapshot.triples, pairs(liked), *sizes), transe, gnn)


class Vectors(NamedTuple):
    """What they have learned."""

    transe: TransEVectors
    gnn: GnnVectors

    @property
    def learner(self) -> Arrays:
        """What a warm start goes on with beside TransE's vectors (see embed/warm.py)."""
        return {
            "entity_sums": self.transe.entity_sums,
            "relation_sums": self.transe.relation_sums,
            "start": self.gnn.start,
            "fold": self.gnn.fold,
            "mix": self.gnn.mix,
            "relations": self.gnn.relations,
        }

    @property
    def start(self) -> Warm:
        """Where others of the same entities and relations go on from these."""
        entity, relation = self.transe.entities, self.transe.relations
        learner = self.learner | {"entity": entity, "relation": relation}
        return Warm(np.arange(len(entity)), np.arange(len(relation)), learner)


def learn_vectors(lesson: VectorLesson, run: Run = ALONE, warm: Warm | None = None) -> Vectors:
    """Both, each a phase of its own; `warm` is where they start.

    Raises NotReadyError where there is too little to learn from, and InputError where training diverges.
    """
    n, graph = lesson.graph.n_entities, lesson.graph
    transe = run.finished(
        TRANSE,
        TransEVectors,
        lambda: train_transe(lesson.triples, n, lesson.relations, lesson.transe, run, warm=warm),
    )
    gnn = run.finished(GNN, GnnVectors, lambda: train_gnn(graph, transe.entities, lesson.gnn, run, warm=warm))
    return Vectors(transe, gnn)


def _triples(snapshot: Snapshot, liked: Interactions) -> NDArray[np.int32]:
    """The knowledge, and "likes" as one more relation from the user to the item."""
    likes = np.full(len(liked), len(snapshot.relations), np.int32)
    return np.concatenate([snapshot.triples, np.stack([liked.user + snapshot.n_items, likes, liked.item], axis=1)])
