"""A tree and an ontology -> a function that says which entities match; everything that can be wrong is found here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

import numpy as np

from ontology.model import ITEM, Ontology
from retrieval.filter_columns import Mask
from retrieval.filter_find import find_of
from retrieval.filter_meaning import ITSELF, Attribute, Meanings, Walk, plain
from retrieval.filter_tree import (
    ORDERED,
    And,
    Compared,
    Contains,
    FilterError,
    Has,
    IsA,
    Name,
    Not,
    Or,
    Test,
    Tree,
)
from retrieval.filter_walk import Walks, chain
from retrieval.filter_world import World

Condition = Callable[[World], Mask]
"""Which entities match: bool (n,)."""


@dataclass(frozen=True)
class Place:
    """What a path leads to: entities of the classes `kinds`, called `label`, and of them maybe an `attribute`."""

    walks: tuple[Walk, ...]
    kinds: frozenset[str]
    label: str
    attribute: Attribute | None
    name: Name


class Compiler:
    """Compiles the filters of one ontology."""

    def __init__(self, ontology: Ontology) -> None:
        self._meanings = Meanings(ontology)
        self._walks = Walks(ontology)
        kinds = [kind for kind in self._meanings.items if kind != ITEM]
        self._item = kinds[0] if len(kinds) == 1 else ITEM

    def compiled(self, tree: Tree) -> Condition:
        """The function of a tree. Raises FilterError."""
        match tree:
            case Or(parts):
                return _joined(or_, map(self.compiled, parts))
            case And(parts):
                return _joined(and_, map(self.compiled, parts))
            case Not(part):
                return _negated(self.compiled(part))
            case Compared(path, "!=", constant):
                return _negated(self.compiled(Compared(path, "=", constant)))
            case _:
                place = self._place(tree.path)
                return self._back(place.walks, self._condition(tree, place))

    def _place(self, path: tuple[Name, ...]) -> Place:
        walks: list[Walk] = []
        kinds, label = self._meanings.items, self._item
        for i, name in enumerate(path):
            if i == 0 and plain(name.text) == ITSELF:
                continue
            meaning = self._meanings.of(name, kinds, label)
            if isinstance(meaning, Attribute):
                if i + 1 < len(path):
                    raise FilterError(path[i + 1].at, f"nothing can follow {name.text!r}, which is a property")
                return Place(tuple(walks), kinds, label, meaning, name)
            walks.append(meaning)
            kinds = meaning.end
            label = meaning.relation.domain if meaning.inverse else meaning.relation.range
        return Place(tuple(walks), kinds, label, None, path[-1])

    def _back(self, walks: tuple[Walk, ...], condition: Condition) -> Condition:
        """The entities from which the walks lead to one that meets the condition."""
        for walk in reversed(walks):
            condition = self._step(walk, condition)
        return condition

    def _step(self, walk: Walk, condition: Condition) -> Condition:
        name, inverse = walk.relation.name, walk.inverse
        return lambda world: self._walks.heads(world, name, condition(world), inverse=inverse)

    def _condition(self, test: Test, place: Place) -> Condition:
        """What the entity at the end of the path has to be like."""
        if place.attribute is None:
            return self._is_a(test, place) if isinstance(test, IsA) else _entity(test, place)
        of = place.attribute.of
        if of is None:
            find = find_of(test, "string", place.name, "a key, which is a text")
            return lambda world: world.with_key(place.kinds, find)
        find = find_of(test, of.datatype, place.name)
        return lambda world: world.with_property(of, find)

    def _is_a(self, test: IsA, place: Place) -> Condition:
        if isinstance(test.kind, Name):
            kinds = self._meanings.kinds(test.kind)
            return lambda world: world.of_class(kinds)
        above = [walk for walk in self._meanings.hierarchies if walk.start & place.kinds]
        if not above:
            raise FilterError(
                test.kind.at,
                f"no relation of the ontology is a kg:Hierarchy that says of what {place.label} is a kind; "
                "use =, or name a class without quotes",
            )
        wider = _called(Compared(test.path, "=", test.kind), place.kinds.union(*(walk.end for walk in above)), place)

        def narrower(world: World) -> Mask:
            def once(some: Mask) -> Mask:
                return reduce(or_, (self._walks.heads(world, walk.relation.name, some) for walk in above))

            named = wider(world)
            return named | chain(once, named)

        return narrower


def _entity(test: Test, place: Place) -> Condition:
    """A test of an entity itself: by its key or name, or whether it is there."""
    if isinstance(test, Has):
        return lambda world: np.ones(world.n, np.bool_)
    if isinstance(test, Compared) and test.operator in ORDERED:
        raise FilterError(test.constant.at, f"{_described(place)}, which has no order; use =, in, contains or is_a")
    return _called(test, place.kinds, place)


def _called(test: Test, kinds: frozenset[str], place: Place) -> Condition:
    """Entities of the classes by key or name."""
    find = find_of(test, "string", place.name, f"{_described(place, said=False)}, known by its key or name, a text")
    if isinstance(test, Contains):
        return lambda world: world.with_name(kinds, find)
    return lambda world: world.with_key(kinds, find) | world.with_name(kinds, find)


def _described(place: Place, *, said: bool = True) -> str:
    article = "an" if place.label[0] in "AEIOU" else "a"
    what = f"a relation to {place.label}" if place.walks else f"{article} {place.label}"
    return f"{place.name.text!r} is {what}" if said else what


def _negated(condition: Condition) -> Condition:
    return lambda world: ~condition(world)


def _joined(join: Callable[[Mask, Mask], Mask], conditions: Iterable[Condition]) -> Condition:
    parts = tuple(conditions)
    return lambda world: reduce(join, (part(world) for part in parts))
