"""The columns of a bundle with all edits on top: what an edited item said before counts no longer.

Entities have the bundle's numbers; what only edits name has numbers after those.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache

import numpy as np

from kg.triples import Ref
from ontology.model import Property
from retrieval.filter_columns import Column, Mask, Numbers, column, texts
from retrieval.filter_stored import Pairs, Stored
from retrieval.items import Items, LiveItem

Find = Callable[[Column], Numbers]
"""Finds entities in a column."""


class Fresh:
    """The numbers of entities that the bundle does not have, in the order in which edits named them."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.numbers: dict[Ref, int] = {}
        self._met: dict[Ref, LiveItem | None] = {}

    def meet(self, edited: Mapping[Ref, LiveItem | None], items: Items) -> None:
        """Number what the edited items name. Those that did not change since the last time were met then."""
        for ref, item in edited.items():
            if self._met.get(ref) is not item:
                self._met[ref] = item
                for one in (ref, *(tail for tails in item.relations.values() for tail in tails)) if item else ():
                    if items.entity(one) is None:
                        self.numbers.setdefault(one, self.first + len(self.numbers))


class Edited:
    """What the edited items say now. Only what is asked for is looked through: there may be thousands."""

    def __init__(self, edited: Mapping[Ref, LiveItem | None], items: Items, fresh: Fresh) -> None:
        self.fresh = dict(fresh.numbers)
        """The numbers of what the bundle does not have."""
        self.end = fresh.first + len(self.fresh)
        self._entity = items.entity
        self._items = {ref: item for ref, item in edited.items() if item is not None}
        self._number = {ref: self._number_of(ref) for ref in self._items}
        self.column = cache(self._column)
        """The values of a property."""
        self.words = cache(self._words)
        """The keys and the names of what was edited, or is new, of some classes."""

    def _column(self, of: Property) -> Column:
        having = [(self._number[ref], item.properties) for ref, item in self._items.items()]
        said = [(number, properties[of.name]) for number, properties in having if of.name in properties]
        return column(of.datatype, [number for number, _ in said], [value for _, value in said])

    def _words(self, kinds: frozenset[str]) -> tuple[Column, Column]:
        refs = [ref for ref in (self._items | self.fresh) if ref.cls in kinds]
        numbers = np.array([self._number_of(ref) for ref in refs], np.int64)
        names = [self._items[ref].name if ref in self._items else ref.key for ref in refs]
        return texts(numbers, [ref.key for ref in refs]), texts(numbers, names)

    def pairs(self, relation: str) -> Pairs:
        """The triples of a relation."""
        said = [
            (self._number[ref], self._number_of(tail))
            for ref, item in self._items.items()
            for tail in item.relations.get(relation, ())
        ]
        return Pairs(*np.array(said, np.int64).reshape(-1, 2).T)

    def items(self) -> list[int]:
        """The numbers of the edited items."""
        return list(self._number.values())

    def _number_of(self, ref: Ref) -> int:
        known = self._entity(ref)
        return self.fresh[ref] if known is None else known


class World:
    """Everything as it stands now. `n` entities; `items` bool (n,) says which are items."""

    def __init__(self, stored: Stored, items: Items, fresh: Fresh) -> None:
        edited, gone = items.changes()
        fresh.meet(edited, items)
        self._edited = bool(edited)
        self.stored = stored
        self.edited = Edited(edited, items, fresh)
        self.n = self.edited.end
        self._void = self._mask(n for n in map(items.entity, edited) if n is not None)
        self._gone = self._mask(n for n in map(items.entity, gone) if n is not None)
        self._pairs: dict[str, Pairs] = {}
        self.items = self._mask(range(stored.bundle.catalog.n_items)) & ~self._void
        self.items[self.edited.items()] = True

    def of_class(self, kinds: frozenset[str]) -> Mask:
        """Which entities are of one of the classes: bool (n,)."""
        classes = self.stored.classes
        found = self._mask(number for ref, number in self.edited.fresh.items() if ref.cls in kinds)
        wanted = [classes[kind] for kind in kinds if kind in classes]
        found[: len(self.stored)] = np.isin(self.stored.bundle.catalog.entity_class, wanted)
        return found

    def with_property(self, of: Property, find: Find) -> Mask:
        """Which entities have a value that `find` finds: bool (n,)."""
        return self._now([self.stored.column(of)], [self.edited.column(of)], find)

    def with_key(self, kinds: frozenset[str], find: Find) -> Mask:
        """Which entities of the classes have a key that `find` finds: bool (n,)."""
        return self._now([self.stored.words(kind)[0] for kind in kinds], [self.edited.words(kinds)[0]], find)

    def with_name(self, kinds: frozenset[str], find: Find) -> Mask:
        """Which entities of the classes have a name that `find` finds: bool (n,)."""
        return self._now([self.stored.words(kind)[1] for kind in kinds], [self.edited.words(kinds)[1]], find)

    def pairs(self, relation: str) -> Pairs:
        """The triples of a relation that hold, as they were said."""
        if not self._edited:
            return self.stored.pairs(relation)
        if relation not in self._pairs:
            head, tail = self.stored.pairs(relation)
            holds = ~(self._void[head] | self._gone[tail])
            said = self.edited.pairs(relation)
            self._pairs[relation] = Pairs(
                np.concatenate([head[holds], said.head]), np.concatenate([tail[holds], said.tail])
            )
        return self._pairs[relation]

    def _now(self, stored: Iterable[Column], edited: Iterable[Column], find: Find) -> Mask:
        found = self._mask(())
        for one in stored:
            found[find(one)] = True
        found &= ~self._void
        for one in edited:
            found[find(one)] = True
        return found

    def _mask(self, numbers: Iterable[int]) -> Mask:
        mask = np.zeros(self.n, np.bool_)
        mask[np.fromiter(numbers, np.int64)] = True
        return mask
