"""Finds items by name as they stand now: the bundle's, and those that were edited since."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import NamedTuple

import numpy as np

from embed.bundle import Catalog
from retrieval.filters import Matching
from retrieval.items import Items
from retrieval.names import Names


class Named(NamedTuple):
    """An item by its key and name."""

    key: str
    name: str


class _Edited(NamedTuple):
    """The items edited up to a version of `Items`; `hidden` are the numbers that they replace, or that are deleted."""

    version: int
    items: list[Named]
    names: Names
    hidden: set[int]


class Searchable:
    """The names of a bundle's items, with every edit since on top: what was edited is folded anew after each one."""

    def __init__(self, catalog: Catalog, items: Items) -> None:
        self._catalog = catalog
        self._items = items
        self._names = Names(catalog.names[: catalog.n_items])
        self._edited = _Edited(0, [], Names([]), set())

    def search(self, words: str, start: int, n: int, matching: Matching | None = None) -> list[Named]:
        """Up to n items whose name holds `words`, after the first `start`: names that begin with it first."""
        if self._edited.version != self._items.version:
            self._edited = self._fold()
        edited = self._edited
        stored = ((good, self._named(number)) for good, number in self._unedited(words, edited.hidden, matching))
        fresh = self._edited_now(words, edited, matching)
        found = merge(stored, fresh, key=lambda match: match[0])
        return [item for _, item in islice(found, start, start + n)]

    def _unedited(self, words: str, hidden: set[int], matching: Matching | None) -> Iterator[tuple[int, int]]:
        if matching is not None and not words.split():  # all that match, without a look at the others
            return ((0, number) for number in np.flatnonzero(matching.mask).tolist() if number not in hidden)
        found = (match for match in self._names.matches(words) if match[1] not in hidden)
        return found if matching is None else (match for match in found if matching.mask[match[1]])

    def _edited_now(self, words: str, edited: _Edited, matching: Matching | None) -> Iterator[tuple[int, Named]]:
        found = ((goodness, edited.items[number]) for goodness, number in edited.names.matches(words))
        if matching is None:
            return found
        return (match for match in found if matching.has(self._items.number(match[1].key), match[1].key))

    def _named(self, number: int) -> Named:
        return Named(self._catalog.keys[number], self._catalog.names[number])

    def _fold(self) -> _Edited:
        version = self._items.version
        items, hidden = self._items.edited()
        named = sorted((Named(item.ref.key, item.name) for item in items), key=lambda one: one.key)
        return _Edited(version, named, Names([one.name for one in named]), hidden)
