"""What happened and what was edited, on disk before it is acknowledged: the write path of the service.

One SQLite file (WAL, synchronous=FULL) that several processes read and append to at once. Each process opens its
own `Journal`, after any fork: an SQLite connection does not survive one.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from kg.entries import (
    APPEND_EDIT,
    APPEND_EVENT,
    EDITED_AFTER,
    GO_ON_AFTER_EDITS,
    LAST,
    SINCE,
    Edit,
    Entry,
    Record,
    edit_record,
    entry,
    event_record,
)
from kg.journal_file import JournalFile
from kg.triples import Interaction
from ontology.errors import ConflictError, StoreError

T = TypeVar("T")


class Appended(NamedTuple):
    """How many events or edits were new, and how many ids the journal had already."""

    accepted: int
    duplicates: int


@dataclass
class _Append:
    """What one caller writes, on its way to the disk."""

    statement: str
    records: list[Record]
    unless: Sequence[tuple[int, str]] = ()
    """It is not written where an item with such a key was edited after such a seq."""
    overtaken: bool = False
    taken: bool = False
    outcome: Appended | None = None
    failure: str = "the write was interrupted; send it again"


class Journal:
    """Durable, ordered, idempotent by id. Safe from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, readable by its owner only. Raises StoreError."""
        self.path = path
        self._waiting: list[_Append] = []
        self._waiting_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._file = JournalFile(path)
        with self._file.errors(), self._file.exclusively():
            self._writer, self._reader = self._file.connect(), self._file.connect()

    def append(self, events: Sequence[Interaction]) -> Appended:
        """Write events; return only when they are durable. An id that is there already is only counted.

        Raises StoreError when nothing of `events` was written, InputError for a value that cannot be stored.
        """
        return self._durably(_Append(APPEND_EVENT, [event_record(event) for event in events]))

    def edit(self, edits: Sequence[Edit], *, seen: int | None = None) -> Appended:
        """Write edits: all of them, or none; return only when they are durable. Raises as `append` does.

        They may rest on what the journal held up to a seq, `seen`: where one of the items was edited after it, by any
        process, nothing is written, and ConflictError is raised.
        """
        unless = [] if seen is None else [(seen, edit.item.key) for edit in edits]
        return self._durably(_Append(APPEND_EDIT, [edit_record(edit) for edit in edits], unless))

    def since(self, seq: int, limit: int = 10_000) -> list[tuple[int, Entry]]:
        """Events and edits after `seq`, each with its own seq (from 1), in the order of writing. Costs microseconds."""
        rows = self._read(lambda reader: reader.execute(SINCE, (seq, limit)).fetchall())
        return [(row[0], entry(row[1:])) for row in rows]

    def last(self) -> int:
        """The newest entry's seq, 0 when there is none."""
        return self._read(lambda reader: _number(reader, LAST))

    def drained(self) -> int:
        """Up to which seq the graph store has everything."""
        return self._read(lambda reader: _number(reader, "SELECT seq FROM mark WHERE name = 'drained'"))

    def mark_drained(self, seq: int) -> None:
        """Remember that the graph store has everything up to `seq`; it never goes back."""
        with self._write_lock, self._file.errors(), self._file.exclusively(), self._writer:
            self._writer.execute("UPDATE mark SET seq = max(seq, ?) WHERE name = 'drained'", (seq,))

    @contextmanager
    def draining(self) -> Iterator[None]:
        """Keep others from draining meanwhile: an edit that comes late must not undo the one after it."""
        with self._file.draining():
            yield

    def close(self) -> None:
        """Close the file. The journal cannot be used afterwards."""
        with self._write_lock, self._read_lock, self._file.errors():
            with self._file.exclusively():  # the last one to close moves the WAL into the database
                self._reader.close()
                self._writer.close()
            self._file.close()

    def _durably(self, mine: _Append) -> Appended:
        """Whoever holds the write lock commits for everybody who queued up meanwhile: one fsync for all of them."""
        with self._waiting_lock:
            self._waiting.append(mine)
        with self._write_lock:
            if not mine.taken:
                self._commit_waiting()
        if mine.outcome is None:
            raise StoreError(mine.failure)
        if mine.overtaken:
            raise ConflictError("the item was edited meanwhile; get it again, and decide anew")
        return mine.outcome

    def _commit_waiting(self) -> None:
        with self._waiting_lock:
            batch, self._waiting = self._waiting, []
        for append in batch:
            append.taken = True
        try:
            with self._file.exclusively(), self._writer:
                outcomes = [self._insert(append) for append in batch]
        except (sqlite3.Error, OSError) as error:
            for append in batch:
                append.failure = self._file.sentence(error)
        else:
            for append, outcome in zip(batch, outcomes, strict=True):
                append.outcome = outcome

    def _insert(self, append: _Append) -> Appended:
        append.overtaken = any(self._writer.execute(EDITED_AFTER, item).fetchone() for item in append.unless)
        if append.overtaken:
            return Appended(0, 0)
        accepted = max(0, self._writer.executemany(append.statement, append.records).rowcount)
        if append.statement == APPEND_EDIT:
            self._writer.execute(GO_ON_AFTER_EDITS)
        return Appended(accepted, len(append.records) - accepted)

    def _read(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        with self._read_lock, self._file.errors():
            return ask(self._reader)


def _number(connection: sqlite3.Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])
