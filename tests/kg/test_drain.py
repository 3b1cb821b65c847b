"""Events reach the graph store, once, also when it was away for a while."""

import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from time import monotonic, sleep

import pytest

from kg.connect import connect
from kg.drain import drain, keep_draining
from kg.journal import Journal
from kg.store import GraphStore
from kg.triples import Entity, Interaction, Ref

ITEMS = ("i1", "i2")
NOWHERE = {"KG_GRAPH": "bolt://127.0.0.1:9", "KG_GRAPH_PASSWORD": "x"}
"""Nothing listens at the discard port."""


@pytest.fixture(autouse=True)
def items(store: GraphStore) -> None:
    store.upsert_entities(Entity("Thing", key) for key in ITEMS)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def event(id_: str, item: str = "i1", value: float = 1.0) -> Interaction:
    return Interaction(id_, Ref("Person", f"user of {id_}"), "LIKED", Ref("Thing", item), value, 1_700_000_000_000)


def stored(store: GraphStore, prefix: str) -> dict[str, Interaction]:
    return {x.id: x for x in store.interactions("LIKED") if x.id.startswith(prefix)}


def test_events_are_copied_once(journal: Journal, store: GraphStore):
    events = [event("once1", "i1", 4.5), event("once2", "i2")]
    journal.append(events)
    assert drain(journal, store) == 2
    assert journal.drained() == journal.last()
    assert stored(store, "once") == {e.id: e for e in events}
    assert drain(journal, store) == 0
    journal.append([event("once1"), event("once3")])
    assert drain(journal, store) == 1
    assert stored(store, "once").keys() == {"once1", "once2", "once3"}


def test_copying_again_changes_nothing(tmp_path: Path, journal: Journal, store: GraphStore):
    """As after a crash between the copy and the mark."""
    another = Journal(tmp_path / "another.sqlite")
    for one in (journal, another):
        one.append([event("again1"), event("again2", "i2")])
        assert drain(one, store) == 2
    assert len([x for x in store.interactions("LIKED") if x.id.startswith("again")]) == 2
    another.close()


def test_an_item_that_the_graph_lacks_holds_nothing_up(
    journal: Journal, store: GraphStore, caplog: pytest.LogCaptureFixture
):
    journal.append([event("lack1"), event("lack2", "unknown"), event("lack3")])
    with caplog.at_level(logging.WARNING):
        assert drain(journal, store) == 2
    assert stored(store, "lack").keys() == {"lack1", "lack3"}
    assert "event lack2: the graph has no Thing 'unknown'" in caplog.text
    assert [e.id for _, e in journal.since(0)] == ["lack1", "lack2", "lack3"]


def test_while_the_store_is_away_events_wait(
    tmp_path: Path, journal: Journal, store: GraphStore, caplog: pytest.LogCaptureFixture
):
    tries = []

    def open_store() -> AbstractContextManager[GraphStore]:
        """The first two times nobody is there."""
        tries.append(monotonic())
        if len(tries) <= 2:
            return connect(tmp_path, NOWHERE)
        return nullcontext(store)  # others still need it open

    journal.append([event("away1")])
    stop = threading.Event()
    thread = threading.Thread(target=keep_draining, args=(journal, open_store, stop, 0.05))
    with caplog.at_level(logging.WARNING):
        thread.start()
        wait_until(lambda: journal.drained() == journal.last())
        journal.append([event("away2")])
        wait_until(lambda: journal.drained() == journal.last())
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert stored(store, "away").keys() == {"away1", "away2"}
    assert len(tries) == 3
    assert "events or edits wait in the journal; next try in" in caplog.text


def wait_until(reached, seconds: float = 30.0) -> None:
    deadline = monotonic() + seconds
    while not reached():
        assert monotonic() < deadline, "not reached in time"
        sleep(0.02)
