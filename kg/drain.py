"""From the journal to the graph store, in the background: idempotent, and patient while the store is down."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import groupby
from threading import Event

from kg.edit_store import apply_edits
from kg.entries import Edit
from kg.journal import Journal
from kg.store import GraphStore
from kg.triples import Interaction
from ontology.errors import StoreError

log = logging.getLogger(__name__)

BATCH = 5000
LONGEST_PAUSE_S = 60.0


def drain(journal: Journal, store: GraphStore) -> int:
    """Copy every event and edit that the store does not have yet, in their order; give how many there were.

    An event whose item the graph does not have stays in the journal only, and is named in the log.

    Raises StoreError when either side fails; what was copied is remembered, and copying it twice is harmless.
    """
    copied = 0
    with journal.draining():
        while numbered := journal.since(journal.drained(), BATCH):
            for events, run in groupby((entry for _, entry in numbered), lambda entry: isinstance(entry, Interaction)):
                entries = list(run)
                if events:
                    copied += _copy_events(store, [entry for entry in entries if isinstance(entry, Interaction)])
                else:
                    edits = [entry for entry in entries if isinstance(entry, Edit)]
                    apply_edits(store, edits)
                    copied += len(edits)
            journal.mark_drained(numbered[-1][0])
    return copied


def _copy_events(store: GraphStore, events: list[Interaction]) -> int:
    missing = store.upsert_interactions(events)
    for position in missing:
        event = events[position]
        log.warning("event %s: the graph has no %s %r", event.id, event.item.cls, event.item.key)
    return len(events) - len(missing)


def keep_draining(
    journal: Journal,
    open_store: Callable[[], AbstractContextManager[GraphStore]],
    stop: Event,
    every_s: float,
) -> None:
    """Drain every `every_s` seconds until `stop` is set. The store is opened when the first entry waits for it.

    A failure is logged, and tried again after a pause that doubles up to a minute.
    """
    pause = every_s
    while not stop.wait(pause):
        try:
            if journal.drained() < journal.last():
                with open_store() as store:
                    _drain_until(stop, every_s, journal, store)
            pause = every_s
        except StoreError as error:
            pause = min(2 * pause, LONGEST_PAUSE_S)
            log.warning("events or edits wait in the journal; next try in %.0f s: %s", pause, error)


def _drain_until(stop: Event, every_s: float, journal: Journal, store: GraphStore) -> None:
    drain(journal, store)
    while not stop.wait(every_s):
        drain(journal, store)
