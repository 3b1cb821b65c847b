"""What the files of one load say, on disk and in order, so that it can be compared and written in bounded memory.

A second file of tables, joined to the ledger's as `stage`. First every statement is appended as it comes (`raw_…`, with
a number of its own); `seal` then keeps one of each: the last, and for an entity that several rows of a source
describe, what they say together. One that rows only name has no properties (NULL) at first, and then those that its
source gave it before: the row that did so may not be among those of today. The file stays until its load has ended,
so that a killed load can be resumed.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, repeat
from pathlib import Path
from typing import Any

import orjson

from kg.blocks import EntityColumns, InteractionColumns, Said, TripleColumns
from kg.cypher import Kind
from kg.ledger import Ledger
from kg.tables import Column, Tables, delete

SCHEMA = """
CREATE TABLE stage.raw_entity (number BIGINT, kind INTEGER, key VARCHAR, source INTEGER, properties BLOB,
    file INTEGER, row BIGINT);
CREATE TABLE stage.raw_triple (number BIGINT, rule INTEGER, head VARCHAR, tail VARCHAR, since BIGINT, until BIGINT,
    file INTEGER, row BIGINT);
CREATE TABLE stage.raw_interaction (number BIGINT, rule INTEGER, id VARCHAR, head VARCHAR, tail VARCHAR, value DOUBLE,
    happened BIGINT, file INTEGER, row BIGINT);
CREATE TABLE stage.rule (id INTEGER, kind INTEGER, head_kind INTEGER, tail_kind INTEGER, source INTEGER,
    owned BOOLEAN, head_column VARCHAR, tail_column VARCHAR);
CREATE TABLE stage.loaded (source INTEGER, removing BOOLEAN);
"""
"""What a statement has in common with others of its kind, source and columns stands in its rule."""
SORTED = """
CREATE TABLE stage.entity_twice AS
    SELECT kind, key, source, max({'described': properties IS NOT NULL, 'number': number}).number AS number,
        count(properties) AS n FROM stage.raw_entity GROUP BY ALL HAVING count(*) > 1;
CREATE TABLE stage.entity_other AS SELECT kind, key FROM stage.raw_entity GROUP BY ALL HAVING min(source) < max(source)
    UNION SELECT kind, key FROM main.entity;
CREATE TABLE stage.entity AS
    SELECT r.kind, r.key, r.source, coalesce(r.properties, o.properties, '{}'::BLOB) AS properties, r.file, r.row,
        coalesce(d.n, (r.properties IS NOT NULL)::BIGINT) AS n, x.key IS NULL AS alone
    FROM stage.raw_entity r LEFT JOIN stage.entity_twice d USING (kind, key, source)
    LEFT JOIN stage.entity_other x USING (kind, key)
    LEFT JOIN (SELECT * FROM main.entity SEMI JOIN (FROM stage.loaded WHERE NOT removing) USING (source)
        SEMI JOIN (FROM stage.raw_entity WHERE properties IS NULL) USING (kind, key, source)
        ANTI JOIN (FROM stage.entity_twice WHERE n > 0) USING (kind, key, source)) o
        ON o.kind = r.kind AND o.key = r.key AND o.source = r.source
    WHERE d.number IS NULL OR d.number = r.number;
CREATE TABLE stage.triple AS
    SELECT l.kind, r.head, r.tail, l.source, l.owned, r.since, r.until, r.file, r.row, n
    FROM (SELECT max(number) AS number, count(*) AS n FROM stage.raw_triple r JOIN stage.rule l ON l.id = r.rule
        GROUP BY l.kind, r.head, r.tail, l.source)
    JOIN stage.raw_triple r USING (number) JOIN stage.rule l ON l.id = r.rule;
CREATE TABLE stage.interaction AS
    SELECT l.kind, r.id, l.source, r.head, r.tail, r.value, r.happened, r.file, r.row, n
    FROM (SELECT max(number) AS number, count(*) AS n FROM stage.raw_interaction r JOIN stage.rule l ON l.id = r.rule
        GROUP BY l.kind, r.id, l.source)
    JOIN stage.raw_interaction r USING (number) JOIN stage.rule l ON l.id = r.rule;
CREATE TABLE stage.ends AS SELECT DISTINCT kind, head_kind, tail_kind FROM stage.rule;
CREATE TABLE stage.shared AS SELECT kind FROM stage.rule GROUP BY kind HAVING count(DISTINCT source) > 1;
"""
"""`shared` are the kinds of which several sources say something, so that two may say the same. `alone` is an entity of
which one source speaks now and none did before. Texts can be long, so no table is made or joined by them."""
DESCRIBED_TWICE = """
SELECT r.kind, r.key, r.source, r.properties FROM stage.raw_entity r JOIN stage.entity e USING (kind, key, source)
WHERE e.n > 1 AND r.properties <> '{}'::BLOB ORDER BY r.kind, r.key, r.source, r.number
"""
JOINED = """
UPDATE stage.entity SET properties = j.properties FROM joined j
WHERE entity.kind = j.kind AND entity.key = j.key AND entity.source = j.source
"""
NOTHING = b"{}"
COMMITTED = 8 * 1024 * 1024
ROW_BYTES = 50
"""Bytes of one transaction: DuckDB holds its texts in memory, and remembers so much of each row."""
Rule = tuple[int, int, int, int, bool, str, str]


@dataclass
class Stage:
    """The open stage of a load."""

    ledger: Ledger
    path: Path
    _tables: Tables
    _rules: dict[Rule, int] = field(default_factory=dict)
    _staged: int = 0
    _uncommitted: int = 0
    _writer: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1))
    _writing: Future[None] | None = None

    @classmethod
    def begin(cls, ledger: Ledger, path: Path) -> "Stage":
        """An empty stage, in place of whatever was there."""
        delete(path)
        stage = cls.open(ledger, path)
        stage._tables.compress(on=False)
        stage._tables.run(SCHEMA)
        stage._tables.run("BEGIN")
        return stage

    @classmethod
    def open(cls, ledger: Ledger, path: Path) -> "Stage":
        """The stage of a load that was interrupted."""
        ledger.tables.attach(path, "stage")
        return cls(ledger, path, ledger.tables.beside())

    def add(self, source: int, file: int, said: Said) -> None:
        """Append what a block of rows says."""
        for entities in said.entities:
            self._add_entities(source, file, entities)
        for triples in said.triples:
            self._add_triples(source, file, triples)
        for interactions in said.interactions:
            self._add_interactions(source, file, interactions)

    def _add_entities(self, source: int, file: int, said: EntityColumns) -> None:
        texts = list(_json(said)) if said.described else [None] * len(said.keys)
        columns: dict[str, Column] = {"key": ("VARCHAR", said.keys), "properties": ("BLOB", texts)}
        self._uncommitted += sum(len(text) for text in texts if text)
        kind = self.ledger.kind(Kind(said.cls, "", ""))
        self._append("raw_entity", columns, said.origin.lines, kind=kind, source=source, file=file)

    def _add_triples(self, source: int, file: int, said: TripleColumns) -> None:
        columns: dict[str, Column] = {"head": ("VARCHAR", said.heads), "tail": ("VARCHAR", said.tails)}
        if said.since is not None:
            columns["since"] = ("BIGINT", said.since)
        if said.until is not None:
            columns["until"] = ("BIGINT", said.until)
        rule = self._rule(source, said.kind, said.owned, said.named_in)
        self._append("raw_triple", columns, said.origin.lines, rule=rule, file=file)

    def _add_interactions(self, source: int, file: int, said: InteractionColumns) -> None:
        columns: dict[str, Column] = {
            "id": ("VARCHAR", said.ids),
            "head": ("VARCHAR", said.users),
            "tail": ("VARCHAR", said.items),
            "value": ("DOUBLE", said.values),
            "happened": ("BIGINT", said.at),
        }
        rule = self._rule(source, said.kind, False, said.named_in)
        self._append("raw_interaction", columns, said.origin.lines, rule=rule, file=file)
        # Users are made as they come; each once a block.
        first = dict(zip(said.users, said.origin.lines, strict=True))
        kind = self.ledger.kind(Kind(said.kind.head, "", ""))
        users: dict[str, Column] = {"key": ("VARCHAR", list(first))}
        self._append("raw_entity", users, list(first.values()), kind=kind, source=source, file=file)

    def seal(self, removing: Iterable[tuple[int, bool]]) -> None:
        """Sort and keep one of each. `removing`: the loaded sources, and whether what they lack is to go."""
        self._wait()
        for source, removes in removing:
            self._tables.run("INSERT INTO stage.loaded VALUES ($source, $removes)", source=source, removes=removes)
        self._tables.run("COMMIT")
        with self._tables.transaction():
            self._tables.run(SORTED)
        self._join_descriptions()

    def close(self) -> None:
        """Let go of the file, and keep it."""
        self._writer.shutdown()
        self._tables.close()
        self.ledger.tables.run("DETACH stage")

    def delete(self) -> None:
        """Delete the file."""
        self._writer.shutdown()
        delete(self.path)

    def _join_descriptions(self) -> None:
        joined: list[tuple[int, str, int, bytes]] = []
        found = self._tables.stream(DESCRIBED_TWICE)
        for (kind, key, source), rows in groupby(found, key=lambda row: row[:3]):
            together: dict[str, Any] = {}
            for text, _ in groupby(row[3] for row in rows):
                together |= orjson.loads(text)
            joined.append((kind, key, source, orjson.dumps(together, option=orjson.OPT_SORT_KEYS)))
        if joined:
            kinds, keys, sources, properties = zip(*joined, strict=True)
            columns: dict[str, Column] = {
                "kind": ("INTEGER", kinds),
                "key": ("VARCHAR", keys),
                "source": ("INTEGER", sources),
                "properties": ("BLOB", properties),
            }
            self._tables.run("CREATE TEMP TABLE joined (kind INTEGER, key VARCHAR, source INTEGER, properties BLOB)")
            self._tables.append("joined", columns)
            self._tables.run(f"{JOINED}; DROP TABLE joined")

    def _rule(self, source: int, kind: Kind, owned: bool, named_in: tuple[str, str]) -> int:
        number = self.ledger.kind
        key = (number(kind), number(Kind(kind.head, "", "")), number(Kind(kind.tail, "", "")), source, owned, *named_in)
        if key not in self._rules:
            self._rules[key] = len(self._rules) + 1
            names = ("kind", "head_kind", "tail_kind", "source", "owned", "head_column", "tail_column")
            values = dict(zip(names, key, strict=True))
            marks = ", ".join(f"${name}" for name in names)
            ask = f"INSERT INTO stage.rule VALUES ($id, {marks})"  # noqa: S608 names of ours
            self._wait()
            self._tables.run(ask, id=self._rules[key], **values)
        return self._rules[key]

    def _append(self, table: str, columns: dict[str, Column], lines: Sequence[int], **same: int) -> None:
        numbers = range(self._staged, self._staged + len(lines))
        self._staged += len(lines)
        self._uncommitted += len(lines) * ROW_BYTES
        columns |= {"row": ("BIGINT", lines), "number": ("BIGINT", numbers)}
        self._wait()
        if self._uncommitted > COMMITTED:
            self._tables.run("COMMIT; BEGIN")
            self._uncommitted = 0
        self._writing = self._writer.submit(self._tables.append, f"stage.{table}", columns, **same)

    def _wait(self) -> None:
        """Until what was appended is written, which goes on beside the reading of the next rows. Raises StoreError."""
        if self._writing:
            self._writing.result()


def _json(said: EntityColumns) -> Iterator[bytes]:
    """The properties of each entity as JSON with sorted names, without those that a row does not give."""
    names = sorted(said.properties)
    if not names:
        return repeat(NOTHING, len(said.keys))
    rows = zip(*(said.properties[name] for name in names), strict=True)
    if not any(None in said.properties[name] for name in names):
        return (orjson.dumps(dict(zip(names, row, strict=True))) for row in rows)
    return (orjson.dumps({n: v for n, v in zip(names, row, strict=True) if v is not None}) for row in rows)
