"""Tables in a file, by DuckDB: sorted, joined and compared by the million, in bounded memory.

What does not fit into `MEMORY` goes to a folder beside the file, which is gone when the file is closed.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
from arro3.core import Array, DataType, Table

from ontology.errors import StoreError

MEMORY = "128MB"
"""Of what DuckDB holds at once; less costs time from about a million rows on."""
THREADS = 2
FETCHED = 2_048
"""Rows that are taken from a result at once: as many as DuckDB makes at once."""
RANGE = 10_000
"""Rows whose texts may be held together."""
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": MEMORY,
    "threads": THREADS,
    "preserve_insertion_order": False,  # whoever wants an order asks for it
    # Extensions would come over the network, into the home folder.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
TYPES: Final = {
    "BIGINT": DataType.int64(),
    "BLOB": DataType.binary(),
    "BOOLEAN": DataType.bool(),
    "DOUBLE": DataType.float64(),
    "INTEGER": DataType.int32(),
    "VARCHAR": DataType.string(),
}
DAMAGED = ("not a valid DuckDB database", "checksum", "orrupt", "serializ")
"""How DuckDB says that a file is not what it wrote."""
OUTSIDE = ("IO Error", "Could not write")
"""How it says that the cause is not in the file."""
Column = tuple[str, Sequence[Any]]
"""Its type in SQL, and its values; None for null."""


class Tables:
    """An open file. What fails in it is a StoreError that names it."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection | None = None) -> None:
        """Open or create the file. Raises StoreError."""
        self.path = path
        with self._errors():
            self._db = _silent(connection or duckdb.connect(path, config=SETTINGS))

    def close(self) -> None:
        """Let go of the file."""
        with self._errors():
            self._db.close()

    def beside(self) -> "Tables":
        """The same file, for transactions and results beside those of this one."""
        return Tables(self.path, self._db.cursor())

    def run(self, statements: str, **values: object) -> None:
        """Run statements; `$name` in them is a value."""
        with self._errors():
            self._db.execute(statements, values or None)

    def rows(self, ask: str, **values: object) -> list[tuple[Any, ...]]:
        """All rows that a statement gives."""
        with self._errors():
            return self._db.execute(ask, values or None).fetchall()

    def stream(self, ask: str, **values: object) -> Iterator[tuple[Any, ...]]:
        """The same, but never all of them in memory; other statements may be run meanwhile."""
        for part in self.parts(ask, **values):
            yield from part

    def parts(self, ask: str, **values: object) -> Iterator[list[tuple[Any, ...]]]:
        """The same, thousands of rows at once."""
        with self._errors(), _silent(self._db.cursor()) as cursor:
            cursor.execute(ask, values or None)
            while part := cursor.fetchmany(FETCHED):
                yield part

    def stored(self, ask: str, **values: object) -> Iterator[tuple[Any, ...]]:
        """`stream` of one table, in the order in which its rows stand there, which takes no sorting."""
        self.run("SET preserve_insertion_order = true")
        try:
            yield from self.stream(ask, **values)
        finally:
            self.run("SET preserve_insertion_order = false")

    def ranges(self, places: str) -> Iterator[dict[str, int]]:
        """The ranges of rows ($first, $end) of a table in which others say, as `place`, that there is something."""
        for (number,) in self.rows(f"SELECT DISTINCT place // {RANGE} FROM {places} ORDER BY 1"):  # noqa: S608 our names
            yield {"first": number * RANGE, "end": (number + 1) * RANGE}

    def append(self, table: str, columns: Mapping[str, Column], **same: object) -> None:
        """Append rows to a table, given by column; `same` are the columns that have one value in all of them."""
        names = ", ".join((*columns, *same))
        chosen = ", ".join((*columns, *(f"${name}" for name in same)))
        with self._errors():
            self._db.register("appended", Table.from_pydict({name: _array(*x) for name, x in columns.items()}))
            self._db.execute(f"INSERT INTO {table} ({names}) SELECT {chosen} FROM appended", same or None)  # noqa: S608
            self._db.unregister("appended")

    def write_csv(self, ask: str, path: Path) -> int:
        """Write the rows that a statement gives to a file, with their names as its first line; give how many."""
        with self._errors():
            return int(self._db.execute(f"COPY ({ask}) TO {_text(path)} (FORMAT csv, HEADER)").fetchall()[0][0])

    def attach(self, path: Path, name: str) -> None:
        """Join another file, whose tables are then `name.table`."""
        self.run(f"ATTACH {_text(path)} AS {name}")

    def compress(self, *, on: bool) -> None:
        """Whether what is written from now on is made small, which takes half as long again."""
        self.run(f"SET force_compression = '{'auto' if on else 'uncompressed'}'")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it, or nothing. Only the tables of one file may be written."""
        self.run("BEGIN")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            with suppress(StoreError):  # after some errors there is no transaction any more
                self.run("ROLLBACK")
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, OSError) as error:
            said = str(error).strip().splitlines()[0]
            if any(sign in said for sign in DAMAGED):
                raise StoreError(f"{self.path} is damaged: {said}; remove it, and load all files again") from error
            hint = "; check the disk it is on and who may write there" if any(sign in said for sign in OUTSIDE) else ""
            raise StoreError(f"{self.path} failed: {said}{hint}") from error


def _silent(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Without bars of its own, which it would write into what a command prints."""
    return connection.execute("SET enable_progress_bar = false")


def delete(path: Path) -> None:
    """Delete a file of tables, and what stands beside it. Raises StoreError."""
    try:
        for suffix in ("", ".wal"):
            path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error.strerror}; check who may write there") from error
    shutil.rmtree(f"{path}.tmp", ignore_errors=True)


def _text(value: object) -> str:
    """A text of SQL."""
    quoted = str(value).replace("'", "''")
    return f"'{quoted}'"


def _array(kind: str, values: Sequence[Any]) -> Array:
    if isinstance(values, range):  # numbers of rows
        return Array.from_numpy(np.arange(values.start, values.stop, values.step)).cast(TYPES[kind])
    return Array(values, type=TYPES[kind])
