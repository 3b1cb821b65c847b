"""The embedded database lets nobody in who should not be, and its reader read only."""

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path

import neo4j
import psutil
import pytest
from neo4j.exceptions import Neo4jError

from kg.address import GraphAddress, Login
from kg.store import GraphStore
from kg.triples import Entity, Ref, Triple
from tests.graphs import clear, driver


@pytest.fixture
def address(embedded_graph: GraphAddress) -> GraphAddress:
    """A kettle and its brand."""
    clear(embedded_graph)
    with GraphStore(embedded_graph) as store:
        store.upsert_entities([Entity("Product", "k", {"name": "Kettle"}), Entity("Brand", "b")])
        store.upsert_triples([Triple(Ref("Product", "k"), "MADE_BY", Ref("Brand", "b"))])
    return embedded_graph


def folder_of(address: GraphAddress) -> Path:
    return Path(str(address.turns)).parent


def servers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "java" in child.name()]


def everything(address: GraphAddress) -> list[object]:
    statements = ("MATCH (n) RETURN n ORDER BY n.id", "MATCH ()-[r]->() RETURN r", "SHOW CONSTRAINTS YIELD name")
    with driver(address) as direct:
        return [[str(record.data()) for record in direct.execute_query(text).records] for text in statements]


def test_it_listens_on_loopback_only(address: GraphAddress):
    ports = {int(address.uri.rpartition(":")[2]), int(str(address.control).rpartition(":")[2])}
    listening = [x.laddr for server in servers() for x in server.net_connections() if x.status == "LISTEN"]
    assert ports <= {at.port for at in listening}
    assert {at.ip.removeprefix("::ffff:") for at in listening} == {"127.0.0.1"}


def test_its_files_are_its_owners_alone(address: GraphAddress):
    files = [folder_of(address), *folder_of(address).rglob("*")]
    assert len(files) > 10
    assert [str(path) for path in files if path.stat().st_mode & 0o077] == []


def test_its_passwords_are_in_no_command_environment_or_log(address: GraphAddress):
    assert address.reader is not None
    for server in servers():
        for password in (address.login.password, address.reader.password):
            assert password not in " ".join([*server.cmdline(), *server.environ().values()])
    for log in folder_of(address).rglob("*log*"):
        if log.is_file():
            assert address.login.password.encode() not in log.read_bytes()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE (:Product {id: 'new'})",
        "CREATE (:NewLabel {id: 'new'})",
        "MERGE (:Product {id: 'new'})",
        "MATCH (p:Product), (b:Brand) CREATE (b)-[:MADE_BY]->(p)",
        "MATCH (p:Product) SET p.name = 'Pot'",
        "MATCH (p:Product) SET p:Brand",
        "MATCH (p:Product) REMOVE p.name",
        "MATCH (p:Product) DETACH DELETE p",
        "MATCH ()-[r]->() DELETE r",
        "MATCH (p:Product) FOREACH (x IN [1] | SET p.name = 'Pot')",
        "CREATE CONSTRAINT c FOR (b:Brand) REQUIRE b.name IS UNIQUE",
        "CREATE INDEX i FOR (b:Brand) ON (b.name)",
        "CREATE USER eve SET PASSWORD 'eve-eve-eve' CHANGE NOT REQUIRED",
        "DROP USER root",
        "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
        "LOAD CSV FROM 'http://127.0.0.1:9/x.csv' AS line RETURN line",
        "CALL apoc.load.json('file:///etc/passwd') YIELD value RETURN value",
    ],
)
def test_the_reader_changes_nothing_even_past_the_guard(address: GraphAddress, statement: str):
    before = everything(address)
    assert address.reader is not None
    login = (address.reader.user, address.reader.password)
    with (
        neo4j.GraphDatabase.driver(address.uri, auth=login) as direct,
        direct.session(default_access_mode=neo4j.WRITE_ACCESS) as session,
        pytest.raises(Neo4jError),
    ):
        session.run(statement).consume()
    assert everything(address) == before


@pytest.mark.parametrize("source", ["file:///etc/passwd", "/etc/passwd", "http://127.0.0.1:9/x.csv"])
def test_the_server_itself_loads_no_files_for_anybody(address: GraphAddress, source: str):
    with driver(address) as direct, pytest.raises(Neo4jError) as caught:
        direct.execute_query("LOAD CSV FROM $source AS line RETURN line LIMIT 1", source=source)
    assert "disabled" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("server", {"command": "drop database neo4j"}),
        ("server", {"command": "create database eve"}),
        ("server", {"command": 'create user {"name": "eve", "password": "eve-eve-eve"}'}),
        ("server", {"command": "shutdown"}),
        ("command/neo4j", {"language": "sql", "command": "INSERT INTO Brand SET id = 'eve'"}),
        ("command/neo4j", {"language": "sql", "command": "CREATE VERTEX TYPE Eve"}),
        ("command/neo4j", {"language": "sql", "command": "IMPORT DATABASE file:///etc/passwd"}),
    ],
)
def test_the_control_address_takes_no_orders_from_the_reader_or_a_stranger(
    address: GraphAddress, path: str, order: dict[str, str]
):
    before = everything(address)
    assert address.reader is not None
    for login, codes in ((address.reader, {403}), (Login("eve", "eve-eve-eve"), {403}), (None, {401, 403})):
        assert answer(f"{address.control}/api/v1/{path}", order, login) in codes
    assert everything(address) == before


def answer(url: str, order: dict[str, str], login: Login | None) -> int:
    headers = {"Content-Type": "application/json"}
    if login is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(order).encode(), headers)) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
