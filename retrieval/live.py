"""Histories as they stand now: what the bundle holds, and every event in the journal since."""

import threading
from collections import defaultdict
from typing import Protocol

import numpy as np

from embed.bundle import Bundle
from kg.triples import Interaction
from retrieval.history import EMPTY, History, history_of


class Feed(Protocol):
    """The part of a journal that is read while serving."""

    def since(self, seq: int, limit: int) -> list[tuple[int, Interaction]]:
        """Events after `seq`, oldest first, each with its number."""


_BATCH = 10_000


class LiveState:
    """Follows the journal, so that an acknowledged event counts at the next request of every worker."""

    def __init__(self, bundle: Bundle, feed: Feed) -> None:
        self._bundle = bundle
        self._feed = feed
        self._seq = 0
        self._lock = threading.Lock()
        self._arrived: dict[str, list[tuple[int, bool, int]]] = defaultdict(list)
        catalog = bundle.catalog
        self._item = {key: i for i, key in enumerate(catalog.keys[: catalog.n_items])}
        users = catalog.keys[catalog.n_items : catalog.n_items + catalog.n_users]
        self._user = {key: i for i, key in enumerate(users)}
        self._indptr = np.searchsorted(bundle.interactions.user, np.arange(catalog.n_users + 1))

    def refresh(self) -> None:
        """Take in what the journal has gained. Raises StoreError if the journal cannot be read."""
        with self._lock:
            while events := self._feed.since(self._seq, _BATCH):
                for seq, event in events:
                    self._take(event)
                    self._seq = seq

    def item_number(self, key: str) -> int | None:
        """The number of an item, or None if the bundle does not know it."""
        return self._item.get(key)

    def users(self) -> tuple[str, ...]:
        """The keys of all users that have a history, in the bundle's order, then in order of arrival."""
        return tuple(self._user) + tuple(user for user in list(self._arrived) if user not in self._user)

    def history(self, user: str) -> History:
        """All that the user did; empty for an unknown one."""
        number, arrived = self._user.get(user), self._arrived.get(user, [])
        if number is None and not arrived:
            return EMPTY
        past = slice(0, 0) if number is None else slice(self._indptr[number], self._indptr[number + 1])
        stored = self._bundle.interactions
        rows = list(
            zip(stored.at[past].tolist(), stored.item[past].tolist(), stored.positive[past].tolist(), strict=True)
        )
        rows += [(at, item, positive) for item, positive, at in arrived]
        rows.sort()
        return history_of(np.array([r[1] for r in rows], np.int32), np.array([r[2] for r in rows], np.bool_))

    def _take(self, event: Interaction) -> None:
        item = self._item.get(event.item.key)
        relation = self._bundle.ontology.relations.get(event.relation)
        if item is None or relation is None:
            return  # an item that came after this bundle was trained; it counts in the next one
        positive = relation.positive_from is None or event.value >= relation.positive_from
        self._arrived[event.user.key].append((item, positive, event.at))
