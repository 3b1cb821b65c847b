"""Statements by their subject, whatever their order in the file: on disk, so that memory stays bounded."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import orjson

from kg.formats.limits import MAX_RECORD
from kg.formats.objects import WrongObjectError
from kg.formats.things import Thing

Value = str | list[str]
"""A literal or an IRI as text; a blank node as a list with its name."""
Said = dict[int, list[Value]]
"""Predicate, by its number -> what it says."""
BLANK = "_:"
_HELD = 4096
"""Subjects that are held in memory: most files keep what they say of one together."""
_HELD_CHARACTERS = 4 << 20
_SCHEMA = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; PRAGMA temp_store = FILE;
CREATE TABLE runs (seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, said BLOB NOT NULL);
CREATE TABLE named (blank TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE told (blank TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE bad (subject TEXT PRIMARY KEY, reason TEXT, text TEXT) WITHOUT ROWID;
CREATE TABLE things (blank TEXT PRIMARY KEY, cls TEXT, key TEXT) WITHOUT ROWID;
"""
_BLANKS = "SELECT seq, subject FROM runs WHERE substr(subject, 1, 2) = '_:'"
_INNER = "substr(subject, 1, 2) = '_:' AND subject IN named AND subject NOT IN (SELECT blank FROM things)"
_ROOTS = f"SELECT seq, subject FROM runs WHERE NOT ({_INNER}) ORDER BY seq"  # noqa: S608 our own words
_OTHERS = f"SELECT seq, subject FROM runs WHERE {_INNER} ORDER BY seq"  # noqa: S608


@contextmanager
def spool() -> Iterator["Spool"]:
    """A spool in the folder for temporary files, gone afterwards."""
    # An empty name: SQLite makes a file without a name once it holds more than its cache.
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        database.executescript(_SCHEMA)
        database.execute("BEGIN")
        yield Spool(database)


class Spool:
    """Takes statements in any order, and gives them back by subject, in the order in which these first appeared."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.predicates: dict[str, int] = {}
        self._held: dict[str, Said] = {}
        self._named: list[list[str]] = []
        self._size = 0
        self._any_bad = False

    def add(self, subject: str, predicate: str, value: Value) -> None:
        """Take a statement."""
        number = self.predicates.setdefault(predicate, len(self.predicates))
        self._held.setdefault(subject, {}).setdefault(number, []).append(value)
        if isinstance(value, str):
            self._size += len(value)
        else:
            self._named.append(value)
        if len(self._held) > _HELD or len(self._named) > _HELD or self._size > _HELD_CHARACTERS:
            self._flush()

    def refuse(self, subject: str, reason: str, text: str) -> None:
        """Note that a statement about a subject could not be read: the subject is no row then."""
        self._any_bad = True
        self._held.setdefault(subject, {})
        self.database.execute("INSERT OR IGNORE INTO bad VALUES (?, ?, ?)", (subject, reason, text))

    def identify(self, thing_of: Callable[[Said], Thing | None]) -> None:
        """Find the blank nodes that are things of their own. All statements have to be there."""
        self._flush()
        self.database.execute("CREATE INDEX by_subject ON runs (subject)")
        for blank in self._first(_BLANKS):
            with suppress(WrongObjectError):  # the row that it stands in is refused for that, when it is made
                if not self.bad(blank) and (thing := thing_of(self.said(blank))):
                    self.database.execute("INSERT INTO things VALUES (?, ?, ?)", (blank, *thing))

    def thing(self, blank: str) -> Thing | None:
        """The thing that a blank node is."""
        found = self.database.execute("SELECT cls, key FROM things WHERE blank = ?", (blank,)).fetchone()
        return Thing(*found) if found else None

    def roots(self) -> Iterator[str]:
        """The subjects that are rows, once `identify` was called.

        All but the blank nodes that stand in others and are no things; a ring of those has one row.
        """
        yield from self._first(_ROOTS)
        for subject in self._first(_OTHERS):
            if not self.database.execute("SELECT 1 FROM told WHERE blank = ?", (subject,)).fetchone():
                yield subject

    def said(self, subject: str) -> Said:
        """All that is said of a subject. Raises WrongObjectError when that is too much."""
        merged: Said = {}
        size = 0
        for (said,) in self.database.execute("SELECT said FROM runs WHERE subject = ? ORDER BY seq", (subject,)):
            size += len(said)
            if size > MAX_RECORD:
                raise WrongObjectError("record-too-long", f"is longer than {MAX_RECORD} bytes")
            for number, values in orjson.loads(said):
                merged.setdefault(number, []).extend(values)
        return {number: values if len(values) == 1 else _distinct(values) for number, values in merged.items()}

    def bad(self, subject: str) -> tuple[str, str] | None:
        """The reason why a subject is no row, and the text that is wrong; None where nothing is."""
        if not self._any_bad:
            return None
        found = self.database.execute("SELECT reason, text FROM bad WHERE subject = ?", (subject,)).fetchone()
        return (found[0], found[1]) if found else None

    def tell(self, blank: str) -> None:
        """Note that a blank node stands in a row."""
        self.database.execute("INSERT OR IGNORE INTO told VALUES (?)", (blank,))

    def _first(self, query: str) -> Iterator[str]:
        """The subjects of the runs that are the first about their subject."""
        for seq, subject in self.database.execute(query):
            first = self.database.execute("SELECT min(seq) FROM runs WHERE subject = ?", (subject,)).fetchone()[0]
            if first == seq:
                yield subject

    def _flush(self) -> None:
        rows = [(subject, orjson.dumps(list(said.items()))) for subject, said in self._held.items()]
        self.database.executemany("INSERT INTO runs (subject, said) VALUES (?, ?)", rows)
        self.database.executemany("INSERT OR IGNORE INTO named VALUES (?)", self._named)
        self._held.clear()
        self._named.clear()
        self._size = 0


def _distinct(values: list[Value]) -> list[Value]:
    """A statement that stands twice is one."""
    keys = (value if isinstance(value, str) else BLANK + value[0] for value in values)
    return list(dict(zip(keys, values, strict=True)).values())
