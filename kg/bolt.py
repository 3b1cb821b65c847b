"""A connection over Bolt by the official driver: Neo4j and the embedded database alike.

Here the driver's errors become ours, writers take turns where they have to, and an analyst's query gets its limits.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import neo4j
from neo4j.exceptions import AuthError, ClientError, ConstraintError, DriverError, Neo4jError
from neo4j.graph import Node, Path, Relationship
from neo4j.time import Date, DateTime, Duration, Time

from kg.address import GraphAddress, Login
from kg.control import Watched
from kg.guard import check_query
from kg.turns import turn
from ontology.errors import InputError, StoreError

RETRY_S = 15
"""So long a write is tried again after conflicts and lost connections."""
INDEX_TAKEN = "Neo.ClientError.Schema.IndexWithNameAlreadyExists"
Rows = list[dict[str, Any]]
Run = Callable[[str, dict[str, Any]], Rows]
"""Runs one statement with parameters inside a transaction."""
R = TypeVar("R")


@dataclass(frozen=True)
class QueryResult:
    """What a query returned; `truncated` says that there were more rows."""

    columns: list[str]
    rows: list[list[object]]
    truncated: bool


class Bolt:
    """An open connection; every failure is a StoreError."""

    def __init__(self, address: GraphAddress) -> None:
        """Connect and verify. Raises StoreError."""
        self.address = address
        self._driver = _connect(address, address.login)
        self._reader: neo4j.Driver | None = None

    def close(self) -> None:
        """Close the connections."""
        for driver in (self._driver, self._reader):
            if driver is not None:
                driver.close()

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

    def write(self, statement: str, **parameters: object) -> None:
        """Run one statement as a transaction."""

        def work(transaction: neo4j.ManagedTransaction) -> None:
            with _sendable():
                result = transaction.run(statement, parameters)
            result.consume()

        with _errors(), turn(self.address), self._session(self._driver, neo4j.WRITE_ACCESS) as session:
            session.execute_write(work)

    def transaction(self, work: Callable[[Run], R]) -> R:
        """Run several statements as one transaction. It may be tried again, from the start, after a conflict.

        Raises TakenError when a constraint forbids what was written.
        """

        def tried(transaction: neo4j.ManagedTransaction) -> R:
            def run(statement: str, parameters: dict[str, Any]) -> Rows:
                with _sendable():
                    result = transaction.run(statement, parameters)
                return result.data()

            return work(run)

        with _errors(), turn(self.address), self._session(self._driver, neo4j.WRITE_ACCESS) as session:
            return session.execute_write(tried)

    def read(self, statement: str, **parameters: object) -> Iterator[Mapping[str, Any]]:
        """Stream the rows of a statement that only reads."""
        with _errors(), self._session(self._driver, neo4j.READ_ACCESS) as session:
            yield from session.run(statement, parameters)

    def _session(self, driver: neo4j.Driver, mode: str) -> neo4j.Session:
        return driver.session(database=self.address.database, default_access_mode=mode, fetch_size=2000)


class TakenError(StoreError):
    """A constraint forbids what was written."""


class IndexTakenError(StoreError):
    """An index is there under the name that a constraint was to have."""


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
        raise TakenError(f"{place} refused a statement: {_first_line(error)}") from error
    except ClientError as error:
        kind = IndexTakenError if error.code == INDEX_TAKEN else StoreError
        raise kind(f"{place} refused a statement: {_first_line(error)}") from error
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
    lines = text.strip().splitlines()
    return lines[0].rstrip(":") if lines else type(error).__name__


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
