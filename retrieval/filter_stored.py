"""What a bundle says of its entities, as columns and pairs that are made when they are asked for first."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import orjson

from embed.bundle import Bundle
from ontology.model import Property
from retrieval.filter_columns import Column, Numbers, column, texts


class Pairs(NamedTuple):
    """Heads and tails of a relation's triples: int (t,) each."""

    head: Numbers
    tail: Numbers


NONE = Pairs(np.empty(0, np.int64), np.empty(0, np.int64))


class Stored:
    """The columns of a bundle, which never change."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.classes = {name: number for number, name in enumerate(bundle.catalog.classes)}
        self._columns: dict[str, Column] = {}
        self._words: dict[str, tuple[Column, Column]] = {}

    def __len__(self) -> int:
        """How many entities there are."""
        return len(self.bundle.catalog.keys)

    def read(self) -> None:
        """Read the properties and the triples; the columns of each property come when somebody asks for them."""
        self.column(self.bundle.ontology.properties["name"]).containing("a")
        self.pairs("")

    def column(self, of: Property) -> Column:
        """The values of a property."""
        if of.name not in self._columns:
            self._columns[of.name] = column(of.datatype, *self._said.get(of.name, ([], [])))
        return self._columns[of.name]

    def words(self, cls: str) -> tuple[Column, Column]:
        """The keys and the names of the entities of exactly this class."""
        if cls not in self._words:
            catalog = self.bundle.catalog
            numbers = np.flatnonzero(catalog.entity_class == self.classes[cls])
            keys, names = ([column[i] for i in numbers.tolist()] for column in (catalog.keys, catalog.names))
            self._words[cls] = texts(numbers, keys), texts(numbers, names)
        return self._words[cls]

    def pairs(self, relation: str) -> Pairs:
        """The triples of a relation that are in the bundle."""
        return self._pairs.get(relation, NONE)

    @cached_property
    def _said(self) -> dict[str, tuple[list[int], list[object]]]:
        """Property -> the entities that have it, and what they have. Users are nobody's to ask for."""
        catalog, known = self.bundle.catalog, self.bundle.ontology.properties
        said: dict[str, tuple[list[int], list[object]]] = {}
        others = range(catalog.n_items + catalog.n_users, len(catalog.keys))
        for number in (*range(catalog.n_items), *others):
            for name, value in orjson.loads(catalog.properties[number]).items():
                if name in known:
                    entities, values = said.setdefault(name, ([], []))
                    entities.append(number)
                    values.append(value)
        return said

    @cached_property
    def _pairs(self) -> dict[str, Pairs]:
        graph = self.bundle.teachers.adjacency
        head = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(graph.indptr))
        ahead = np.flatnonzero(graph.relation >= 0)
        ahead = ahead[np.argsort(graph.relation[ahead], kind="stable")]
        head, tail, relation = head[ahead], graph.neighbour[ahead], graph.relation[ahead]
        ends = np.searchsorted(relation, np.arange(len(self.bundle.catalog.relations) + 1))
        named = enumerate(self.bundle.catalog.relations)
        return {name: Pairs(head[ends[i] : ends[i + 1]], tail[ends[i] : ends[i + 1]]) for i, name in named}
