"""The knowledge of the graph as one array per column, walked from any entity in both directions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.ragged import places


@dataclass(frozen=True)
class Adjacency:
    """Compressed rows: entity e touches `neighbour[indptr[e]:indptr[e + 1]]`.

    `indptr` int64 (n + 1,); `neighbour` int32 (2t,); `relation` int16 (2t,): r where the triple is
    (e, r, neighbour), and -1 - r where it is (neighbour, r, e).
    """

    indptr: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    relation: NDArray[np.int16]

    def degree(self, entities: NDArray[np.integer]) -> NDArray[np.int64]:
        """How many triples each of the entities is in: int64, in the shape given."""
        return np.asarray(self.indptr[entities + 1] - self.indptr[entities], np.int64)

    def row(self, entity: int) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
        """The neighbours of one entity and the relations to them."""
        begin, end = int(self.indptr[entity]), int(self.indptr[entity + 1])
        return self.neighbour[begin:end], self.relation[begin:end]

    def gather(self, entities: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The neighbours of many entities at once: which of `entities` (position, int64), and its neighbour."""
        owner, place = places(self.indptr, entities)
        return owner, np.asarray(self.neighbour[place], np.int32)


def adjacency(triples: NDArray[np.int32], n_entities: int) -> Adjacency:
    """Turn triples int32 (t, 3), head, relation, tail, into rows that can be walked both ways."""
    head, relation, tail = triples.T
    source = np.concatenate([head, tail])
    signed = np.concatenate([relation, -1 - relation]).astype(np.int16)
    neighbour = np.concatenate([tail, head]).astype(np.int32)
    order = np.lexsort((signed, neighbour, source))
    indptr = np.zeros(n_entities + 1, np.int64)
    np.cumsum(np.bincount(source, minlength=n_entities), out=indptr[1:])
    return Adjacency(indptr, neighbour[order], signed[order])
