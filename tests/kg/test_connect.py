"""Logins, addresses, and a graph store that goes away, on both databases."""

import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest

from kg import bolt as bolt_module
from kg.address import GraphAddress, Login, address_from
from kg.connect import connect
from kg.store import GraphStore
from kg.triples import Entity
from ontology.errors import InputError, StoreError
from tests.relays import Relay, relay

SECRET = "hunter2-hunter2"


def test_passwords_are_not_printed():
    address = GraphAddress("bolt://localhost:7687", Login("neo4j", SECRET), Login("reader", SECRET))
    for text in (repr(address), str(address), repr(address.login), f"{address.reader!r}"):
        assert SECRET not in text


def test_a_wrong_password_is_a_store_error_that_does_not_tell_it(store: GraphStore):
    with pytest.raises(StoreError, match="refused the login; check KG_GRAPH_USER and KG_GRAPH_PASSWORD") as caught:
        GraphStore(replace(store.address, login=Login(store.address.login.user, SECRET)))
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_database_that_is_not_there_is_a_store_error(store: GraphStore):
    with pytest.raises(StoreError, match="nowhere"):
        GraphStore(replace(store.address, database="nowhere"))


def test_the_settings_lead_to_the_server(store: GraphStore, tmp_path: Path):
    store.upsert_entities([Entity("Product", "p")])
    file = tmp_path / "password"
    file.write_text(f"{store.address.login.password}\n", encoding="utf-8")
    env = {"KG_GRAPH": store.address.uri, "KG_GRAPH_USER": store.address.login.user}
    for password in ({"KG_GRAPH_PASSWORD": store.address.login.password}, {"KG_GRAPH_PASSWORD_FILE": str(file)}):
        with connect(tmp_path / "graph", env | password) as found:
            assert found.counts() == {"Product": 1}
    assert not (tmp_path / "graph").exists()


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"KG_GRAPH": "http://localhost:7474"}, "KG_GRAPH must begin with bolt:// or neo4j://"),
        ({"KG_GRAPH": f"bolt://neo4j:{SECRET}@localhost"}, "KG_GRAPH holds a password"),
        ({"KG_GRAPH": "bolt://localhost:bolt"}, "KG_GRAPH bolt://localhost:bolt has a port that is none"),
        ({"KG_GRAPH": "bolt://localhost:76870"}, "has a port that is none"),
        (
            {"KG_GRAPH": "bolt://localhost", "KG_GRAPH_PASSWORD_FILE": "/nowhere"},
            "/nowhere cannot be read: No such file",
        ),
        ({"KG_GRAPH": "bolt://localhost", "KG_GRAPH_PASSWORD_FILE": "/bin/sh"}, "/bin/sh is not UTF-8"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(env: dict[str, str], message: str):
    with pytest.raises(InputError, match=message) as caught:
        address_from(env)
    assert SECRET not in str(caught.value)


def test_without_settings_there_is_no_address():
    assert address_from({}) is None
    assert address_from({"KG_GRAPH": ""}) is None


@pytest.mark.parametrize("uri", ["bolt://127.0.0.1:9", "neo4j://127.0.0.1:9", "bolt://nowhere.invalid"])
def test_where_nobody_answers_it_is_a_store_error(uri: str):
    with pytest.raises(StoreError, match=f"the graph store at {uri} cannot be reached"):
        GraphStore(GraphAddress(uri, Login("neo4j", SECRET)))


@pytest.fixture
def way(shop_graph: GraphStore) -> Iterator[Relay]:
    with relay(shop_graph.address.uri) as way:
        yield way


@pytest.fixture
def far(shop_graph: GraphStore, way: Relay, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphStore]:
    """The store, reached through a network that can be cut; it gives up early."""
    monkeypatch.setattr(bolt_module, "RETRY_S", 1)
    with GraphStore(replace(shop_graph.address, uri=way.uri)) as far:
        yield far


def test_a_server_that_goes_away_is_a_store_error(far: GraphStore, way: Relay):
    far.upsert_entities(Entity("Product", f"p{i}") for i in range(5000))
    reading = far.entities("Product")
    next(reading)
    assert far.query("RETURN 1 AS one", {}).rows == [[1]]
    way.cut()
    for work in (
        lambda: list(reading),
        far.counts,
        lambda: far.query("RETURN 1 AS one", {}),
        lambda: far.upsert_entities([Entity("Product", "p")]),
    ):
        with pytest.raises(StoreError, match="the graph store cannot be reached") as caught:
            work()
        assert far.address.login.password not in "".join(traceback.format_exception(caught.value))
    way.restore()
    assert far.counts()["Product"] == 5000


def test_a_write_waits_for_a_server_that_comes_back(shop_graph: GraphStore, way: Relay):
    with GraphStore(replace(shop_graph.address, uri=way.uri)) as far:
        way.cut()
        back = Timer(0.3, way.restore)
        back.start()
        far.upsert_entities([Entity("Product", "p")])
        back.join()
    assert shop_graph.counts()["Product"] == 1


def test_a_load_that_was_cut_off_is_completed_by_the_next(shop_graph: GraphStore, way: Relay, far: GraphStore):
    products = [Entity("Product", f"p{i}", {"name": "x" * 100}) for i in range(60_000)]
    fault = Timer(0.2, way.cut)
    fault.start()
    with pytest.raises(StoreError):
        far.upsert_entities(products)
    fault.join()
    way.restore()
    assert far.upsert_entities(products) == 60_000
    assert {e.key: e for e in shop_graph.entities("Product")} == {e.key: e for e in products}
