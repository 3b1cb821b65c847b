"""The graph store over Bolt, by the official driver: Neo4j and the embedded database alike."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import islice
from time import time
from typing import Any, Self, TypeVar

import neo4j
from neo4j.exceptions import AuthError, ClientError, ConstraintError, DriverError, Neo4jError
from neo4j.graph import Node, Path, Relationship
from neo4j.time import Date, DateTime, Duration, Time

from kg import cypher, upsert
from kg.address import GraphAddress, Login
from kg.control import Watched
from kg.cypher import Kind
from kg.guard import check_query
from kg.triples import Entity, Interaction, Ref, Triple
from kg.turns import turn
from kg.upsert import Rows, Run, batches
from ontology.errors import InputError, StoreError
from ontology.model import Ontology

LOADS = 5
"""How many of the last loads are told."""
RETRY_S = 15
"""So long a write is tried again after conflicts and lost connections."""
S = TypeVar("S")
R = TypeVar("R")


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
        """Add the constraints that this graph lacks, record each as (:Migration {id, at}), and give their ids."""
        applied = {row["id"] for row in self._read("MATCH (m:Migration) RETURN m.id AS id")}
        missing = {id_: text for id_, text in cypher.migrations(ontology).items() if id_ not in applied}
        # A schema change is a transaction of its own in both databases; IF NOT EXISTS makes a torn series harmless.
        for statement in missing.values():
            self._write(statement)
        # Last, and together: where two migrate at once, nodes are not written while their constraint is being made.
        record = "UNWIND $ids AS id MERGE (m:Migration {id: id}) SET m.at = $at"
        if missing:
            self._write(record, ids=list(missing), at=int(time() * 1000))
        return list(missing)

    def upsert_entities(self, entities: Iterable[Entity]) -> int:
        """Create or change entities by class and key; give how many were written. Properties not named stay."""
        written = 0
        for cls, batch in batches(entities, lambda entity: entity.cls):
            rows = [{"id": upsert.key_text(entity.key), "set": dict(entity.properties)} for _, entity in batch]
            self._write(cypher.put_entities(cls), rows=rows)
            written += len(batch)
        return written

    def upsert_triples(self, triples: Iterable[Triple]) -> list[int]:
        """Create what is not there yet; give the positions whose head or tail does not exist, in order."""
        missing: list[int] = []
        for kind, batch in batches(triples, lambda t: Kind(t.head.cls, t.relation, t.tail.cls)):
            there = self._transaction(upsert.put_triples, kind, [triple for _, triple in batch])
            missing += [position for position, t in batch if (t.head, t.tail) not in there]
        return sorted(missing)

    def upsert_interactions(self, interactions: Iterable[Interaction]) -> list[int]:
        """Create or change interactions by id, and their users; give the positions whose item does not exist."""
        missing: list[int] = []
        for kind, batch in batches(interactions, lambda x: Kind(x.user.cls, x.relation, x.item.cls)):
            said = [interaction for _, interaction in batch]
            try:
                there = self._transaction(upsert.put_interactions, kind, said)
            except _TakenError:
                there = self._transaction(upsert.replace_interactions, kind, said)
            missing += [position for position, x in batch if x.item not in there]
        return sorted(missing)

    def existing(self, refs: Iterable[Ref]) -> set[Ref]:
        """Those of the entities that are in the graph."""
        found: set[Ref] = set()
        for cls, batch in batches(refs, lambda ref: ref.cls):
            keys = [ref.key for _, ref in batch]
            found.update(Ref(cls, row["id"]) for row in self._read(cypher.find_entities(cls), keys=keys))
        return found

    def entities(self, cls: str) -> Iterator[Entity]:
        """Stream all entities of a class, without its subclasses."""
        for row in self._read(cypher.all_entities(cls)):
            yield Entity(cls, row["id"], {name: value for name, value in row["properties"].items() if name != "id"})

    def triples(self, relation: str) -> Iterator[tuple[str, str, str, str]]:
        """Stream all triples of a relation: head class, head key, tail class, tail key."""
        for row in self._read(cypher.all_relationships(relation)):
            yield row["head"], row["head_id"], row["tail"], row["tail_id"]

    def interactions(self, relation: str) -> Iterator[Interaction]:
        """Stream all interactions of a kind."""
        for row in self._read(cypher.all_relationships(relation)):
            user, item, said = Ref(row["head"], row["head_id"]), Ref(row["tail"], row["tail_id"]), row["properties"]
            yield Interaction(said["id"], user, relation, item, said["value"], said["at"])

    def counts(self) -> dict[str, int]:
        """How many nodes of each label, and relationships of each type, there are."""
        nodes = self._read("MATCH (n) RETURN labels(n)[0] AS name, count(*) AS n ORDER BY name")
        relationships = self._read("MATCH ()-[r]->() RETURN type(r) AS name, count(*) AS n ORDER BY name")
        return {row["name"]: row["n"] for part in (nodes, relationships) for row in part}

    def record_load(self, load: Load) -> None:
        """Remember a load."""
        self._write("UNWIND $rows AS row MERGE (l:Load {id: row.id}) SET l += row", rows=[asdict(load)])

    def loads(self) -> list[Load]:
        """The last loads, newest first."""
        found = self._read(f"MATCH (l:Load) RETURN properties(l) AS load ORDER BY l.at DESC LIMIT {LOADS}")
        return [Load(**row["load"]) for row in found]

    def query(
        self, text: str, parameters: Mapping[str, object], *, timeout_s: float = 10.0, max_rows: int = 1000
    ) -> QueryResult:
        """Ask as an analyst: read-only, at most so many seconds and rows. Raises InputError."""
        check_query(text)
        bare = text.rstrip().removesuffix(";")  # which Neo4j takes at the end, and the embedded database does not
        if self._reader is None:
            self._reader = _connect(self.address, self.address.reader or self.address.login)
        watched = Watched(self.address)
        with (
            _errors(),
            watched.limited(timeout_s),
            _query_errors(watched, timeout_s),
            self._session(self._reader, neo4j.READ_ACCESS) as session,
            session.begin_transaction(timeout=timeout_s) as transaction,
        ):
            with _sendable():
                result = transaction.run(watched.marked(bare), dict(parameters))
            rows = [[_plain(value) for value in record.values()] for record in islice(result, max_rows + 1)]
            columns = list(result.keys())
            if len(rows) > max_rows:
                # Neo4j forgets the rows that nobody fetched; the embedded database would make them all first.
                with watched.limited(0), suppress(Neo4jError):
                    transaction.rollback()
            else:
                transaction.rollback()
        return QueryResult(columns, rows[:max_rows], len(rows) > max_rows)

    def _write(self, statement: str, **parameters: object) -> None:
        def work(transaction: neo4j.ManagedTransaction) -> None:
            with _sendable():
                result = transaction.run(statement, parameters)
            result.consume()

        with _errors(), turn(self.address), self._session(self._driver, neo4j.WRITE_ACCESS) as session:
            session.execute_write(work)

    def _transaction(self, put: Callable[[Run, Kind, Sequence[S]], R], kind: Kind, said: Sequence[S]) -> R:
        def work(transaction: neo4j.ManagedTransaction) -> R:
            def run(statement: str, parameters: dict[str, Any]) -> Rows:
                with _sendable():
                    result = transaction.run(statement, parameters)
                return result.data()

            return put(run, kind, said)

        with _errors(), turn(self.address), self._session(self._driver, neo4j.WRITE_ACCESS) as session:
            return session.execute_write(work)

    def _read(self, statement: str, **parameters: object) -> Iterator[neo4j.Record]:
        with _errors(), self._session(self._driver, neo4j.READ_ACCESS) as session:
            yield from session.run(statement, parameters)

    def _session(self, driver: neo4j.Driver, mode: str) -> neo4j.Session:
        return driver.session(database=self.address.database, default_access_mode=mode, fetch_size=2000)


class _TakenError(StoreError):
    """A constraint forbids what was written."""


def _connect(address: GraphAddress, login: Login) -> neo4j.Driver:
    with _errors(at=address.uri):
        driver = neo4j.GraphDatabase.driver(
            address.uri,
            auth=(login.user, login.password),
            connection_timeout=10,
            liveness_check_timeout=5,
            max_transaction_retry_time=RETRY_S,
            telemetry_disabled=True,
            notifications_min_severity="OFF",
            user_agent="kgrec",
        )
        try:
            with driver.session(database=address.database, default_access_mode=neo4j.READ_ACCESS) as session:
                session.run("RETURN 1").consume()
        except (Neo4jError, DriverError):
            driver.close()
            raise
    return driver


@contextmanager
def _errors(*, at: str = "") -> Iterator[None]:
    """The one border at which the driver's errors become ours."""
    place = f"the graph store at {at}" if at else "the graph store"
    try:
        yield
    except AuthError as error:
        raise StoreError(f"{place} refused the login; check KG_GRAPH_USER and KG_GRAPH_PASSWORD") from error
    except ConstraintError as error:
        raise _TakenError(f"{place} refused a statement: {_first_line(error)}") from error
    except ClientError as error:
        raise StoreError(f"{place} refused a statement: {_first_line(error)}") from error
    except Neo4jError as error:
        raise StoreError(f"{place} failed: {_first_line(error)}") from error
    except (DriverError, OSError) as error:
        raise StoreError(f"{place} cannot be reached: {_first_line(error)}") from error


@contextmanager
def _query_errors(watched: Watched, timeout_s: float) -> Iterator[None]:
    """What is wrong with an analyst's query is the analyst's to change."""
    try:
        yield
    except AuthError:
        raise
    except Neo4jError as error:
        if watched.expired or "TransactionTimedOut" in (error.code or ""):
            raise InputError(f"the query took longer than {timeout_s:g} s and was stopped; ask for less") from error
        if error.is_retryable() and "OutOfMemory" not in (error.code or ""):
            raise
        raise InputError(f"the query was refused: {_first_line(error)}") from error


@contextmanager
def _sendable() -> Iterator[None]:
    """Integers beyond 64 bits, half characters, values of other types."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"a text or value cannot be sent to the graph store: {error}") from error


def _first_line(error: Exception) -> str:
    text = (error.message if isinstance(error, Neo4jError) else None) or str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__


def _plain(value: object) -> object:
    """A value of the driver as plain Python: entities become their properties, paths lists, times ISO 8601 texts."""
    if isinstance(value, Node | Relationship):
        kind = {"labels": sorted(value.labels)} if isinstance(value, Node) else {"type": value.type}
        return {**kind, **dict(value)}
    if isinstance(value, Path):
        return [_plain(part) for part in (*value.nodes, *value.relationships)]
    if isinstance(value, Date | DateTime | Duration | Time):
        return value.iso_format()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value
