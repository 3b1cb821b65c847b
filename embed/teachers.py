"""What was learned, as arrays. Every teacher reads a history, so that users nobody trained on are served alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embed.adjacency import Adjacency
from embed.also import Also
from embed.content import Content
from embed.userknn import UserNeighbours
from embed.weights import ItemWeights


@dataclass(frozen=True)
class Teachers:
    """The learned part of a bundle; I items, E entities, R relations, d dimensions.

    A user's vector is `sum(gnn_fold_in[i] for i in history) / sqrt(len(history))`; its score for item i is the
    inner product with `gnn_items[i]`. With the spectral vectors, s dimensions, it is a plain sum.
    """

    gnn_items: NDArray[np.float32]  # (I, d)
    gnn_fold_in: NDArray[np.float32]  # (I, d)
    spectral_items: NDArray[np.float32]  # (I, s)
    spectral_fold_in: NDArray[np.float32]  # (I, s)
    transe_entities: NDArray[np.float32]  # (E, d)
    transe_relations: NDArray[np.float32]  # (R + 1, d): the last one stands for all positive interactions
    neighbours: ItemWeights
    linear: ItemWeights
    transitions: ItemWeights  # added up by `following`: the newest likes say most
    users: UserNeighbours
    popularity: NDArray[np.int64]  # (I,): positive interactions that were learned from
    adjacency: Adjacency
    content: Content
    also: Mapping[str, Also] = field(default_factory=dict)  # by name, in the order of KINDS

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.popularity)
