"""Which items match a filter, as they stand now. Each filter is compiled once, and evaluated once for each edit."""

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from embed.bundle import Bundle
from retrieval.filter_columns import Mask
from retrieval.filter_compiled import Compiler, Condition
from retrieval.filter_stored import Stored
from retrieval.filter_text import parse
from retrieval.filter_world import Fresh, World
from retrieval.items import Items

KEPT = 64
"""Filters that are kept with what they match: one byte for each item."""


@dataclass(frozen=True)
class Matching:
    """What a filter matches: `mask` bool (I,) of the bundle's items, and the keys of items that it does not have."""

    mask: Mask
    fresh: frozenset[str] = frozenset()

    def has(self, number: int | None, key: str) -> bool:
        """Whether an item matches, by its number, or by its key where it has none."""
        return key in self.fresh if number is None else bool(self.mask[number])


class Filters:
    """The filters of one bundle, with the edits of its items."""

    def __init__(self, bundle: Bundle, items: Items) -> None:
        self._items = items
        self._n_items = bundle.catalog.n_items
        self._stored = Stored(bundle)
        self._fresh = Fresh(len(self._stored))
        self._making = Lock()
        self._compiler = Compiler(bundle.ontology)
        self.compiled = lru_cache(KEPT)(self._compiled)
        """The function of a filter's text. Raises FilterError."""
        self._at = lru_cache(KEPT)(self._matching)
        self._world = lru_cache(1)(self._world_of)

    def matching(self, text: str) -> Matching:
        """The items that match a filter. Raises FilterError."""
        return self._at(text, self._items.version)

    def warm_up(self) -> None:
        """Read what filters look at, so that the first one is as quick as the next."""
        self._stored.read()

    def _compiled(self, text: str) -> Condition:
        return self._compiler.compiled(parse(text))

    def _matching(self, text: str, version: int) -> Matching:
        condition = self.compiled(text)
        world = self._world(version)
        found = condition(world) & world.items
        mask = found[: self._n_items].copy()
        mask.setflags(write=False)
        fresh = frozenset(ref.key for ref, number in world.edited.fresh.items() if found[number])
        return Matching(mask, fresh)

    def _world_of(self, version: int) -> World:
        # What is newer than the version counts already: the next version comes, and then all is made anew.
        with self._making:
            return World(self._stored, self._items, self._fresh)
