"""What a load changes: the stage (what the files say now) compared with the ledger (what they said before).

An entity, a triple or an interaction is there as long as one source says it. Of several sources that give a property,
the one whose row changed last has its way; in one load, the later one in the mapping. The comparison is made once, by
SQL, into tables of the stage, so that it stays the same however often the load is interrupted.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from kg import difference_sql as sql
from kg.claims import Claim, claims
from kg.cypher import Kind
from kg.ledger import Ledger
from kg.tables import Column
from kg.triples import Ref, Value


class Dangling(NamedTuple):
    """An end of a relation that is not in the graph: which row of which file names it, in which column."""

    file: str
    row: int
    column: str
    ref: Ref
    relation: str


class EntityChange(NamedTuple):
    """What is to be written of one entity: its properties that differ, None for those to be removed, and all it has."""

    kind: int
    key: str
    file: int
    row: int
    set: Mapping[str, Value | None]
    all: Mapping[str, Value]
    known: bool


@dataclass(frozen=True)
class Difference:
    """The comparison of a sealed stage with its ledger; `at` is when the load began, in epoch milliseconds."""

    ledger: Ledger
    at: int

    def entities(self) -> None:
        """Compare the entities, and find the ends of triples and interactions that nobody says."""
        self._script(sql.ENTITIES + sql.ENDS)

    def unknown(self) -> Iterator[Ref]:
        """Ends that no source says; whether they are in the graph all the same is for the graph to tell."""
        kinds = self.ledger.kinds()
        for kind, key in self.ledger.tables.stream(sql.UNKNOWN):
            yield Ref(kinds[kind].head, key)

    def miss(self, refs: Iterable[Ref]) -> None:
        """Note ends that are not in the graph."""
        if missed := list(refs):
            kinds = [self.ledger.kind(Kind(ref.cls, "", "")) for ref in missed]
            columns: dict[str, Column] = {"kind": ("INTEGER", kinds), "key": ("VARCHAR", [ref.key for ref in missed])}
            self.ledger.tables.append("stage.missing", columns)

    def dangling(self) -> Iterator[Dangling]:
        """The rows that name an end that is not in the graph, by file and row."""
        kinds, files = self.ledger.kinds(), self.ledger.files()
        for file, row, column, cls, key, kind in self.ledger.tables.stream(sql.DANGLING):
            yield Dangling(files[file], row, column, Ref(kinds[cls].head, key), kinds[kind].relation)

    def lost(self) -> None:
        """Leave out triples and interactions that have no end, and find the triples that are not said any more."""
        if self.ledger.tables.rows("SELECT 1 FROM stage.missing LIMIT 1"):
            self._script(sql.WITHOUT_DANGLING)
        self._script(sql.LOST)

    def relationships(self) -> None:
        """Compare triples and interactions."""
        first = not self.ledger.tables.rows(sql.NOT_FIRST)
        self._script(sql.FIRST if first else sql.TRIPLES + sql.INTERACTIONS)

    def settle(self) -> None:
        """Make what is said now the truth of the ledger, inside the caller's transaction."""
        self.ledger.tables.compress(on=True)  # unlike the stage, the ledger stays
        self.ledger.tables.run(sql.SETTLE.format(at=int(self.at)))
        for bounds in self.ledger.tables.ranges("stage.entity_fresh"):
            self.ledger.tables.run(sql.SETTLE_RANGE, at=self.at, **bounds)

    def entity_changes(self) -> Iterator[EntityChange]:
        """Entities to write, kind by kind, in an order that is the same each time."""
        tables = self.ledger.tables
        for (kind,) in tables.rows("SELECT DISTINCT kind FROM stage.entity WHERE alone ORDER BY kind"):
            for key, text, file, row in tables.stored(sql.ALONE, kind=kind):
                values = orjson.loads(text)
                yield EntityChange(kind, key, file, row, values, values, False)
        for (kind, key), rows in groupby(claims(self.ledger, self.at), key=itemgetter(0, 1)):
            if change := _change(kind, key, list(rows)):
                yield change

    def rows(self, table: str, columns: str, *, by: str = "1") -> Iterator[tuple[Any, ...]]:
        """The rows of a table of the comparison, in the order of some columns."""
        yield from self.ledger.tables.stream(f"SELECT {columns} FROM stage.{table} ORDER BY {by}")  # noqa: S608 ours

    def name_files(self) -> None:
        """Put the names of the files, as the graph keeps them, into `stage.file_name`."""
        self.ledger.tables.run("CREATE OR REPLACE TABLE stage.file_name (id INTEGER, name VARCHAR)")
        names = self.ledger.file_names()
        columns: dict[str, Column] = {"id": ("INTEGER", list(names)), "name": ("VARCHAR", list(names.values()))}
        self.ledger.tables.append("stage.file_name", columns)

    def _script(self, statements: str) -> None:
        with self.ledger.transaction():
            self.ledger.tables.run(statements)


def _change(kind: int, key: str, claimed: list[Claim]) -> EntityChange | None:
    """What differs for one entity."""
    before = _together(claim.properties for claim in claimed if not claim.holds)
    now = [claim for claim in claimed if claim.holds]
    after = _together(claim.properties for claim in now)
    changed: dict[str, Value | None] = {n: v for n, v in after.items() if n not in before or not _same(v, before[n])}
    changed |= {name: None for name in before if name not in after}
    known = len(now) < len(claimed)
    if known and not changed:
        return None
    return EntityChange(kind, key, now[-1].file, now[-1].row, changed, after, known)


def _together(texts: Iterable[bytes]) -> dict[str, Value]:
    together: dict[str, Value] = {}
    for text in texts:
        together |= orjson.loads(text)
    return together


def _same(one: Value, other: Value) -> bool:
    return type(one) is type(other) and one == other  # 1, 1.0 and True differ
