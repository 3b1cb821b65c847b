"""Keys and values come back as they went in, or are refused with a sentence, on both databases."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.store import GraphStore, Load
from kg.triples import Entity, Interaction, Ref, Triple
from kg.values import MAX_KEY
from ontology.errors import InputError
from tests.graphs import clear
from tests.plain_graph import KEYS, texts, values

on_both = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
P, C, B = Ref("Product", "p"), Ref("Customer", "c"), Ref("Brand", "b")


def stored(store: GraphStore, cls: str) -> dict[str, dict[str, object]]:
    return {e.key: dict(e.properties) for e in store.entities(cls)}


@on_both
@given(key=texts(), properties=st.dictionaries(st.sampled_from(["name", "price", "inStock"]), values()))
def test_any_text_and_number_comes_back(shop_graph: GraphStore, key: str, properties: dict[str, object]):
    clear(shop_graph.address)
    shop_graph.upsert_entities([Entity("Product", key, properties)])
    found = stored(shop_graph, "Product")
    assert found == {key: properties}
    assert {name: type(value) for name, value in found[key].items()} == {n: type(v) for n, v in properties.items()}


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**53 + 1, 5e-324, 1.7976931348623157e308, -0.0])
def test_the_longest_numbers_lose_nothing(shop_graph: GraphStore, number: float):
    shop_graph.upsert_entities([Entity("Product", "p", {"price": number})])
    value = stored(shop_graph, "Product")["p"]["price"]
    assert (type(value), value, math.copysign(1, value)) == (type(number), number, math.copysign(1, number))


def test_every_key_is_one_of_its_own(shop_graph: GraphStore):
    """As the id of an entity, of both ends of a triple, and of an interaction."""
    shop_graph.upsert_entities(Entity(cls, key) for key in KEYS for cls in ("Product", "Brand"))
    said = [Triple(Ref("Product", key), "MADE_BY", Ref("Brand", key)) for key in KEYS]
    happened = [Interaction(key, Ref("Customer", key), "BOUGHT", Ref("Product", key), 1.0, 0) for key in KEYS]
    for _ in range(2):
        assert shop_graph.upsert_triples(said) == []
        assert shop_graph.upsert_interactions(happened) == []
    assert set(stored(shop_graph, "Product")) == set(stored(shop_graph, "Customer")) == set(KEYS)
    assert sorted(shop_graph.triples("MADE_BY")) == sorted((*t.head, *t.tail) for t in said)
    assert sorted(x.id for x in shop_graph.interactions("BOUGHT")) == sorted(KEYS)
    assert shop_graph.existing(Ref("Product", key) for key in (*KEYS, "unknown")) == {
        Ref("Product", key) for key in KEYS
    }


def test_long_keys_and_longer_texts(shop_graph: GraphStore):
    key, text = "🎬" * MAX_KEY, "長い\n" * 500_000
    shop_graph.upsert_entities([Entity("Product", key, {"name": text})])
    assert (
        shop_graph.upsert_interactions([Interaction(key, Ref("Customer", key), "BOUGHT", Ref("Product", key), 1.0, 0)])
        == []
    )
    assert stored(shop_graph, "Product") == {key: {"name": text}}
    assert [x.user.key for x in shop_graph.interactions("BOUGHT")] == [key]


def test_a_property_that_is_not_named_stays(shop_graph: GraphStore):
    shop_graph.upsert_entities(
        [Entity("Product", "p", {"name": "x", "price": 1}), Entity("Product", "p", {"price": "free"})]
    )
    shop_graph.upsert_entities([Entity("Product", "p")])
    assert stored(shop_graph, "Product") == {"p": {"name": "x", "price": "free"}}


@pytest.mark.parametrize("key", [None, 5, b"p"])
def test_what_is_not_a_key_is_refused_and_nothing_is_written(shop_graph: GraphStore, key):
    shop_graph.upsert_entities([Entity("Product", "p"), Entity("Brand", "b")])
    before = shop_graph.counts()
    for wrong in (
        lambda: shop_graph.upsert_entities([Entity("Brand", "new"), Entity("Brand", key)]),
        lambda: shop_graph.upsert_triples([Triple(P, "MADE_BY", B), Triple(Ref("Product", key), "MADE_BY", B)]),
        lambda: shop_graph.upsert_triples([Triple(P, "MADE_BY", Ref("Brand", key))]),
        lambda: shop_graph.upsert_interactions([Interaction("1", C, "BOUGHT", Ref("Product", key), 1.0, 0)]),
        lambda: shop_graph.upsert_interactions([Interaction("1", Ref("Customer", key), "BOUGHT", P, 1.0, 0)]),
        lambda: shop_graph.upsert_interactions([Interaction(key, C, "BOUGHT", P, 1.0, 0)]),
    ):
        with pytest.raises(InputError, match="is not a key: a key is a text"):
            wrong()
    assert shop_graph.counts() == before


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "\ud800", object(), {1: 2}])
def test_what_no_database_can_hold_is_refused_and_nothing_is_written(shop_graph: GraphStore, value):
    before = shop_graph.counts()
    with pytest.raises(InputError, match="cannot be sent to the graph store"):
        shop_graph.upsert_entities([Entity("Product", "p"), Entity("Product", "q", {"price": value})])
    assert shop_graph.counts() == before
    shop_graph.upsert_entities([Entity("Product", "p")])
    assert stored(shop_graph, "Product") == {"p": {}}


def test_the_last_loads_are_told_newest_first(store: GraphStore):
    loads = [Load(f"load {i}", "films/ 'quoted'", 1000 * i, 3, 2, 1) for i in range(8)]
    for load in loads[::-1]:
        store.record_load(load)
        store.record_load(load)
    assert store.loads() == loads[:2:-1]
