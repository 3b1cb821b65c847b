"""The world as it stands now: what the bundle holds, and every event and edit in the journal since."""

import threading
from collections import defaultdict
from typing import Protocol

import numpy as np

from embed.bundle import Bundle
from kg.entries import Entry
from kg.triples import Interaction
from retrieval.fresh import Composer, no_fresh
from retrieval.history import EMPTY, History, history_of, repeating
from retrieval.items import Items


class Feed(Protocol):
    """The part of a journal that is read while serving."""

    def since(self, seq: int, limit: int) -> list[tuple[int, Entry]]:
        """Events and edits after `seq`, oldest first, each with its number."""


_BATCH = 10_000
NONE = -1
"""In the place of the number of an item that has none: it was new, and was deleted."""


_Did = tuple[int, int, str, bool, bool]
"""What a user did: when, the item's number and key, whether it was positive, whether the item may be met again."""


class LiveState:
    """Follows the journal, so that what was acknowledged counts at the next request of every worker."""

    def __init__(self, bundle: Bundle, feed: Feed) -> None:
        self.items = Items(bundle)
        self.fresh = no_fresh(bundle)
        self._composer = Composer(bundle)
        self._bundle = bundle
        self._feed = feed
        self._seq = 0
        self._learned = int(bundle.manifest.get("journal", 0))
        """Up to here the graph had the journal when the bundle was made from it: those edits are in the bundle."""
        self._lock = threading.Lock()
        self._arrived: dict[str, list[tuple[int, str, bool, bool]]] = defaultdict(list)
        self._repeats = repeating(bundle.ontology)
        catalog = bundle.catalog
        users = catalog.keys[catalog.n_items : catalog.n_items + catalog.n_users]
        self._user = {key: i for i, key in enumerate(users)}
        self._indptr = np.searchsorted(bundle.interactions.user, np.arange(catalog.n_users + 1))

    @property
    def seq(self) -> int:
        """Up to here the journal counts; to be read before what it is to vouch for."""
        return self._seq

    def refresh(self) -> None:
        """Take in what the journal has gained. Raises StoreError if the journal cannot be read."""
        with self._lock:
            while entries := self._feed.since(self._seq, _BATCH):
                for seq, entry in entries:
                    if isinstance(entry, Interaction):
                        self._take(entry)
                    elif seq > self._learned:
                        self.items.take(entry)
                    self._seq = seq
            if touched := self.items.touched():
                self.fresh = self._composer.after(self.fresh, self.items, touched)
                self.items.settle()

    def number(self, key: str) -> int | None:
        """The number of an item: in the bundle, where it may be deleted since, or among those that are new."""
        stored = self.items.number(key)
        return self.fresh.number.get(key) if stored is None else stored

    def item_number(self, key: str) -> int | None:
        """The number of an item; None if there is none (any more)."""
        return None if self.items.item_class(key) is None else self.number(key)

    def users(self) -> tuple[str, ...]:
        """The keys of all users that have a history, in the bundle's order, then in order of arrival."""
        return tuple(self._user) + tuple(user for user in list(self._arrived) if user not in self._user)

    def history(self, user: str) -> History:
        """All that the user did with items that have a number; empty for an unknown one."""
        rows = [row for row in self._did(user) if row[1] != NONE]
        if not rows:
            return EMPTY
        _, items, _, positive, repeats = zip(*rows, strict=True)
        return history_of(np.array(items, np.int32), np.array(positive, np.bool_), np.array(repeats, np.bool_))

    def activity(self, user: str) -> list[tuple[str, bool]]:
        """All that the user did, with new and with deleted items, too: key, whether it was liked; newest last."""
        last: dict[str, bool] = {}
        for _, _, key, positive, _ in self._did(user):
            last.pop(key, None)
            last[key] = positive
        return list(last.items())

    def _did(self, user: str) -> list[_Did]:
        number, arrived = self._user.get(user), self._arrived.get(user, [])
        if number is None and not arrived:
            return []
        past = slice(0, 0) if number is None else slice(self._indptr[number], self._indptr[number + 1])
        stored, keys = self._bundle.interactions, self._bundle.catalog.keys
        items = stored.item[past].tolist()
        repeats = self._repeats[stored.kind[past]].tolist()
        columns = (stored.at[past].tolist(), items, [keys[i] for i in items], stored.positive[past].tolist(), repeats)
        rows: set[_Did] = set(zip(*columns, strict=True))  # the journal has some of them, too
        for at, key, positive, repeated in arrived:
            if self.items.mentioned(key):
                found = self.number(key)
                rows.add((at, NONE if found is None else found, key, positive, repeated))
        first = self.fresh.first  # of what happened at once, new items come last, in order of their keys
        return sorted(rows, key=lambda row: (row[0], min(row[1], first), *row[2:]))

    def _take(self, event: Interaction) -> None:
        relation = self._bundle.ontology.relations.get(event.relation)
        if relation is not None:
            positive = relation.positive_from is None or event.value >= relation.positive_from
            self._arrived[event.user.key].append((event.at, event.item.key, positive, relation.repeats))
