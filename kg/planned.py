"""What will be there when some edits are done, of which each may rest on those before it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kg.entries import Edit
from kg.triples import Ref, Triple


@dataclass(frozen=True)
class Standing:
    """The triples that an entity is part of.

    `said` by edits; `stored` before them, which may only follow from others; `ended`: stored once, until an edit.
    """

    said: Sequence[Triple]
    stored: Sequence[Triple]
    ended: Sequence[Triple] = ()

    @property
    def holds(self) -> tuple[Triple, ...]:
        """All that hold, each once."""
        return tuple(dict.fromkeys((*self.stored, *self.said)))


class Known(Protocol):
    """What is there already."""

    def item_class(self, key: str) -> str | None:
        """The class of the item with this key; None where there is none."""

    def has(self, ref: Ref) -> bool:
        """Whether there is such an entity."""

    def about(self, ref: Ref) -> Standing:
        """The triples that an entity is part of."""


class Planned:
    """The same when the edits so far are done: a `Known`."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._classes: dict[str, str | None] = {}
        self._naming: dict[Ref, dict[int, Edit]] = defaultdict(dict)  # the edits that are about an entity, by number
        self._edits = 0

    def take(self, edit: Edit) -> None:
        """Plan an edit after those before it."""
        self._classes[edit.item.key] = None if edit.op == "delete" else edit.item.cls
        for ref in (edit.item, *(tail for tails in edit.relations.values() for tail in tails)):
            self._naming[ref][self._edits] = edit
        self._edits += 1

    def item_class(self, key: str) -> str | None:
        """The class of the item with this key; None where there is none."""
        return self._classes[key] if key in self._classes else self._known.item_class(key)

    def has(self, ref: Ref) -> bool:
        """Whether there is such an entity."""
        if ref.key in self._classes and ref.cls in {self._classes[ref.key], self._known.item_class(ref.key)}:
            return self._classes[ref.key] == ref.cls
        return self._known.has(ref)

    def about(self, ref: Ref) -> Standing:
        """The triples that an entity is part of."""
        standing = self._known.about(ref)
        named = (edit.item for edit in self._naming.get(ref, {}).values())
        joined = {ref, *named, *(end for triple in standing.holds for end in (triple.head, triple.tail))}
        edits = {number: edit for end in joined for number, edit in self._naming.get(end, {}).items()}
        for _, edit in sorted(edits.items()):
            standing = _after(edit, ref, standing)
        return standing


def _after(edit: Edit, ref: Ref, before: Standing) -> Standing:
    """The triples that an entity is part of, after an edit of it or of another."""
    said = [Triple(edit.item, name, tail) for name, tails in edit.relations.items() for tail in tails]
    new = [triple for triple in said if ref in (triple.head, triple.tail)]

    def stays(triple: Triple) -> bool:
        if edit.op == "delete":
            return edit.item not in (triple.head, triple.tail)
        return triple.head != edit.item or (edit.op == "patch" and triple.relation not in edit.relations)

    stored = [triple for triple in before.stored if stays(triple) and triple not in new]
    ended = [triple for triple in before.stored if not stays(triple) and triple not in new]
    return Standing([*filter(stays, before.said), *new], stored, [*before.ended, *ended])
