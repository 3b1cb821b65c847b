"""A first load into an empty embedded database, past Cypher: four times as fast, and the same graph.

That database takes vertices and edges as lines of JSON at its control address, on loopback like all of it. Edges name
their ends by the numbers that the database gave to the vertices, which are kept on the stage meanwhile. It writes
ahead as ever, but a request is not a transaction: a load that is killed here goes on batch by batch over Bolt, which
finds what is there.
"""

import json
import re
import urllib.error
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from threading import Event
from typing import Any

import orjson

from kg.address import GraphAddress
from kg.control import post
from kg.cypher import RECORDS, plain
from kg.difference import Difference, EntityChange
from kg.progress import Progress
from kg.tables import Column
from kg.turns import turn
from kg.writing import Changes, totals
from ontology.errors import StoreError

VERTICES, EDGES = 50_000, 2_000_000
"""Lines of one request. The database joins edges to their tails at the end of each."""
PART = 10_000
"""Lines that are sent at once."""
TIMEOUT_S = 1800.0
RIDS = "CREATE OR REPLACE TABLE stage.rid (kind INTEGER, key VARCHAR, rid VARCHAR)"
ENDS = """
SELECT t.kind, {columns} FROM stage.{table} t JOIN stage.ends e ON e.kind = t.kind
    JOIN stage.rid h ON h.kind = e.head_kind AND h.key = t.head
    JOIN stage.rid x ON x.kind = e.tail_kind AND x.key = t.tail {more} ORDER BY t.kind, t.head
"""
COLUMNS = "h.rid, x.rid, t.file, t.row"
TRIPLES = ENDS.format(table="triple_todo", columns=f"{COLUMNS}, t.since, t.until", more="")
INTERACTIONS = ENDS.format(table="interaction_todo", columns=f"{COLUMNS}, t.id, t.value, t.happened", more="")
CSV = ENDS.format(
    table="triple_todo",
    columns="concat_ws(',', 'edge', k.relation, h.rid, x.rid, f.name, t.row, $at)",
    more="JOIN main.kind k ON k.id = t.kind JOIN stage.file_name f ON f.id = t.file",
)
"""Whole lines, which one database writes and the other reads: here they are only handed on."""
HEADER = "@type,@class,@from,@to,kg_source,kg_row,kg_at"
FILE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\.[A-Za-z0-9_.-]+")
"""A name that CSV takes as it is, and for no number."""
Line = dict[str, Any]


def possible(address: GraphAddress, held: Mapping[str, int]) -> bool:
    """Whether this is an embedded database that has nothing in it but notes of our own."""
    return address.control is not None and not set(held) - set(RECORDS)


class Bulk:
    """Writes all of a difference."""

    def __init__(self, difference: Difference, address: GraphAddress, progress: Progress) -> None:
        """Nothing is written yet."""
        self._difference, self._address, self._progress = difference, address, progress
        self._tables, self._kinds = difference.ledger.tables, difference.ledger.kinds()
        self._files = difference.ledger.file_names()
        self._changes = Changes()
        self._totals, self._done = totals(difference), Counter[str]()
        self.sent = Event()
        """Set when all is sent, after which the database works alone for a while; or when that has failed."""

    def write(self) -> Changes:
        """Write it. Raises StoreError."""
        try:
            return self._write()
        finally:
            self.sent.set()

    def _write(self) -> Changes:
        self._tables.run(RIDS)
        for _, relation, _ in self._kinds.values():
            if relation:
                self._command(f"CREATE EDGE TYPE {plain(relation)} IF NOT EXISTS")
        entities = self._difference.entity_changes()
        for first in entities:
            self._vertices(chain([first], islice(entities, VERTICES - 1)))
        if self._plain():
            self._plain_edges()
        else:
            self._edges("triples", TRIPLES, ("since", "until"))
        self._edges("interactions", INTERACTIONS, ("id", "value", "at"))
        return self._changes

    def _tell(self, phase: str, more: int) -> None:
        """What was sent of a phase."""
        self._done[phase] += more
        self._progress(f"write {phase}", self._done[phase], self._totals[phase])
        if self._done.total() >= sum(self._totals.values()):
            self.sent.set()

    def _plain(self) -> bool:
        """Whether triples can go as CSV, in which what looks like a number is one: no dates, and names of files."""
        dated = "SELECT 1 FROM stage.triple_todo WHERE since IS NOT NULL OR until IS NOT NULL LIMIT 1"
        used = self._tables.rows("SELECT DISTINCT file FROM stage.triple_todo")
        return not self._tables.rows(dated) and all(FILE_NAME.fullmatch(self._files[file]) for (file,) in used)

    def _plain_edges(self) -> None:
        """Send the triples as CSV, which is read and written faster."""
        self._difference.name_files()
        lines, relations = self._tables.stream(CSV, at=self._difference.at), self._kinds

        def parts(request: Iterator[tuple[int, str]]) -> Iterator[bytes]:
            self._tell("triples", 0)
            yield f"{HEADER}\n".encode()
            while some := list(islice(request, PART)):
                self._changes.added.update(Counter(relations[kind].relation for kind, _ in some))
                yield "".join([f"{line}\n" for _, line in some]).encode()
                self._tell("triples", len(some))

        for first in lines:
            request = chain([first], islice(lines, EDGES - 1))
            self._ask(f"batch/{self._address.database}?wal=true", parts(request), "text/csv")

    def _vertices(self, changes: Iterator[EntityChange]) -> None:
        sent: list[tuple[int, str]] = []

        def lines() -> Iterator[Line]:
            for number, x in enumerate(changes):
                sent.append((x.kind, x.key))
                yield self._line("vertex", x.kind, x.file, x.row) | {**x.set, "@id": str(number), "id": x.key}

        given = self._send("entities", lines())["idMapping"]
        kinds, keys = zip(*sent, strict=True)
        columns: dict[str, Column] = {
            "kind": ("INTEGER", kinds),
            "key": ("VARCHAR", keys),
            "rid": ("VARCHAR", [given[str(number)] for number in range(len(sent))]),
        }
        self._tables.append("stage.rid", columns)

    def _edges(self, phase: str, ask: str, names: Sequence[str]) -> None:
        edges = self._edge_lines(ask, names)
        for first in edges:
            self._send(phase, chain([first], islice(edges, EDGES - 1)))

    def _edge_lines(self, ask: str, names: Sequence[str]) -> Iterator[Line]:
        for kind, head, tail, file, row, *values in self._tables.stream(ask):
            more = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            yield self._line("edge", kind, file, row) | more | {"@from": head, "@to": tail}

    def _line(self, what: str, number: int, file: int, row: int) -> Line:
        name = self._kinds[number].relation or self._kinds[number].head
        self._changes.added[name] += 1
        origin = {"kg_source": self._files[file], "kg_row": row, "kg_at": self._difference.at}
        return {"@type": what, "@class": name, **origin}

    def _send(self, phase: str, lines: Iterator[Line]) -> dict[str, Any]:
        def parts() -> Iterator[bytes]:
            self._tell(phase, 0)
            while part := list(islice(lines, PART)):
                yield b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in part)
                self._tell(phase, len(part))

        return self._ask(f"batch/{self._address.database}?wal=true&idMapping=true", parts(), "application/x-ndjson")

    def _command(self, text: str) -> None:
        body = json.dumps({"language": "sql", "command": text}).encode()
        self._ask(f"command/{self._address.database}", body, "application/json")

    def _ask(self, path: str, body: bytes | Iterator[bytes], kind: str) -> dict[str, Any]:
        url = f"{self._address.control}/api/v1/{path}"
        try:
            with turn(self._address):
                answer = post(url, self._address.login, body, kind=kind, timeout_s=TIMEOUT_S)
        except urllib.error.HTTPError as error:
            raise StoreError(f"the embedded graph database refused a bulk load: {error.read(500)!r}") from error
        except (urllib.error.URLError, TimeoutError, OSError) as error:
            raise StoreError(f"the embedded graph database cannot be reached: {error}") from error
        found: dict[str, Any] = orjson.loads(answer)
        return found
