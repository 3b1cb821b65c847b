"""The graph store: one text of Cypher over Bolt, for Neo4j and for the embedded database alike.

Labels and relation types cannot be parameters of a statement; they come from an `Ontology`, which has checked that
they are plain names. Everything else is a parameter.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from time import time
from typing import Any, Self, TypeVar

import neo4j
from neo4j.exceptions import AuthError, ClientError, DriverError, Neo4jError
from neo4j.graph import Node, Path, Relationship

from kg.address import GraphAddress, Login
from kg.guard import check_query
from kg.triples import Entity, Interaction, Ref, Triple
from ontology.errors import InputError, StoreError
from ontology.model import Ontology

BATCH = 5000
"""Rows of one statement: more gain nothing, and very large transactions have broken connections."""
LOADS = 5
"""How many of the last loads are told."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
Rows = list[dict[str, Any]]
T = TypeVar("T")


@dataclass(frozen=True)
class QueryResult:
    """What a query returned; `truncated` says that there were more rows."""

    columns: list[str]
    rows: list[list[object]]
    truncated: bool


@dataclass(frozen=True)
class Load:
    """One load, for the record. `at` is epoch milliseconds."""

    id: str
    source: str
    at: int
    read: int
    loaded: int
    refused: int


class GraphStore:
    """A connection to one graph. Usable as a context manager; every failure of the store is a StoreError."""

    def __init__(self, address: GraphAddress) -> None:
        """Connect and verify. Raises StoreError."""
        self.address = address
        self._driver = _connect(address, address.login)
        self._reader: neo4j.Driver | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        for driver in (self._driver, self._reader):
            if driver is not None:
                driver.close()

    def migrate(self, ontology: Ontology) -> list[str]:
        """Add the constraints that this graph lacks, record each, and give their names."""
        wanted = {f"unique_{name.lower()}_id": name for name in ("Migration", "Load", *sorted(ontology.classes))}
        applied = {row["id"] for row in self._read("MATCH (m:Migration) RETURN m.id AS id")}
        missing = [migration for migration in wanted if migration not in applied]
        for migration in missing:
            label = _name(wanted[migration])
            # A schema change is a transaction of its own in both databases.
            self._write(f"CREATE CONSTRAINT {migration} IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE")
            self._write("MERGE (m:Migration {id: $id}) SET m.at = $at", id=migration, at=_now())
        return missing

    def upsert_entities(self, entities: Iterable[Entity]) -> int:
        """Create or change entities by class and key; give how many rows were written."""
        rows = ((entity.cls, {"id": entity.key, "set": dict(entity.properties)}) for entity in entities)
        written = 0
        for cls, batch in _batches(rows):
            self._write(f"UNWIND $rows AS row MERGE (n:{_name(cls)} {{id: row.id}}) SET n += row.set", rows=batch)
            written += len(batch)
        return written

    def upsert_triples(self, triples: Iterable[Triple]) -> list[int]:
        """Create what is not there yet; give the positions whose head or tail does not exist, in order."""
        rows = (
            ((t.head.cls, t.relation, t.tail.cls), {"i": i, "head": t.head.key, "tail": t.tail.key})
            for i, t in enumerate(triples)
        )
        missing: list[int] = []
        for (head, relation, tail), batch in _batches(rows):
            statement = (
                f"UNWIND $rows AS row MATCH (h:{_name(head)} {{id: row.head}}) "
                f"MATCH (t:{_name(tail)} {{id: row.tail}}) MERGE (h)-[:{_name(relation)}]->(t) RETURN row.i AS i"
            )
            missing += _unmatched(batch, self._write(statement, rows=batch))
        return sorted(missing)

    def upsert_interactions(self, interactions: Iterable[Interaction]) -> list[int]:
        """Create or change interactions by id, and their users; give the positions whose item does not exist."""
        rows = (((x.user.cls, x.relation, x.item.cls), _interaction_row(i, x)) for i, x in enumerate(interactions))
        missing: list[int] = []
        for (user, relation, item), batch in _batches(rows):
            statement = (
                f"UNWIND $rows AS row MATCH (i:{_name(item)} {{id: row.item}}) "
                f"MERGE (u:{_name(user)} {{id: row.user}}) "
                f"MERGE (u)-[x:{_name(relation)} {{id: row.id}}]->(i) SET x.value = row.value, x.at = row.at "
                "RETURN row.i AS i"
            )
            missing += _unmatched(batch, self._write(statement, rows=batch))
        return sorted(missing)

    def existing(self, refs: Iterable[Ref]) -> set[Ref]:
        """Those of the entities that are in the graph."""
        found: set[Ref] = set()
        for cls, batch in _batches((ref.cls, {"id": ref.key}) for ref in refs):
            rows = self._write(
                f"UNWIND $rows AS row MATCH (n:{_name(cls)} {{id: row.id}}) RETURN n.id AS id", rows=batch
            )
            found.update(Ref(cls, row["id"]) for row in rows)
        return found

    def entities(self, cls: str) -> Iterator[Entity]:
        """Stream all entities of a class."""
        for row in self._read(f"MATCH (n:{_name(cls)}) RETURN n.id AS id, properties(n) AS properties"):
            properties = {k: v for k, v in row["properties"].items() if k != "id"}
            yield Entity(cls, row["id"], properties)

    def triples(self, relation: str) -> Iterator[tuple[str, str, str, str]]:
        """Stream all triples of a relation: head class, head key, tail class, tail key."""
        statement = (
            f"MATCH (h)-[:{_name(relation)}]->(t) "
            "RETURN labels(h)[0] AS head, h.id AS head_id, labels(t)[0] AS tail, t.id AS tail_id"
        )
        for row in self._read(statement):
            yield row["head"], row["head_id"], row["tail"], row["tail_id"]

    def interactions(self, relation: str) -> Iterator[Interaction]:
        """Stream all interactions of a kind."""
        statement = (
            f"MATCH (u)-[x:{_name(relation)}]->(i) RETURN x.id AS id, labels(u)[0] AS user, u.id AS user_id, "
            "labels(i)[0] AS item, i.id AS item_id, x.value AS value, x.at AS at"
        )
        for row in self._read(statement):
            user, item = Ref(row["user"], row["user_id"]), Ref(row["item"], row["item_id"])
            yield Interaction(row["id"], user, relation, item, row["value"], row["at"])

    def counts(self) -> dict[str, int]:
        """How many nodes of each label, and relationships of each type, there are."""
        nodes = self._read("MATCH (n) RETURN labels(n)[0] AS name, count(*) AS n ORDER BY name")
        relationships = self._read("MATCH ()-[r]->() RETURN type(r) AS name, count(*) AS n ORDER BY name")
        return {row["name"]: row["n"] for part in (nodes, relationships) for row in part}

    def record_load(self, load: Load) -> None:
        """Remember a load."""
        self._write("MERGE (l:Load {id: $row.id}) SET l += $row", row=asdict(load))

    def loads(self) -> list[Load]:
        """The last loads, newest first."""
        found = self._read(f"MATCH (l:Load) RETURN properties(l) AS load ORDER BY l.at DESC LIMIT {LOADS}")
        return [Load(**row["load"]) for row in found]

    def query(
        self, cypher: str, parameters: Mapping[str, object], *, timeout_s: float = 10.0, max_rows: int = 1000
    ) -> QueryResult:
        """Ask as an analyst: read-only, at most so many seconds and rows. Raises InputError."""
        check_query(cypher)
        if self._reader is None:
            self._reader = _connect(self.address, self.address.reader or self.address.login)
        with (
            _errors(query=True),
            self._session(self._reader, neo4j.READ_ACCESS) as session,
            session.begin_transaction(timeout=timeout_s) as transaction,
        ):
            result = transaction.run(cypher, dict(parameters))
            rows = [[_plain(value) for value in record.values()] for record in islice(result, max_rows + 1)]
            columns = list(result.keys())
            transaction.rollback()
        return QueryResult(columns, rows[:max_rows], len(rows) > max_rows)

    def _write(self, statement: str, **parameters: object) -> Rows:
        def work(transaction: neo4j.ManagedTransaction) -> Rows:
            return transaction.run(statement, parameters).data()

        with _errors(), self._session(self._driver, neo4j.WRITE_ACCESS) as session:
            return session.execute_write(work)

    def _read(self, statement: str) -> Iterator[neo4j.Record]:
        with _errors(), self._session(self._driver, neo4j.READ_ACCESS) as session:
            yield from session.run(statement)

    def _session(self, driver: neo4j.Driver, mode: str) -> neo4j.Session:
        return driver.session(database=self.address.database, default_access_mode=mode, fetch_size=2000)


def _connect(address: GraphAddress, login: Login) -> neo4j.Driver:
    driver = neo4j.GraphDatabase.driver(
        address.uri,
        auth=(login.user, login.password),
        connection_timeout=10,
        max_transaction_retry_time=30,
        telemetry_disabled=True,
        notifications_min_severity="OFF",
        user_agent="kgrec",
    )
    try:
        with _errors(at=address.uri):
            driver.execute_query("RETURN 1", database_=address.database)
    except StoreError:
        driver.close()
        raise
    return driver


@contextmanager
def _errors(*, query: bool = False, at: str = "") -> Iterator[None]:
    """The one border at which the driver's errors become ours."""
    place = f"the graph store at {at}" if at else "the graph store"
    try:
        yield
    except AuthError as error:
        raise StoreError(f"{place} refused the login; check KG_GRAPH_USER and KG_GRAPH_PASSWORD") from error
    except ClientError as error:
        if query:
            raise InputError(f"the query was refused: {_first_line(error)}") from error
        raise StoreError(f"{place} refused a statement: {_first_line(error)}") from error
    except Neo4jError as error:
        if query:
            raise InputError(f"the query failed: {_first_line(error)}") from error
        raise StoreError(f"{place} failed: {_first_line(error)}") from error
    except (DriverError, OSError) as error:
        raise StoreError(f"{place} cannot be reached: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    text = (error.message if isinstance(error, Neo4jError) else None) or str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__


def _batches(rows: Iterable[tuple[T, dict[str, Any]]]) -> Iterator[tuple[T, Rows]]:
    """Gather rows of the same kind into batches, so that each is one statement."""
    waiting: dict[T, Rows] = defaultdict(list)
    for kind, row in rows:
        waiting[kind].append(row)
        if len(waiting[kind]) >= BATCH:
            yield kind, waiting.pop(kind)
    yield from waiting.items()


def _unmatched(batch: Rows, returned: Rows) -> list[int]:
    matched = {row["i"] for row in returned}
    return [row["i"] for row in batch if row["i"] not in matched]


def _interaction_row(i: int, x: Interaction) -> dict[str, Any]:
    return {"i": i, "id": x.id, "user": x.user.key, "item": x.item.key, "value": float(x.value), "at": x.at}


def _name(name: str) -> str:
    """A label or type that is safe as part of a statement. The ontology has checked it; this is the second look."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a plain name of a class or relation")
    return name


def _now() -> int:
    return int(time() * 1000)


def _plain(value: object) -> object:
    """A value of the driver as plain Python: nodes and relationships become their properties, paths lists."""
    if isinstance(value, Node):
        return {"labels": sorted(value.labels), **dict(value)}
    if isinstance(value, Relationship):
        return {"type": value.type, **dict(value)}
    if isinstance(value, Path):
        return [_plain(part) for part in (*value.nodes, *value.relationships)]
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value
