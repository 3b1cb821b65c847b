"""What happened, on disk before it is acknowledged: the write path of the service.

One SQLite file (WAL, synchronous=FULL) that several processes read and append to at once. Each process opens its
own `Journal`, after any fork: an SQLite connection does not survive one.
"""

import fcntl
import math
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from kg.triples import Interaction, Ref
from ontology.errors import InputError, StoreError

VERSION = 1
BUSY_TIMEOUT_S = 10.0
INT64 = 2**63
"""SQLite's integers are smaller than this."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    user_class TEXT NOT NULL, user_key TEXT NOT NULL,
    relation TEXT NOT NULL,
    item_class TEXT NOT NULL, item_key TEXT NOT NULL,
    value REAL NOT NULL,
    at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, seq INTEGER NOT NULL);
INSERT INTO mark VALUES ('drained', 0) ON CONFLICT (name) DO NOTHING;
PRAGMA user_version = 1;
"""
APPEND = """
INSERT INTO event (id, user_class, user_key, relation, item_class, item_key, value, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
"""
SINCE = """
SELECT seq, id, user_class, user_key, relation, item_class, item_key, value, at
FROM event WHERE seq > ? ORDER BY seq LIMIT ?
"""

T = TypeVar("T")
Record = tuple[str, str, str, str, str, str, float, int]


class Appended(NamedTuple):
    """How many events were new, and how many ids the journal had already."""

    accepted: int
    duplicates: int


@dataclass
class _Append:
    """One caller's events on their way to the disk."""

    records: list[Record]
    taken: bool = False
    outcome: Appended | None = None
    failure: str = "the write was interrupted; send the events again"


class Journal:
    """Durable, ordered, idempotent by event id. Safe from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, readable by its owner only. Raises StoreError."""
        self.path = path
        self._waiting: list[_Append] = []
        self._waiting_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._open_files()
        with self._store_errors(), self._exclusively():
            self._writer, self._reader = self._connect(), self._connect()
            self._create()

    def append(self, events: Sequence[Interaction]) -> Appended:
        """Write events; return only when they are durable. An id that is there already is only counted.

        Whoever holds the write lock commits for everybody who queued up meanwhile: one fsync for all of them.
        Raises StoreError when nothing of `events` was written, InputError for a value that cannot be stored.
        """
        mine = _Append([_record(event) for event in events])
        with self._waiting_lock:
            self._waiting.append(mine)
        with self._write_lock:
            if not mine.taken:
                self._commit_waiting()
        if mine.outcome is None:
            raise StoreError(mine.failure)
        return mine.outcome

    def since(self, seq: int, limit: int = 10_000) -> list[tuple[int, Interaction]]:
        """Events after `seq`, each with its own seq (from 1), in the order of writing. Costs microseconds."""
        rows = self._read(lambda reader: reader.execute(SINCE, (seq, limit)).fetchall())
        return [(row[0], _interaction(row[1:])) for row in rows]

    def last(self) -> int:
        """The newest event's seq, 0 when there is none."""
        return self._read(lambda reader: _number(reader, "SELECT coalesce(max(seq), 0) FROM event"))

    def drained(self) -> int:
        """Up to which seq the graph store has everything."""
        return self._read(lambda reader: _number(reader, "SELECT seq FROM mark WHERE name = 'drained'"))

    def mark_drained(self, seq: int) -> None:
        """Remember that the graph store has everything up to `seq`; it never goes back."""
        with self._write_lock, self._store_errors(), self._exclusively(), self._writer:
            self._writer.execute("UPDATE mark SET seq = max(seq, ?) WHERE name = 'drained'", (seq,))

    def close(self) -> None:
        """Close the file. The journal cannot be used afterwards."""
        with self._write_lock, self._read_lock, self._store_errors():
            with self._exclusively():  # the last one to close moves the WAL into the database
                self._reader.close()
                self._writer.close()
            os.close(self._lock_file)

    def _open_files(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._lock_file = os.open(f"{self.path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"cannot open the journal {self.path}: {error.strerror}") from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level="IMMEDIATE"
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _create(self) -> None:
        found = _number(self._writer, "PRAGMA user_version")
        if found not in {0, VERSION}:
            raise StoreError(f"the journal {self.path} has format {found}; this version of kgrec reads {VERSION}")
        if found == 0:
            self._writer.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")

    def _commit_waiting(self) -> None:
        with self._waiting_lock:
            batch, self._waiting = self._waiting, []
        for append in batch:
            append.taken = True
        try:
            with self._exclusively(), self._writer:
                outcomes = [self._insert(append.records) for append in batch]
        except (sqlite3.Error, OSError) as error:
            for append in batch:
                append.failure = self._sentence(error)
        else:
            for append, outcome in zip(batch, outcomes, strict=True):
                append.outcome = outcome

    def _insert(self, records: list[Record]) -> Appended:
        accepted = max(0, self._writer.executemany(APPEND, records).rowcount)
        return Appended(accepted, len(records) - accepted)

    def _read(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        with self._read_lock, self._store_errors():
            return ask(self._reader)

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        """One process at a time writes or moves the WAL.

        SQLite would see to that by polling; this wakes at once, and it keeps a commit and a checkpoint of two
        processes apart, which SQLite before 3.51.3 does not always survive (sqlite.org/wal.html, "WAL-reset bug").
        """
        fcntl.flock(self._lock_file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    @contextmanager
    def _store_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(self._sentence(error)) from error

    def _sentence(self, error: sqlite3.Error | OSError) -> str:
        return f"the journal {self.path} failed: {error}; check the disk it is on and who may write there"


def _record(event: Interaction) -> Record:
    if not math.isfinite(event.value):
        raise InputError(f"event {event.id!r}: value {event.value} is not a finite number")
    if not -INT64 <= event.at < INT64:
        raise InputError(f"event {event.id!r}: at {event.at} is not a time in epoch milliseconds")
    return (event.id, *event.user, event.relation, *event.item, event.value, event.at)


def _interaction(record: Record) -> Interaction:
    id_, user_class, user_key, relation, item_class, item_key, value, at = record
    return Interaction(id_, Ref(user_class, user_key), relation, Ref(item_class, item_key), value, at)


def _number(connection: sqlite3.Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])
