"""What can be said: classes, relations and properties, and which class is a kind of which."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import networkx as nx

from ontology.constraints import Shape
from ontology.errors import InputError
from ontology.rules import Rule

Datatype = Literal["string", "integer", "number", "boolean", "date"]

ITEM = "Item"
"""The class of everything that can be recommended."""
USER = "User"
"""The class of everybody something is recommended to."""


@dataclass(frozen=True)
class Class:
    """A class of entities, for example `Film`; `name` is also its label in the graph (CamelCase)."""

    name: str
    iri: str
    label: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Property:
    """An attribute of an entity, for example `year`. `aligned` are its names in other vocabularies."""

    name: str
    iri: str
    label: str
    datatype: Datatype = "string"
    functional: bool = False
    aligned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relation:
    """A relation, for example `DIRECTED_BY`; `name` is also its type in the graph (UPPER_SNAKE).

    `label` reads head to tail ("directed by"), `inverse_label` tail to head ("directed").
    An interaction is a relation from a user to an item. It is positive from `positive_from` on (None: always). If it
    `repeats`, as with songs or groceries, what a user liked by it comes back.
    `functional` allows a head one tail, `inverse_functional` a tail one head. A triple of this relation is one of
    each of its `parents` too, and, swapped, one of `inverse`, where that is a relation that is stored itself.
    Of a `hierarchy` the tail is the wider one: `genre is_a "Crime"` follows it. `aligned` are its names elsewhere.
    """

    name: str
    iri: str
    label: str
    inverse_label: str
    domain: str
    range: str
    positive_from: float | None = None
    repeats: bool = False
    symmetric: bool = False
    transitive: bool = False
    functional: bool = False
    inverse_functional: bool = False
    parents: tuple[str, ...] = ()
    inverse: str | None = None
    hierarchy: bool = False
    aligned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ontology:
    """Classes, relations and properties by name; shapes and rules. `text` is the Turtle it was read from."""

    classes: Mapping[str, Class]
    relations: Mapping[str, Relation]
    properties: Mapping[str, Property]
    text: str
    shapes: tuple[Shape, ...] = ()
    rules: tuple[Rule, ...] = ()

    @cached_property
    def _tree(self) -> "nx.DiGraph[str]":
        return _tree(self.classes)

    @cached_property
    def _relation_tree(self) -> "nx.DiGraph[str]":
        return _tree(self.relations)

    def ancestors(self, cls: str) -> tuple[str, ...]:
        """All classes that `cls` is a kind of, itself first, then sorted by name."""
        if cls not in self.classes:
            raise InputError(f"class {cls!r} is not in the ontology; it has {', '.join(sorted(self.classes))}")
        return (cls, *sorted(nx.descendants(self._tree, cls)))

    def is_a(self, cls: str, ancestor: str) -> bool:
        """Whether `cls` is `ancestor` or a kind of it."""
        return ancestor in self.ancestors(cls)

    def kinds_of(self, ancestor: str) -> tuple[str, ...]:
        """All classes that are `ancestor` or a kind of it, sorted by name."""
        return tuple(sorted({ancestor, *nx.ancestors(self._tree, ancestor)}))

    def super_relations(self, relation: str) -> tuple[str, ...]:
        """All relations that `relation` is a kind of by rdfs:subPropertyOf, itself first, then sorted by name."""
        if relation not in self.relations:
            known = ", ".join(sorted(self.relations))
            raise InputError(f"relation {relation!r} is not in the ontology; it has {known}")
        return (relation, *sorted(nx.descendants(self._relation_tree, relation)))

    def is_interaction(self, relation: str) -> bool:
        """Whether the relation says what a user did with an item."""
        return self.is_a(self.relations[relation].domain, USER)

    def interactions(self) -> tuple[Relation, ...]:
        """The relations from a user to an item, sorted by name."""
        return tuple(r for n, r in sorted(self.relations.items()) if self.is_interaction(n))

    def knowledge(self) -> tuple[Relation, ...]:
        """The relations between entities that are not interactions, sorted by name."""
        return tuple(r for n, r in sorted(self.relations.items()) if not self.is_interaction(n))


def _tree(named: Mapping[str, Class] | Mapping[str, Relation]) -> "nx.DiGraph[str]":
    """What is a kind of what: edges lead to the parents."""
    tree: nx.DiGraph[str] = nx.DiGraph()
    tree.add_nodes_from(named)
    tree.add_edges_from((thing.name, parent) for thing in named.values() for parent in thing.parents)
    return tree
