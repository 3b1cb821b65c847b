"""What each source of the catalog said when it was loaded last: the memory that makes a load safe to repeat.

One SQLite file in the workspace. A load compares what the files say now with what stands here, writes the difference
to the graph, and then, in one transaction, makes this the truth. About 100 bytes a statement; nothing of it is needed
to serve or to train, and where it is lost, the next load writes everything again, harmlessly.

A source is an entry of the mapping under `files`: a name or a pattern, so that `products-*.csv` stays one source
when its file has another name every day.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from kg.cypher import Kind
from kg.triples import Ref
from ontology.errors import StoreError

FORMAT = 1
CACHE_KIB = 16 * 1024

SCHEMA = """
CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE file (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE kind (id INTEGER PRIMARY KEY, head TEXT NOT NULL, relation TEXT NOT NULL, tail TEXT NOT NULL,
    UNIQUE (head, relation, tail));
CREATE TABLE entity (kind INTEGER NOT NULL, key TEXT NOT NULL, source INTEGER NOT NULL, properties BLOB NOT NULL,
    file INTEGER NOT NULL, row INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, key, source)) WITHOUT ROWID;
CREATE TABLE triple (kind INTEGER NOT NULL, head TEXT NOT NULL, tail TEXT NOT NULL, source INTEGER NOT NULL,
    owned INTEGER NOT NULL, since INTEGER, until INTEGER,
    file INTEGER NOT NULL, row INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (kind, head, tail, source)) WITHOUT ROWID;
CREATE TABLE interaction (kind INTEGER NOT NULL, id TEXT NOT NULL, source INTEGER NOT NULL,
    user TEXT NOT NULL, item TEXT NOT NULL, value REAL NOT NULL, happened INTEGER NOT NULL,
    file INTEGER NOT NULL, row INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (kind, id, source)) WITHOUT ROWID;
"""
"""`at` is when the load began that said it so, in epoch milliseconds. `owned` triples were said by the row of their
head, so they go when that row says something else. An entity's kind has its class as head, and nothing else."""


WORDS = """
SELECT head FROM kind WHERE id IN (SELECT DISTINCT kind FROM entity)
UNION SELECT relation FROM kind WHERE id IN (SELECT DISTINCT kind FROM triple)
UNION SELECT relation FROM kind WHERE id IN (SELECT DISTINCT kind FROM interaction)
"""
DROP = (
    "DELETE FROM entity WHERE kind IN (SELECT id FROM kind WHERE head = ?) AND key = ?",
    "DELETE FROM triple WHERE kind IN (SELECT id FROM kind WHERE head = ?) AND head = ?",
    "DELETE FROM triple WHERE kind IN (SELECT id FROM kind WHERE tail = ?) AND tail = ?",
    "DELETE FROM interaction WHERE kind IN (SELECT id FROM kind WHERE head = ?) AND user = ?",
    "DELETE FROM interaction WHERE kind IN (SELECT id FROM kind WHERE tail = ?) AND item = ?",
)
"""Forgets an entity, given by class and key, and what leads to it."""


class Ledger:
    """The open file, held by one load at a time. Usable as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open or create it. Raises StoreError when that fails, or when another load holds it."""
        self.path = path
        with store_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._hold()
                self._open()
            except BaseException:
                os.close(self._lock)
                raise

    def __enter__(self) -> "Ledger":
        """Give the ledger; leaving closes it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file, and let the next load have it. What failed in the file becomes a StoreError."""
        try:
            with store_errors(self.path):
                self.db.close()
                if isinstance(error, sqlite3.Error):
                    raise error
        finally:
            os.close(self._lock)

    def note(self, name: str) -> str | None:
        """What was noted under a name."""
        found = self.db.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def put_note(self, name: str, value: str | None) -> None:
        """Note something; None forgets it."""
        if value is None:
            self.db.execute("DELETE FROM note WHERE name = ?", (name,))
        else:
            self.db.execute(
                "INSERT INTO note VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value)
            )

    @property
    def graph(self) -> str:
        """The name by which the graph knows this ledger."""
        return self.note("graph") or ""

    def forget(self) -> None:
        """Begin anew: the graph is another one than before."""
        with self.transaction():
            for table in ("entity", "triple", "interaction"):
                self.db.execute(f"DELETE FROM {table}")  # noqa: S608 a name of ours
            self.put_note("graph", uuid4().hex)

    def drop(self, refs: Iterable[Ref]) -> None:
        """Forget that anybody said these entities, and all that leads to them: they were deleted past the loads."""
        for ref in refs:
            for statement in DROP:
                self.db.execute(statement, ref)

    def empty(self) -> bool:
        """Whether no source has said anything yet."""
        tables = ("entity", "triple", "interaction")
        return not any(self.db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables)  # noqa: S608

    def order(self, names: Iterable[str]) -> None:
        """Number the sources of a mapping in its order: of two in one load, the later one has its way."""
        with self.transaction():
            for name in names:
                self.source(name)

    def source(self, name: str) -> int:
        """The number of a source."""
        return self._number("source", name)

    def file(self, name: str) -> int:
        """The number of a file."""
        return self._number("file", name)

    def kind(self, kind: Kind) -> int:
        """The number of a kind of triples or interactions; of a class, as `Kind(cls, "", "")`."""
        self.db.execute("INSERT OR IGNORE INTO kind (head, relation, tail) VALUES (?, ?, ?)", kind)
        ask = "SELECT id FROM kind WHERE head = ? AND relation = ? AND tail = ?"
        return int(self.db.execute(ask, kind).fetchone()[0])

    def kinds(self) -> dict[int, Kind]:
        """All kinds by number."""
        return {row[0]: Kind(*row[1:]) for row in self.db.execute("SELECT id, head, relation, tail FROM kind")}

    def words(self) -> set[str]:
        """The classes and relations of all that is said."""
        return {name for (name,) in self.db.execute(WORDS)}

    def files(self) -> dict[int, str]:
        """The paths of all files by number."""
        return dict(self.db.execute("SELECT id, name FROM file"))

    def file_names(self) -> dict[int, str]:
        """The names of all files by number, as the graph keeps them."""
        return {number: Path(path).name for number, path in self.files().items()}

    def follows(self) -> bool:
        """Whether anything is said that only follows from the rest."""
        ask = "SELECT 1 FROM triple t JOIN source s ON s.id = t.source WHERE s.name LIKE '(%' LIMIT 1"
        return self.db.execute(ask).fetchone() is not None

    def only_from(
        self, sources: Iterable[str], relation: str
    ) -> Iterator[tuple[tuple[str, str], str, tuple[str, str]]]:
        """The triples of a relation that these sources say and no other: head, relation, tail."""
        names = list(sources)
        marks = ", ".join("?" * len(names))
        ask = f"""SELECT k.head, t.head, k.tail, t.tail FROM triple t JOIN kind k ON k.id = t.kind
            JOIN source s ON s.id = t.source WHERE k.relation = ? GROUP BY t.kind, t.head, t.tail
            HAVING max(s.name NOT IN ({marks})) = 0"""  # noqa: S608 marks only
        for head, head_key, tail, tail_key in self.db.execute(ask, (relation, *names)):
            yield (head, head_key), relation, (tail, tail_key)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it, or nothing."""
        with store_errors(self.path):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self.db.in_transaction:  # after a full disk it is not
                    self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    def _number(self, table: str, name: str) -> int:
        self.db.execute(f"INSERT OR IGNORE INTO {table} (name) VALUES (?)", (name,))  # noqa: S608
        return int(self.db.execute(f"SELECT id FROM {table} WHERE name = ?", (name,)).fetchone()[0])  # noqa: S608

    def _hold(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                f"another load is running in {self.path.parent}; wait until it has ended, then try again"
            ) from error

    def _open(self) -> None:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        self.db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
            self.db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            self._create()
        except BaseException:
            self.db.close()
            raise

    def _create(self) -> None:
        found = int(self.db.execute("PRAGMA user_version").fetchone()[0])
        if found not in {0, FORMAT}:
            raise StoreError(f"{self.path} has format {found}; this version of kgrec reads {FORMAT}: remove the file")
        if found == 0:
            self.db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")
            self.put_note("graph", uuid4().hex)


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Failures of the file become a StoreError that names it."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise StoreError(f"{path} is damaged: {error}; remove it, and load all files again") from error
        raise StoreError(f"{path} failed: {error}; check the disk it is on and who may write there") from error
