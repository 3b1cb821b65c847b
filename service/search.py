"""Finds items by name as they stand now: the bundle's, and those that were edited since."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import NamedTuple

from embed.bundle import Catalog
from retrieval.items import Items
from service.names import Names


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

    def search(self, words: str, start: int, n: int) -> list[Named]:
        """Up to n items whose name holds `words`, after the first `start`: names that begin with it first."""
        if self._edited.version != self._items.version:
            self._edited = self._fold()
        edited = self._edited
        stored = ((goodness, self._named(number)) for goodness, number in self._unedited(words, edited.hidden))
        fresh = ((goodness, edited.items[number]) for goodness, number in edited.names.matches(words))
        found = merge(stored, fresh, key=lambda match: match[0])
        return [item for _, item in islice(found, start, start + n)]

    def _unedited(self, words: str, hidden: set[int]) -> Iterator[tuple[int, int]]:
        return (match for match in self._names.matches(words) if match[1] not in hidden)

    def _named(self, number: int) -> Named:
        return Named(self._catalog.keys[number], self._catalog.names[number])

    def _fold(self) -> _Edited:
        version = self._items.version
        items, hidden = self._items.edited()
        named = sorted((Named(item.ref.key, item.name) for item in items), key=lambda one: one.key)
        return _Edited(version, named, Names([one.name for one in named]), hidden)
