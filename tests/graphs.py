"""Fixtures: graph stores to test against, the embedded database and a real Neo4j.

The suite starts that Neo4j (see tests/neo4j_server.py), unless KG_TEST_NEO4J=bolt://user:password@host:port names
one, which is then WIPED: every node, relationship and constraint in it is deleted.
"""

import os
from collections.abc import Iterator

import neo4j
import pytest

from kg.address import GraphAddress
from kg.embedded import embedded
from kg.store import GraphStore
from tests import neo4j_server
from tests.plain_graph import SHOP

BOTH = [
    pytest.param("embedded_graph", id="embedded"),
    pytest.param("neo4j_graph", id="neo4j", marks=pytest.mark.neo4j),
]
ALL_ENTITIES = "MATCH (n) WHERE NOT n:Migration DETACH DELETE n"


@pytest.fixture(scope="session")
def embedded_graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphAddress]:
    """The embedded database."""
    with embedded(tmp_path_factory.mktemp("embedded") / "graph") as address:
        yield address


@pytest.fixture(scope="session")
def neo4j_graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphAddress]:
    """A real Neo4j."""
    if url := os.environ.get("KG_TEST_NEO4J"):
        if os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1") != "1":
            pytest.fail("one server cannot serve two processes of tests; add ARGS='-n 0'", pytrace=False)
        yield neo4j_server.named(url)
        return
    with neo4j_server.started(tmp_path_factory.mktemp("neo4j") / "home") as address:
        yield address


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest) -> Iterator[GraphStore]:
    """A graph with nothing in it, on each of the databases."""
    address = request.getfixturevalue(request.param)
    clear(address, "MATCH (n) DETACH DELETE n", constraints=True)
    with GraphStore(address) as store:
        yield store


@pytest.fixture
def embedded_store(embedded_graph: GraphAddress) -> Iterator[GraphStore]:
    """A graph with nothing in it, on the embedded database alone."""
    clear(embedded_graph, "MATCH (n) DETACH DELETE n", constraints=True)
    with GraphStore(embedded_graph) as store:
        yield store


@pytest.fixture(params=BOTH)
def shop_graph(request: pytest.FixtureRequest) -> Iterator[GraphStore]:
    """The same with the constraints of a shop, which take a second to make: they stay from test to test."""
    with GraphStore(request.getfixturevalue(request.param)) as store:
        clear(store.address)
        store.migrate(SHOP)
        yield store


def clear(address: GraphAddress, what: str = ALL_ENTITIES, *, constraints: bool = False) -> None:
    """Delete what is in a database; unless told otherwise, all but what was migrated."""
    with driver(address) as direct:
        direct.execute_query(what)
        for row in direct.execute_query("SHOW CONSTRAINTS YIELD name").records if constraints else ():
            direct.execute_query(f"DROP CONSTRAINT {row['name']}")


def driver(address: GraphAddress) -> neo4j.Driver:
    """A way to the database that goes round our own code."""
    auth = (address.login.user, address.login.password)
    return neo4j.GraphDatabase.driver(address.uri, auth=auth, notifications_min_severity="OFF")
