"""The file of the journal: its format, its locks, and the one place where SQLite's errors become ours."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ontology.errors import StoreError

VERSION = 2
BUSY_TIMEOUT_S = 10.0

SCHEMAS = (
    """
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
    """,
    """
    CREATE TABLE IF NOT EXISTS edit (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        op TEXT NOT NULL,
        item_class TEXT NOT NULL, item_key TEXT NOT NULL,
        said TEXT NOT NULL,
        at INTEGER NOT NULL
    );
    INSERT INTO sqlite_sequence (name, seq)
        SELECT 'event', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'event');
    """,
)
"""What each version adds to the one before."""


class JournalFile:
    """The file that the processes of a workspace share. It is made, or brought to the present format, when opened."""

    def __init__(self, path: Path) -> None:
        """Open or create it, readable by its owner only. Raises StoreError."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._lock_file = self._open_lock("lock")
            self._drain_file = self._open_lock("drain")
        except OSError as error:
            raise StoreError(f"cannot open the journal {path}: {error.strerror}") from error
        with self.errors(), self.exclusively():
            connection = self.connect()
            self._bring_up(connection)
            connection.close()

    def connect(self) -> sqlite3.Connection:
        """One more connection, for any thread. Raises what SQLite raises."""
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level="IMMEDIATE"
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def close(self) -> None:
        """Close the locks; connections are closed before. Raises OSError."""
        os.close(self._lock_file)
        os.close(self._drain_file)

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """One process at a time writes or moves the WAL.

        SQLite would see to that by polling; this wakes at once, and it keeps a commit and a checkpoint of two
        processes apart, which SQLite before 3.51.3 does not always survive (sqlite.org/wal.html, "WAL-reset bug").
        """
        with _locked(self._lock_file):
            yield

    @contextmanager
    def draining(self) -> Iterator[None]:
        """One process at a time drains: an edit that comes late must not undo the one after it."""
        with _locked(self._drain_file):
            yield

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Every failure is a StoreError that names the file."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(self.sentence(error)) from error

    def sentence(self, error: sqlite3.Error | OSError) -> str:
        """What failed, and what to look at."""
        return f"the journal {self.path} failed: {error}; check the disk it is on and who may write there"

    def _open_lock(self, name: str) -> int:
        return os.open(f"{self.path}-{name}", os.O_RDWR | os.O_CREAT, 0o600)

    def _bring_up(self, connection: sqlite3.Connection) -> None:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if not 0 <= found <= VERSION:
            raise StoreError(f"the journal {self.path} has format {found}; this version of kgrec reads 1 to {VERSION}")
        if found < VERSION:
            added = "".join(SCHEMAS[found:])
            connection.executescript(f"BEGIN IMMEDIATE; {added} PRAGMA user_version = {VERSION}; COMMIT;")


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
