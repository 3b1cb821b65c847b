"""Items as they stand now: what the bundle holds, and every edit in the journal since."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embed.bundle import Bundle
from kg.entries import Edit
from kg.planned import Standing
from kg.triples import Ref, Triple, Value


@dataclass(frozen=True)
class LiveItem:
    """An item, its properties, and what it says of others: relation -> tails."""

    ref: Ref
    properties: Mapping[str, Value]
    relations: Mapping[str, tuple[Ref, ...]]

    @property
    def name(self) -> str:
        """How a person reads it."""
        return str(self.properties.get("name", self.ref.key))

    def patched(self, edit: Edit) -> "LiveItem":
        """The item after a patch."""
        properties = {
            name: value for name, value in {**self.properties, **edit.properties}.items() if value is not None
        }
        relations = {name: tails for name, tails in {**self.relations, **edit.relations}.items() if tails}
        return LiveItem(self.ref, properties, relations)


class Items:
    """Knows every item by its key. One that is not in the bundle has no number here; retrieval/fresh.py gives it one.

    One thread at a time takes edits; any may read meanwhile.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        catalog = bundle.catalog
        self._number = {key: i for i, key in enumerate(catalog.keys[: catalog.n_items])}
        self._edited: dict[Ref, LiveItem | None] = {}  # None: deleted
        self._last: dict[str, Ref] = {}  # which item with this key was edited last
        self._gone: set[Ref] = set()  # deleted at some time: what the bundle says of it ended then
        self._heads: dict[Ref, set[Ref]] = defaultdict(set)  # the edited items that say something of it
        self._touched: dict[Ref, None] = {}  # what edits were about since somebody asked, in order
        self.version = 0

    def take(self, edit: Edit) -> None:
        """Let an edit count. A patch of what is not there changes nothing."""
        ref, before = edit.item, self._state(edit.item)
        if edit.op == "patch" and before is None:
            return
        self._touch(edit, before)
        if edit.op == "delete":
            self._forget(ref)
        after = self._after(edit, before)
        self._edited[ref] = after
        self._last[ref.key] = ref
        for tails in after.relations.values() if after else ():  # what a patch left as it was, too
            for tail in tails:
                self._heads[tail].add(ref)
        self.version += 1

    def touched(self) -> list[Ref]:
        """What the edits since `settle` were about: the items, and all that they are joined to, or were."""
        return list(self._touched)

    def settle(self) -> None:
        """Forget what was touched: it was taken in. What could not be, is asked for again."""
        self._touched = {}

    def is_new(self, ref: Ref) -> bool:
        """Whether this is an item that the bundle does not have. It may be deleted by now."""
        return ref in self._edited and self.entity(ref) is None

    def live(self, ref: Ref) -> LiveItem | None:
        """The edited item, None where it was not edited, or is deleted."""
        return self._edited.get(ref)

    def number(self, key: str) -> int | None:
        """The number in the bundle, also of an item that was deleted since; None for a new one."""
        if ref := self._last.get(key):
            return self.entity(ref)  # None if what has the key now is of a class in which it is new
        return self._number.get(key)

    def get(self, key: str) -> LiveItem | None:
        """The item with this key; None where there is none, or none any more."""
        ref = self._last.get(key)
        if ref is None:
            number = self._number.get(key)
            return None if number is None else self._stored(number)
        return self._edited[ref]

    def item_class(self, key: str) -> str | None:
        """The class of the item with this key; None where there is none, or none any more."""
        if ref := self._last.get(key):
            return ref.cls if self._edited[ref] else None
        number = self._number.get(key)
        return None if number is None else self._ref(number).cls

    def mentioned(self, key: str) -> bool:
        """Whether there is such an item, or was before an edit deleted it."""
        return key in self._number or key in self._last

    def has(self, ref: Ref) -> bool:
        """Whether there is such an entity, item or not."""
        return self._edited[ref] is not None if ref in self._edited else ref.key in self._entities.get(ref.cls, {})

    def name(self, ref: Ref) -> str:
        """How a person reads an entity."""
        if item := self._edited.get(ref):
            return item.name
        number = self._entities.get(ref.cls, {}).get(ref.key)
        return ref.key if number is None else self._bundle.catalog.names[number]

    def label(self, key: str) -> str:
        """How a person reads the item with this key, which may have been deleted."""
        if item := self.get(key):
            return item.name
        number = self._number.get(key)
        return key if number is None else self._bundle.catalog.names[number]

    def name_of(self, number: int) -> str:
        """How a person reads the entity with this number."""
        if self._edited and (item := self._edited.get(self._ref(number))):
            return item.name
        return self._bundle.catalog.names[number]

    def properties_of(self, number: int) -> dict[str, object]:
        """The properties of the entity with this number."""
        if self._edited and (item := self._edited.get(self._ref(number))):
            return dict(item.properties)
        properties: dict[str, object] = json.loads(self._bundle.catalog.properties[number])
        return properties

    def says(self, triple: Triple) -> bool:
        """Whether a triple that the bundle holds still holds."""
        if triple.head in self._edited:
            head = self._edited[triple.head]
            return head is not None and triple.tail in head.relations.get(triple.relation, ())
        return triple.tail not in self._gone

    def triples(self, item: LiveItem) -> list[Triple]:
        """All triples that an item is part of."""
        return list(self.about(item.ref).holds)

    def about(self, ref: Ref) -> Standing:
        """The triples that an entity is part of, item or not, and those of the bundle that hold no longer."""
        number = self.entity(ref)
        rows = dict.fromkeys([] if number is None else self._triples(number))
        heads = (ref, *self._heads.get(ref, ()))
        edited = [triple for head in heads if (item := self._edited.get(head)) for triple in _said(item)]
        said = [triple for triple in edited if ref in (triple.head, triple.tail) and triple not in rows]
        ended = [triple for triple in rows if not self.says(triple)]
        return Standing(said, [triple for triple in rows if self.says(triple)], ended)

    def edited(self) -> tuple[list[LiveItem], set[int]]:
        """The items that were edited since, and the numbers for which they stand, or which are deleted."""
        states = list(self._edited.items())
        numbers = (self.entity(ref) for ref, _ in states)
        return [item for _, item in states if item], {n for n in numbers if n is not None}

    def changes(self) -> tuple[dict[Ref, LiveItem | None], set[Ref]]:
        """The items that were edited since, None where deleted; and all that were deleted at some time."""
        return dict(self._edited), set(self._gone)

    def entity(self, ref: Ref) -> int | None:
        """The number of an entity in the bundle, item or not; None where the bundle has none."""
        return self._entities.get(ref.cls, {}).get(ref.key)

    def count(self) -> int:
        """How many items there are."""
        items, hidden = self.edited()
        return len(self._number) - len(hidden) + len(items)

    @property
    def deleted(self) -> NDArray[np.int32]:
        """The numbers of the bundle's items that are no more: int32."""
        numbers = (self.entity(ref) for ref in tuple(self._gone) if self._edited[ref] is None)
        return np.array([n for n in numbers if n is not None], np.int32)

    def _touch(self, edit: Edit, before: LiveItem | None) -> None:
        said = [before.relations, edit.relations] if before else [edit.relations]
        ends = [tail for relations in said for tails in relations.values() for tail in tails]
        self._touched |= dict.fromkeys([edit.item, *sorted(self._heads.get(edit.item, ())), *ends])

    def _after(self, edit: Edit, before: LiveItem | None) -> LiveItem | None:
        if edit.op == "delete":
            return None
        empty = LiveItem(edit.item, {}, {})
        return (before if before and edit.op == "patch" else empty).patched(edit)

    def _forget(self, ref: Ref) -> None:
        """Nobody says anything of it any more."""
        self._gone.add(ref)
        for head in self._heads.pop(ref, ()):
            if item := self._edited[head]:
                relations = {name: tuple(t for t in tails if t != ref) for name, tails in item.relations.items()}
                self._edited[head] = replace(
                    item, relations={name: tails for name, tails in relations.items() if tails}
                )

    def _state(self, ref: Ref) -> LiveItem | None:
        if ref in self._edited:
            return self._edited[ref]
        number = self.entity(ref)
        return None if number is None else self._stored(number)

    def _stored(self, number: int) -> LiveItem:
        ref, relations = self._ref(number), defaultdict[str, list[Ref]](list)
        for triple in self._triples(number):
            if triple.head == ref and self.says(triple):
                relations[triple.relation].append(triple.tail)
        properties = json.loads(self._bundle.catalog.properties[number])
        return LiveItem(ref, properties, {name: tuple(tails) for name, tails in relations.items()})

    def _triples(self, number: int) -> list[Triple]:
        """What the bundle says of an item."""
        catalog, ref = self._bundle.catalog, self._ref(number)
        neighbours, relations = self._bundle.teachers.adjacency.row(number)
        return [
            Triple(ref, catalog.relations[signed], self._ref(other))
            if signed >= 0
            else Triple(self._ref(other), catalog.relations[-1 - signed], ref)
            for other, signed in zip(neighbours.tolist(), relations.tolist(), strict=True)
        ]

    def _ref(self, number: int) -> Ref:
        catalog = self._bundle.catalog
        return Ref(catalog.classes[catalog.entity_class[number]], catalog.keys[number])

    @cached_property
    def _entities(self) -> dict[str, dict[str, int]]:
        """Class -> key -> number. Made when an edit first needs it: it takes about 100 bytes an entity."""
        catalog = self._bundle.catalog
        found: dict[str, dict[str, int]] = {cls: {} for cls in catalog.classes}
        for number, (cls, key) in enumerate(zip(catalog.entity_class.tolist(), catalog.keys, strict=True)):
            found[catalog.classes[cls]][key] = number
        return found


def _said(item: LiveItem) -> list[Triple]:
    return [Triple(item.ref, relation, tail) for relation, tails in item.relations.items() for tail in tails]
