"""What each source of the catalog said when it was loaded last: the memory that makes a load safe to repeat.

One file of tables in the workspace. A load compares what the files say now with what stands here, writes the difference
to the graph, and then, in one transaction, makes this the truth. About 50 bytes a statement; nothing of it is needed
to serve or to train, and where it is lost, the next load writes everything again, harmlessly.

A source is an entry of the mapping under `files`: a name or a pattern, so that `products-*.csv` stays one source
when its file has another name every day.
"""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any
from uuid import uuid4

from kg.cypher import Kind
from kg.tables import Tables, delete
from kg.triples import Ref
from ontology.errors import StoreError
from ontology.reasoning import Statement

FORMAT = "1"

SCHEMA = """
CREATE TABLE note (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE source (id INTEGER, name VARCHAR);
CREATE TABLE file (id INTEGER, name VARCHAR);
CREATE TABLE kind (id INTEGER, head VARCHAR, relation VARCHAR, tail VARCHAR);
CREATE TABLE entity (kind INTEGER, key VARCHAR, source INTEGER, properties BLOB, file INTEGER, row BIGINT,
    began BIGINT);
CREATE TABLE triple (kind INTEGER, head VARCHAR, tail VARCHAR, source INTEGER, owned BOOLEAN, since BIGINT,
    until BIGINT, file INTEGER, row BIGINT, began BIGINT);
CREATE TABLE interaction (kind INTEGER, id VARCHAR, source INTEGER, head VARCHAR, tail VARCHAR, value DOUBLE,
    happened BIGINT, file INTEGER, row BIGINT, began BIGINT);
"""
"""`began` is when the load began that said it so, in epoch milliseconds. `owned` triples were said by the row of their
head, so they go when that row says something else. An entity's kind has its class as head, and nothing else.

There is one row for each kind and key of a source, which only `settle` sees to: keys of tables cost more than they
give, since what is compared is always all of them.
"""


WORDS = """
SELECT head FROM kind WHERE id IN (SELECT DISTINCT kind FROM entity)
UNION SELECT relation FROM kind WHERE id IN (SELECT DISTINCT kind FROM triple SEMI JOIN (
    FROM source WHERE name NOT LIKE '(%)') s ON s.id = triple.source)
UNION SELECT relation FROM kind WHERE id IN (SELECT DISTINCT kind FROM interaction)
"""
FILES_OF = """
SELECT name FROM file WHERE id IN (SELECT file FROM entity WHERE source = $source
    UNION SELECT file FROM triple WHERE source = $source UNION SELECT file FROM interaction WHERE source = $source)
"""
DROP = """
DELETE FROM entity WHERE EXISTS (SELECT 1 FROM kind k JOIN dropped d ON d.cls = k.head
    WHERE k.id = entity.kind AND d.key = entity.key);
DELETE FROM triple WHERE EXISTS (SELECT 1 FROM kind k JOIN dropped d ON d.cls = k.head
    WHERE k.id = triple.kind AND d.key = triple.head);
DELETE FROM triple WHERE EXISTS (SELECT 1 FROM kind k JOIN dropped d ON d.cls = k.tail
    WHERE k.id = triple.kind AND d.key = triple.tail);
DELETE FROM interaction WHERE EXISTS (SELECT 1 FROM kind k JOIN dropped d ON d.cls = k.head
    WHERE k.id = interaction.kind AND d.key = interaction.head);
DELETE FROM interaction WHERE EXISTS (SELECT 1 FROM kind k JOIN dropped d ON d.cls = k.tail
    WHERE k.id = interaction.kind AND d.key = interaction.tail);
"""
"""Forgets entities, given by class and key, and what leads to them."""


class Ledger:
    """The open file, held by one load at a time. Usable as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open or create it. Raises StoreError when that fails, or when another load holds it."""
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{path} failed: {error}; check the disk it is on and who may write there") from error
        try:
            self._hold()
            self.tables = self._open()
            self._sources, self._files = self._numbers("source"), self._numbers("file")
            self._kinds = {Kind(*kind): id_ for id_, *kind in self.tables.rows("SELECT * FROM kind")}
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> "Ledger":
        """Give the ledger; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, and let the next load have it."""
        try:
            self.tables.close()
        finally:
            os.close(self._lock)

    def note(self, name: str) -> str | None:
        """What was noted under a name."""
        found = self.tables.rows("SELECT value FROM note WHERE name = $name", name=name)
        return str(found[0][0]) if found else None

    def put_note(self, name: str, value: str | None) -> None:
        """Note something; None forgets it."""
        if value is None:
            self.tables.run("DELETE FROM note WHERE name = $name", name=name)
        else:
            self.tables.run("INSERT OR REPLACE INTO note VALUES ($name, $value)", name=name, value=value)

    @property
    def graph(self) -> str:
        """The name by which the graph knows this ledger."""
        return self.note("graph") or ""

    def forget(self) -> None:
        """Begin anew: the graph is another one than before."""
        with self.tables.transaction():
            self.tables.run("DELETE FROM entity; DELETE FROM triple; DELETE FROM interaction")
            self.put_note("graph", uuid4().hex)

    def drop(self, refs: Iterable[Ref]) -> None:
        """Forget that anybody said these entities, and all that leads to them: they were deleted past the loads."""
        if found := list(refs):
            self.tables.run("CREATE OR REPLACE TEMP TABLE dropped (cls VARCHAR, key VARCHAR)")
            columns = {"cls": ("VARCHAR", [x.cls for x in found]), "key": ("VARCHAR", [x.key for x in found])}
            self.tables.append("dropped", columns)
            self.tables.run(DROP)

    def empty(self) -> bool:
        """Whether no source has said anything yet."""
        tables = ("entity", "triple", "interaction")
        return not any(self.tables.rows(f"SELECT 1 FROM {table} LIMIT 1") for table in tables)  # noqa: S608 our names

    def order(self, names: Iterable[str]) -> None:
        """Number the sources of a mapping in its order: of two in one load, the later one has its way."""
        for name in names:
            self.source(name)

    def source(self, name: str) -> int:
        """The number of a source."""
        return self._number("source", self._sources, name, (name,))

    def file(self, name: str) -> int:
        """The number of a file."""
        return self._number("file", self._files, name, (name,))

    def kind(self, kind: Kind) -> int:
        """The number of a kind of triples or interactions; of a class, as `Kind(cls, "", "")`."""
        return self._number("kind", self._kinds, kind, kind)

    def kinds(self) -> dict[int, Kind]:
        """All kinds by number."""
        return {number: kind for kind, number in self._kinds.items()}

    def words(self) -> set[str]:
        """The classes and relations of all that is said, and does not only follow."""
        return {name for (name,) in self.tables.rows(WORDS)}

    def files(self) -> dict[int, str]:
        """The paths of all files by number."""
        return {number: name for name, number in self._files.items()}

    def files_of(self, source: str) -> set[str]:
        """The paths of the files from which is what a source says."""
        return {path for (path,) in self.tables.rows(FILES_OF, source=self.source(source))}

    def file_names(self) -> dict[int, str]:
        """The names of all files by number, as the graph keeps them."""
        return {number: Path(path).name for number, path in self.files().items()}

    def follows(self) -> bool:
        """Whether anything is said that only follows from the rest."""
        ask = "SELECT 1 FROM triple t JOIN source s ON s.id = t.source WHERE s.name LIKE '(%)' LIMIT 1"
        return bool(self.tables.rows(ask))

    def only_from(self, sources: Iterable[str], relation: str, table: str = "triple") -> Iterator[Statement]:
        """The triples of a relation that these sources say and no other, by a table of what is said."""
        ask = f"""SELECT any_value(k.head), t.head, any_value(k.tail), t.tail FROM {table} t
            JOIN kind k ON k.id = t.kind JOIN source s ON s.id = t.source WHERE k.relation = $relation
            GROUP BY t.kind, t.head, t.tail HAVING bool_and(list_contains($sources, s.name))"""  # noqa: S608 our names
        for head, head_key, tail, tail_key in self.tables.stream(ask, relation=relation, sources=list(sources)):
            yield (head, head_key), relation, (tail, tail_key)

    @contextmanager
    def beside(self) -> Iterator["Ledger"]:
        """The same ledger, in a transaction of its own: what is done there counts when the block has ended well."""
        other = copy(self)
        other.tables = self.tables.beside()
        try:
            with other.transaction():
                yield other
        finally:
            other.tables.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it, or nothing."""
        with self.tables.transaction():
            yield

    def _numbers(self, table: str) -> dict[str, int]:
        return {name: id_ for id_, name in self.tables.rows(f"SELECT id, name FROM {table}")}  # noqa: S608 our names

    def _number(self, table: str, numbers: dict[Any, int], key: object, values: tuple[str, ...]) -> int:
        """The number of something, the next one if it is new."""
        if key not in numbers:
            marks = ", ".join(f"$v{i}" for i in range(len(values)))
            named = {f"v{i}": value for i, value in enumerate(values)}
            self.tables.run(f"INSERT INTO {table} VALUES ($id, {marks})", id=len(numbers) + 1, **named)  # noqa: S608
            numbers[key] = len(numbers) + 1
        return numbers[key]

    def _hold(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                f"another load is running, which holds {self.path}; wait until it has ended, then try again"
            ) from error

    def _open(self) -> Tables:
        if not self.path.exists():
            self._create()
        shutil.rmtree(f"{self.path}.tmp", ignore_errors=True)  # of a load that was killed
        tables = Tables(self.path)
        found = tables.rows("SELECT value FROM note WHERE name = 'format'")
        if found != [(FORMAT,)]:
            tables.close()
            said = f"format {found[0][0]}" if found else "no format"
            raise StoreError(f"{self.path} has {said}; this version of kgrec reads {FORMAT}: remove the file")
        return tables

    def _create(self) -> None:
        """Make the file under another name first: one that is killed leaves none, rather than half of one."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        delete(fresh)
        tables = Tables(fresh)
        try:
            tables.run(SCHEMA)
            for name, value in (("format", FORMAT), ("graph", uuid4().hex)):
                tables.run("INSERT INTO note VALUES ($name, $value)", name=name, value=value)
            tables.run("CHECKPOINT")  # all of it is in the file that is renamed
        finally:
            tables.close()
        fresh.rename(self.path)
