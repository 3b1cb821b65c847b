"""The graph store agrees with a graph in plain Python, on both databases."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.snapshot import snapshot
from kg.store import GraphStore
from kg.triples import Entity, Interaction, Ref
from tests.graphs import clear, driver
from tests.plain_graph import SHOP, Batch, PlainGraph, batches, contents, entities, interactions, triples

on_both = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def say(graph: GraphStore | PlainGraph, batches: list[Batch]) -> list[object]:
    return [getattr(graph, method)(things) for method, things in batches]


def test_migrations_are_recorded_and_done_once(store: GraphStore):
    wanted = {
        f"unique_{name}_id" for name in (*SHOP.classes, "BOUGHT", "VIEWED", "Ledger", "Load", "Lock", "Migration")
    }
    assert set(store.migrate(SHOP)) == wanted
    assert store.counts() == {"Migration": len(wanted)}
    assert store.migrate(SHOP) == []
    assert store.counts() == {"Migration": len(wanted)}


def test_a_migration_that_was_interrupted_is_done_again(store: GraphStore):
    store.migrate(SHOP)
    with driver(store.address) as direct:
        direct.execute_query("MATCH (m:Migration {id: 'unique_Brand_id'}) DELETE m")
    assert store.migrate(SHOP) == ["unique_Brand_id"]


@pytest.mark.parametrize(
    "statement",
    ["CREATE (:Brand {id: 'b'})", "MATCH (p:Product) MATCH (c:Customer) CREATE (c)-[:BOUGHT {id: '1'}]->(p)"],
)
def test_an_id_cannot_be_there_twice(shop_graph: GraphStore, statement: str):
    shop_graph.upsert_entities([Entity("Brand", "b"), Entity("Product", "p")])
    shop_graph.upsert_interactions([Interaction("1", Ref("Customer", "c"), "BOUGHT", Ref("Product", "p"), 1.0, 0)])
    before = contents(shop_graph)
    with driver(shop_graph.address) as direct, pytest.raises(Exception, match="already"):
        direct.execute_query(statement)
    assert contents(shop_graph) == before


@on_both
@given(said=batches())
def test_it_holds_what_a_plain_graph_holds_and_misses_what_that_misses(shop_graph: GraphStore, said: list[Batch]):
    clear(shop_graph.address)
    plain = PlainGraph()
    for batch in said:
        assert say(shop_graph, [batch]) == say(plain, [batch])
        assert contents(shop_graph) == contents(plain)


@on_both
@given(said=batches())
def test_a_load_that_is_repeated_changes_nothing(shop_graph: GraphStore, said: list[Batch]):
    clear(shop_graph.address)
    order = ["upsert_entities", "upsert_triples", "upsert_interactions"]
    load = sorted(distinct(said), key=lambda batch: order.index(batch[0]))
    once = say(shop_graph, load)
    before = contents(shop_graph)
    assert say(shop_graph, load) == once
    assert contents(shop_graph) == before


def distinct(said: list[Batch]) -> list[Batch]:
    """Nothing says two things of one entity or interaction."""
    seen: set[object] = set()
    return [(method, [x for x in things if not _said(x, seen)]) for method, things in said]


def _said(thing: object, seen: set[object]) -> bool:
    match thing:
        case Entity(cls, key, _):
            name: object = (cls, key)
        case Interaction(id=id_, relation=relation):
            name = (relation, id_)
        case _:
            return False
    known = name in seen
    seen.add(name)
    return known


@on_both
@given(
    things=st.lists(entities(), max_size=10),
    said=st.lists(triples(), max_size=10),
    happened=st.lists(interactions(), max_size=10),
    seed=st.integers(0, 99),
)
def test_the_order_within_a_batch_does_not_matter(shop_graph: GraphStore, things, said, happened, seed: int):
    parts = [things, said, happened]
    methods = ["upsert_entities", "upsert_triples", "upsert_interactions"]
    load = distinct(list(zip(methods, parts, strict=True)))
    clear(shop_graph.address)
    missing = say(shop_graph, load)
    before = contents(shop_graph)
    clear(shop_graph.address)
    mixed = [(method, random.Random(seed).sample(list(enumerate(part)), len(part))) for method, part in load]
    again = say(shop_graph, [(method, [thing for _, thing in part]) for method, part in mixed])
    assert contents(shop_graph) == before
    assert [sorted(mixed[i][1][at][0] for at in again[i]) for i in (1, 2)] == missing[1:]


@on_both
@given(said=batches())
def test_its_snapshot_is_that_of_the_plain_graph(shop_graph: GraphStore, said: list[Batch]):
    clear(shop_graph.address)
    plain = PlainGraph()
    for graph in (shop_graph, plain):
        graph.upsert_entities([Entity("Product", "p", {"name": "a product"})])
        say(graph, said)
    assert snapshot(shop_graph, SHOP).digest == snapshot(plain, SHOP).digest
