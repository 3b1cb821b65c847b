"""A constraint that was cut short on a real Neo4j, and an index that stands in its way."""

import random
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from time import sleep

import neo4j
import pytest
from neo4j.exceptions import DriverError, Neo4jError

from kg import cypher
from kg.address import GraphAddress
from kg.store import GraphStore
from ontology.errors import StoreError
from tests.graphs import clear, driver
from tests.plain_graph import SHOP
from tests.relays import relay

pytestmark = pytest.mark.neo4j
ID = "unique_Brand_id"
CUTS = 300
"""About every fifth of them leaves an index."""


@pytest.fixture
def server(neo4j_graph: GraphAddress) -> GraphAddress:
    clear(neo4j_graph, "MATCH (n) DETACH DELETE n", constraints=True)
    return neo4j_graph


def indexes(direct: neo4j.Driver) -> list[tuple[str, str | None]]:
    found = direct.execute_query("SHOW INDEXES YIELD state, owningConstraint, name WHERE name = $id", id=ID).records
    return [(row["state"], row["owningConstraint"]) for row in found]


def cut_short(server: GraphAddress, direct: neo4j.Driver) -> None:
    """The constraint is asked for over connections that end too early, until one of them leaves its index."""
    statement = cypher.migrations(SHOP)[ID]
    waits = random.Random(0)
    for _ in range(CUTS):
        with relay(server.uri) as way, driver(replace(server, uri=way.uri)) as other, other.session() as session:
            session.run("RETURN 1").consume()
            asking = Thread(target=_asked, args=(session, statement))
            asking.start()
            sleep(waits.uniform(0, 0.05))
            way.cut()
            asking.join()
        sleep(0.2)  # the server notices, and ends what it can
        if indexes(direct) == [("POPULATING", None)]:
            return
        direct.execute_query(f"DROP CONSTRAINT {ID} IF EXISTS")
    pytest.fail("no constraint could be cut short")


def _asked(session: neo4j.Session, statement: str) -> None:
    with suppress(DriverError, Neo4jError):
        session.run(statement).consume()


def test_what_a_constraint_that_was_cut_short_left_does_not_stand_in_its_way(server: GraphAddress):
    with driver(server) as direct, GraphStore(server) as store:
        cut_short(server, direct)
        assert ID in store.migrate(SHOP)
        assert indexes(direct) == [("ONLINE", ID)]
        direct.execute_query("CREATE (:Brand {id: 'b'})")
        with pytest.raises(Neo4jError, match="already"):
            direct.execute_query("CREATE (:Brand {id: 'b'})")


def test_an_index_of_somebody_else_is_named_and_stays(server: GraphAddress):
    with driver(server) as direct, GraphStore(server) as store:
        direct.execute_query(f"CREATE INDEX {ID} FOR (x:Other) ON (x.name)")
        direct.execute_query("CALL db.awaitIndexes(60)")
        with pytest.raises(StoreError, match=f"DROP INDEX {ID} and try again"):
            store.migrate(SHOP)
        assert store.counts() == {}, "nothing is noted as done"
        assert indexes(direct) == [("ONLINE", None)]
        direct.execute_query(f"DROP INDEX {ID}")
        assert ID in store.migrate(SHOP)
