"""An analyst may ask anything and change nothing, within limits, on both databases."""

import os
from collections.abc import Iterator
from threading import Thread

import pytest

from kg.bolt import QueryResult
from kg.store import GraphStore
from kg.triples import Entity, Ref, Triple
from ontology.errors import InputError
from tests.graphs import driver

ENDLESS = "UNWIND range(1, 1000000) AS x UNWIND range(1, 1000000) AS y WITH x, y WHERE x + y < 0 RETURN x, y"
STREAM = "UNWIND range(1, 1000000) AS x UNWIND range(1, 1000000) AS y RETURN x, y"


@pytest.fixture
def shop(store: GraphStore) -> Iterator[GraphStore]:
    """Two kettles of one brand, and proof that the test has changed nothing."""
    store.upsert_entities([Entity("Product", "k1", {"name": "Kettle"}), Entity("Product", "k2"), Entity("Brand", "b")])
    store.upsert_triples([Triple(Ref("Product", key), "MADE_BY", Ref("Brand", "b")) for key in ("k1", "k2")])
    before = everything(store)
    yield store
    assert everything(store) == before


def everything(store: GraphStore) -> list[object]:
    with driver(store.address) as direct:
        statements = (
            "MATCH (n) RETURN labels(n), properties(n) ORDER BY n.id",
            "MATCH (a)-[r]->(b) RETURN a.id, type(r), properties(r), b.id ORDER BY a.id, b.id",
            "SHOW CONSTRAINTS YIELD name",
            "SHOW INDEXES YIELD name",
        )
        return [[record.values() for record in direct.execute_query(text).records] for text in statements]


def test_a_query_gives_columns_and_rows_of_plain_values(shop: GraphStore):
    text = "MATCH p = (k:Product {id: $key})-[r:MADE_BY]->(b) RETURN k, r, p, [k.name, 1, 2.5, true, null] AS list"
    kettle, brand = {"labels": ["Product"], "id": "k1", "name": "Kettle"}, {"labels": ["Brand"], "id": "b"}
    text_at = "MATCH ()-[r:MADE_BY]->() RETURN r.kg_at"
    made = {"type": "MADE_BY", "kg_source": "events", "kg_at": shop.query(text_at, {}).rows[0][0]}
    path = [kettle, brand, made]
    values = [kettle, made, path, ["Kettle", 1, 2.5, True, None]]
    assert shop.query(text, {"key": "k1"}) == QueryResult(["k", "r", "p", "list"], [values], False)


def test_times_are_iso_texts(shop: GraphStore):
    text = "RETURN date('2024-03-01') AS d, duration('P1DT2H') AS p, datetime('2024-03-01T10:00:00Z') AS t"
    ((day, span, time),) = shop.query(text, {}).rows
    assert (day, span) == ("2024-03-01", "P1DT2H")
    assert str(time).startswith("2024-03-01T10:00:00")


@pytest.mark.parametrize("end", ["", ";", " ;\n", " // a comment", "\n/* a comment */"])
def test_the_end_of_a_query_may_be_written_in_many_ways(shop: GraphStore, end: str):
    assert shop.query(f"MATCH (k:Product) RETURN count(k) AS n{end}", {}).rows == [[2]]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE (:Product {id: 'k3'})",
        "MERGE (b:Brand {id: 'new'}) RETURN b",
        "MATCH (b:Brand) SET b.name = 'x' RETURN b",
        "MATCH (k:Product {id: 'k1'}) REMOVE k.name",
        "MATCH (k:Product) DETACH DELETE k",
        "MATCH ()-[r]->() DELETE r",
        "MATCH (k:Product) WITH collect(k) AS ks FOREACH (k IN ks | SET k.x = 1)",
        "CALL { CREATE (:Product {id: 'k3'}) }",
        "MATCH (k:Product) WITH k AS `k`SET k.name = 'x'",
        "CREATE CONSTRAINT c FOR (b:Brand) REQUIRE b.id IS UNIQUE",
        "DROP CONSTRAINT unique_Brand_id IF EXISTS",
        "CREATE INDEX i FOR (b:Brand) ON (b.name)",
        "CREATE USER eve SET PASSWORD 'eve-eve-eve' CHANGE NOT REQUIRED",
        "CREATE DATABASE eve",
        "SHOW USERS",
        "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
        "UNWIND [1] AS x LOAD CSV FROM 'https://example.org/x.csv' AS line RETURN line",
        "CALL dbms.listConfig()",
        "CALL db.createLabel('Eve')",
        "CALL apoc.load.json('file:///etc/passwd') YIELD value RETURN value",
        "RETURN apoc.util.md5(['x'])",
        "RETURN 1; CREATE (:Product {id: 'k3'})",
        "EXPLAIN CREATE (:Product {id: 'k3'})",
        "",
    ],
)
def test_what_does_more_than_read_is_refused(shop: GraphStore, text: str):
    with pytest.raises(InputError):
        shop.query(text, {})


@pytest.mark.parametrize(
    ("text", "parameters", "message"),
    [
        ("RETURN 1 +", {}, "the query was refused: "),
        ("MATCH (k:Product RETURN k", {}, "the query was refused: "),
        ("RETURN $x", {}, r"the query was refused: Expected parameter\(s\): x"),
        ("RETURN 1 / 0", {}, "the query was refused: / by zero"),
        ("RETURN $x", {"x": 2**63}, "cannot be sent to the graph store"),
        ("RETURN $x", {"x": "\ud800"}, "surrogates not allowed"),
        ("RETURN $x", {"x": object()}, "not supported"),
        ("RETURN '\ud800'", {}, "surrogates not allowed"),
    ],
)
def test_what_is_wrong_with_a_query_is_said(shop: GraphStore, text: str, parameters: dict[str, object], message: str):
    with pytest.raises(InputError, match=message):
        shop.query(text, parameters)
    assert shop.query("RETURN 1 AS one", {}).rows == [[1]]


def test_parameters_are_values_and_never_text(shop: GraphStore):
    evil = "k1'}) DETACH DELETE k //"
    assert shop.query("MATCH (k:Product {id: $key}) RETURN k", {"key": evil}).rows == []
    nested = {"list": [1, [2, "é"]], "map": {"a b": None, "c": [True, 0.5]}, "text": "'\"\\`\n$key"}
    assert shop.query("RETURN $all AS all", {"all": nested}).rows == [[nested]]


@pytest.mark.parametrize(("most", "truncated"), [(1, True), (2, True), (3, False), (1000, False)])
def test_there_are_at_most_so_many_rows(shop: GraphStore, most: int, truncated: bool):
    found = shop.query("UNWIND [1, 2, 3] AS x RETURN x", {}, max_rows=most)
    assert found == QueryResult(["x"], [[x] for x in range(1, min(most, 3) + 1)], truncated)


def test_rows_that_nobody_wants_are_not_made(shop: GraphStore):
    found = shop.query(STREAM, {}, max_rows=5)
    assert (len(found.rows), found.truncated) == (5, True)


@pytest.mark.parametrize("seconds", [0.3, 1.0])
def test_a_query_that_takes_too_long_is_stopped_and_the_next_one_is_answered(shop: GraphStore, seconds: float):
    with pytest.raises(InputError, match=f"took longer than {seconds:g} s and was stopped; ask for less"):
        shop.query(ENDLESS, {}, timeout_s=seconds)
    assert shop.query("MATCH (b:Brand) RETURN b.id", {}).rows == [["b"]]


def test_stopping_one_query_leaves_another_alone(shop: GraphStore):
    """The same text, asked twice at the same time: only the one whose time is over ends."""
    text = "UNWIND range(1, 2000) AS x UNWIND range(1, 500) AS y RETURN count(x * y) AS n"
    found: list[QueryResult] = []
    with GraphStore(shop.address) as other:
        asking = Thread(target=lambda: found.extend(other.query(text, {}, timeout_s=60) for _ in range(3)))
        asking.start()
        for _ in range(3):
            with pytest.raises(InputError, match="took longer"):
                shop.query(ENDLESS, {}, timeout_s=0.2)
        asking.join()
    assert [result.rows for result in found] == [[[1_000_000]]] * 3


def test_a_proxy_of_the_environment_does_not_see_our_orders(shop: GraphStore, monkeypatch: pytest.MonkeyPatch):
    """They carry a password, and would not arrive."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    with pytest.raises(InputError, match="took longer"):
        shop.query(ENDLESS, {}, timeout_s=0.5)


@pytest.mark.parametrize("length", [300, 399, 400, 1000, 100_000])
def test_a_long_query_is_stopped_as_well(shop: GraphStore, length: int):
    with pytest.raises(InputError, match="took longer"):
        shop.query(f"{ENDLESS} /* {'🎬' * (length - len(ENDLESS) - 6)} */", {}, timeout_s=0.2)


def test_a_query_that_needs_too_much_memory_is_refused_and_the_next_one_is_answered(shop: GraphStore):
    text = "UNWIND range(1, 3000) AS x UNWIND range(1, 3000) AS y WITH collect([x, y]) AS all RETURN size(all)"
    with pytest.raises(InputError, match=r"was refused|took longer"):
        shop.query(text, {}, timeout_s=5)
    assert shop.query("MATCH (b:Brand) RETURN b.id", {}).rows == [["b"]]
