"""The graph as paths are walked: the bundle's, and what is said of new items on top."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.bundle import Bundle
from kg.triples import Ref
from retrieval.fresh import Fresh, Row


@dataclass(frozen=True)
class Walk:
    """Rows of entities by number, those of new items after all others."""

    bundle: Bundle
    fresh: Fresh

    def row(self, entity: int) -> Row:
        """What triples join an entity to, and the signed relations. A known entity's row has no new items."""
        if entity < self.fresh.first:
            return self.bundle.teachers.adjacency.row(entity)
        return self.fresh.rows[entity - self.fresh.first]

    def relation(self, start: int, end: int) -> int:
        """The signed relation from one entity to another that a triple joins it to."""
        if end >= self.fresh.first > start:  # only the new item's row has it
            return -1 - self.relation(end, start)
        near, relations = self.row(start)
        return int(relations[int(np.searchsorted(near, end))])

    def gather(self, entities: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The neighbours of many entities: which of `entities` (position, int64), and its neighbour, int32."""
        graph = self.bundle.teachers.adjacency
        if not (entities >= self.fresh.first).any():
            return graph.gather(entities)
        rows = [self.row(entity)[0] for entity in entities.tolist()]
        return np.repeat(np.arange(len(rows)), [len(row) for row in rows]), np.concatenate(rows).astype(np.int32)

    def degree(self, entity: int) -> int:
        """How many triples an entity is in."""
        return len(self.row(entity)[0])

    def vectors(self, entities: list[int]) -> NDArray[np.float32]:
        """TransE's vectors of entities: float32 (n, d)."""
        first, teachers = self.fresh.first, self.bundle.teachers
        rows = [teachers.transe_entities[e] if e < first else self.fresh.transe[e - first] for e in entities]
        return np.stack(rows)

    def ref(self, entity: int) -> Ref:
        """The class and key of an entity."""
        if entity >= self.fresh.first:
            return self.fresh.refs[entity - self.fresh.first]
        catalog = self.bundle.catalog
        return Ref(catalog.classes[catalog.entity_class[entity]], catalog.keys[entity])
