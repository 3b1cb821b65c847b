"""What the files of one load say, on disk and in order, so that it can be compared and written in bounded memory.

A second SQLite file, joined to the ledger's connection as `stage`. First every statement is appended as it comes
(`raw_…`); `seal` then sorts them and keeps one of each: the last, and for an entity that several rows of a source
describe, what they say together. One that rows only name has no properties (NULL) at first, and then those that its
source gave it before: the row that did so may not be among those of today. The file stays until its load has ended,
so that a killed load can be resumed.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, repeat
from pathlib import Path
from typing import Any

import orjson

from kg.blocks import EntityColumns, InteractionColumns, Said, TripleColumns
from kg.cypher import Kind
from kg.ledger import Ledger, store_errors

SCHEMA = """
CREATE TABLE stage.raw_entity (kind INTEGER, key TEXT, source INTEGER, properties BLOB, file INTEGER, row INTEGER);
CREATE TABLE stage.raw_triple (rule INTEGER, head TEXT, tail TEXT, since INTEGER, until INTEGER,
    file INTEGER, row INTEGER);
CREATE TABLE stage.raw_interaction (rule INTEGER, id TEXT, user TEXT, item TEXT, value REAL, happened INTEGER,
    file INTEGER, row INTEGER);
CREATE TABLE stage.rule (id INTEGER PRIMARY KEY, kind INTEGER, head_kind INTEGER, tail_kind INTEGER, source INTEGER,
    owned INTEGER, head_column TEXT, tail_column TEXT);
CREATE TABLE stage.loaded (source INTEGER PRIMARY KEY, removing INTEGER NOT NULL);
"""
"""What a statement has in common with others of its kind, source and columns stands in its rule. Columns have the types
of the ledger's: SQLite finds no row by an index whose type differs."""
SORTED = """
CREATE TABLE stage.entity (kind INTEGER, key TEXT, source INTEGER, properties BLOB, file INTEGER, row INTEGER,
    n INTEGER, PRIMARY KEY (kind, key, source)) WITHOUT ROWID;
INSERT INTO stage.entity SELECT kind, key, source, coalesce(properties, (SELECT o.properties FROM main.entity o
        JOIN stage.loaded l ON l.source = o.source AND NOT l.removing
        WHERE o.kind = r.kind AND o.key = r.key AND o.source = r.source), x'7b7d'), file, row, n FROM
    (SELECT kind, key, source, properties, file, row, count(properties) AS n,
        max(rowid + ((properties IS NOT NULL) << 60)) FROM stage.raw_entity GROUP BY 1, 2, 3) r;
CREATE TABLE stage.triple (kind INTEGER, head TEXT, tail TEXT, source INTEGER, owned INTEGER, since INTEGER,
    until INTEGER, file INTEGER, row INTEGER, n INTEGER, PRIMARY KEY (kind, head, tail, source)) WITHOUT ROWID;
INSERT INTO stage.triple SELECT kind, head, tail, source, owned, since, until, file, row, n FROM
    (SELECT l.kind, head, tail, l.source, l.owned, since, until, file, row, count(*) AS n, max(r.rowid)
     FROM stage.raw_triple r JOIN stage.rule l ON l.id = r.rule GROUP BY 1, 2, 3, 4);
CREATE TABLE stage.interaction (kind INTEGER, id TEXT, source INTEGER, user TEXT, item TEXT, value REAL,
    happened INTEGER, file INTEGER, row INTEGER, n INTEGER, PRIMARY KEY (kind, id, source)) WITHOUT ROWID;
INSERT INTO stage.interaction SELECT kind, id, source, user, item, value, happened, file, row, n FROM
    (SELECT l.kind, r.id, l.source, user, item, value, happened, file, row, count(*) AS n, max(r.rowid)
     FROM stage.raw_interaction r JOIN stage.rule l ON l.id = r.rule GROUP BY 1, 2, 3);
CREATE TABLE stage.ends (kind INTEGER PRIMARY KEY, head_kind INTEGER, tail_kind INTEGER);
INSERT INTO stage.ends SELECT DISTINCT kind, head_kind, tail_kind FROM stage.rule;
"""
DESCRIBED_TWICE = """
SELECT r.kind, r.key, r.source, r.properties FROM stage.raw_entity r JOIN stage.entity e USING (kind, key, source)
WHERE e.n > 1 AND r.properties <> ? ORDER BY r.kind, r.key, r.source, r.rowid
"""
NOTHING = b"{}"
Rule = tuple[int, int, int, int, bool, str, str]


@dataclass
class Stage:
    """The open stage of a load."""

    ledger: Ledger
    path: Path
    _rules: dict[Rule, int] = field(default_factory=dict)

    @classmethod
    def begin(cls, ledger: Ledger, path: Path) -> "Stage":
        """An empty stage, in place of whatever was there."""
        _delete(path)
        stage = cls.open(ledger, path)
        with store_errors(path):
            ledger.db.executescript(SCHEMA)
            ledger.db.execute("BEGIN")
        return stage

    @classmethod
    def open(cls, ledger: Ledger, path: Path) -> "Stage":
        """The stage of a load that was interrupted."""
        with store_errors(path):
            ledger.db.execute("ATTACH ? AS stage", (str(path),))
            # It is needed until its load ends, not beyond a crash of the machine: the files say it all again.
            ledger.db.execute("PRAGMA stage.journal_mode = OFF")
            ledger.db.execute("PRAGMA stage.synchronous = OFF")
            ledger.db.execute("PRAGMA stage.cache_size = -16384")
        return cls(ledger, path)

    def add(self, source: int, file: int, said: Said) -> None:
        """Append what a block of rows says."""
        with store_errors(self.path):
            for entities in said.entities:
                self._add_entities(source, file, entities)
            for triples in said.triples:
                self._add_triples(source, file, triples)
            for interactions in said.interactions:
                self._add_interactions(source, file, interactions)

    def _add_entities(self, source: int, file: int, said: EntityColumns) -> None:
        kind = self.ledger.kind(Kind(said.cls, "", ""))
        texts = _json(said) if said.described else repeat(None)
        rows = zip(repeat(kind), said.keys, repeat(source), texts, repeat(file), said.origin.lines, strict=False)
        self._insert("INSERT INTO stage.raw_entity VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _add_triples(self, source: int, file: int, said: TripleColumns) -> None:
        rule = self._rule(source, said.kind, said.owned, said.named_in)
        since, until = said.since or repeat(None), said.until or repeat(None)
        rows = zip(repeat(rule), said.heads, said.tails, since, until, repeat(file), said.origin.lines, strict=False)
        self._insert("INSERT INTO stage.raw_triple VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _add_interactions(self, source: int, file: int, said: InteractionColumns) -> None:
        rule = self._rule(source, said.kind, False, said.named_in)
        lines = said.origin.lines
        columns = (said.ids, said.users, said.items, said.values, said.at)
        rows = zip(repeat(rule), *columns, repeat(file), lines, strict=False)
        self._insert("INSERT INTO stage.raw_interaction VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        # Users are made as they come; each once a block.
        kind = self.ledger.kind(Kind(said.kind.head, "", ""))
        first = dict(zip(said.users, lines, strict=True))
        users = ((kind, user, source, None, file, line) for user, line in first.items())
        self._insert("INSERT INTO stage.raw_entity VALUES (?, ?, ?, ?, ?, ?)", users)

    def seal(self, removing: Iterable[tuple[int, bool]]) -> None:
        """Sort and keep one of each. `removing`: the loaded sources, and whether what they lack is to go."""
        with store_errors(self.path):
            self.ledger.db.executemany("INSERT INTO stage.loaded VALUES (?, ?)", removing)
            self.ledger.db.execute("COMMIT")
            self.ledger.db.executescript(f"BEGIN; {SORTED} COMMIT;")
            self._join_descriptions()

    def close(self) -> None:
        """Let go of the file, and keep it."""
        if self.ledger.db.in_transaction:
            self.ledger.db.execute("ROLLBACK")
        self.ledger.db.execute("DETACH stage")

    def delete(self) -> None:
        """Delete the file."""
        _delete(self.path)

    def _join_descriptions(self) -> None:
        db = self.ledger.db
        joined = []
        found = db.execute(DESCRIBED_TWICE, (NOTHING,))
        for (kind, key, source), rows in groupby(found, key=lambda row: row[:3]):
            together: dict[str, Any] = {}
            for text, _ in groupby(row[3] for row in rows):
                together |= orjson.loads(text)
            joined.append((orjson.dumps(together, option=orjson.OPT_SORT_KEYS), kind, key, source))
        db.execute("BEGIN")
        db.executemany("UPDATE stage.entity SET properties = ? WHERE kind = ? AND key = ? AND source = ?", joined)
        db.execute("COMMIT")

    def _rule(self, source: int, kind: Kind, owned: bool, named_in: tuple[str, str]) -> int:
        number = self.ledger.kind
        key = (number(kind), number(Kind(kind.head, "", "")), number(Kind(kind.tail, "", "")), source, owned, *named_in)
        if key not in self._rules:
            self._rules[key] = len(self._rules) + 1
            self._insert("INSERT INTO stage.rule VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [(self._rules[key], *key)])
        return self._rules[key]

    def _insert(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self.ledger.db.executemany(statement, rows)


def _json(said: EntityColumns) -> Iterator[bytes]:
    """The properties of each entity as JSON with sorted names, without those that a row does not give."""
    names = sorted(said.properties)
    if not names:
        return repeat(NOTHING)
    rows = zip(*(said.properties[name] for name in names), strict=True)
    if not any(None in said.properties[name] for name in names):
        return (orjson.dumps(dict(zip(names, row, strict=True))) for row in rows)
    return (orjson.dumps({n: v for n, v in zip(names, row, strict=True) if v is not None}) for row in rows)


def _delete(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        if os.path.exists(f"{path}{suffix}"):  # noqa: PTH110 a suffix of the whole name
            os.remove(f"{path}{suffix}")  # noqa: PTH107
