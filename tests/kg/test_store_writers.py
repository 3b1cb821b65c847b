"""Hubs, batches and several writers at once, on both databases."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from kg.store import GraphStore
from kg.triples import Entity, Interaction, Ref, Triple
from kg.upsert import BATCH
from tests.plain_graph import SHOP, PlainGraph, contents

WRITERS = 4


def bought(id_: object, user: object, item: object, value: float = 1.0) -> Interaction:
    return Interaction(f"i{id_}", Ref("Customer", f"c{user}"), "BOUGHT", Ref("Product", f"p{item}"), value, 0)


def made_by(product: object, brand: object) -> Triple:
    return Triple(Ref("Product", f"p{product}"), "MADE_BY", Ref("Brand", f"b{brand}"))


def products(n: int) -> list[Entity]:
    return [Entity("Product", f"p{i}") for i in range(n)]


def test_an_item_that_everybody_bought(shop_graph: GraphStore):
    """Loaded twice, which a MERGE that walks the hub for each row would not live to see."""
    n = 20_000
    shop_graph.upsert_entities(products(1))
    for _ in range(2):
        assert shop_graph.upsert_interactions(bought(i, i, 0) for i in range(n)) == []
        assert shop_graph.counts()["BOUGHT"] == n
    assert shop_graph.counts()["Customer"] == n


def test_a_user_who_bought_everything(shop_graph: GraphStore):
    n = 2 * BATCH
    shop_graph.upsert_entities(products(n))
    for _ in range(2):
        assert shop_graph.upsert_interactions(bought(i, 0, i) for i in range(n)) == []
        assert shop_graph.counts()["BOUGHT"] == n


def test_what_is_missing_is_named_by_position_across_batches(shop_graph: GraphStore):
    n = 2 * BATCH + 10
    shop_graph.upsert_entities([*products(n), Entity("Brand", "b0")])
    unknown = [0, BATCH - 1, BATCH, 2 * BATCH + 9]
    assert shop_graph.upsert_triples(made_by(i if i not in unknown else "unknown", 0) for i in range(n)) == unknown
    assert (
        shop_graph.upsert_interactions(bought(i, i % 7, i if i not in unknown else "unknown") for i in range(n))
        == unknown
    )
    assert (shop_graph.counts()["MADE_BY"], shop_graph.counts()["BOUGHT"]) == (n - 4, n - 4)


def test_an_interaction_that_names_another_user_or_item_moves(shop_graph: GraphStore):
    shop_graph.upsert_entities([*products(3), Entity("GiftCard", "g")])
    shop_graph.upsert_interactions([bought(1, "a", 0), bought(2, "a", 1)])
    card = Interaction("i2", Ref("Customer", "cb"), "BOUGHT", Ref("GiftCard", "g"), 2.0, 7)
    for moved in (bought(1, "b", 0), bought(1, "b", 2, 5.0), card):
        assert shop_graph.upsert_interactions([moved]) == []
        assert [x for x in shop_graph.interactions("BOUGHT") if x.id == moved.id] == [moved]
    assert shop_graph.counts()["BOUGHT"] == 2


def test_an_interaction_that_moves_to_an_unknown_item_stays_where_it_was(shop_graph: GraphStore):
    shop_graph.upsert_entities(products(3))
    shop_graph.upsert_interactions([bought(1, "a", 0), bought(2, "a", 1)])
    # Both in one batch with one that does move.
    assert shop_graph.upsert_interactions([bought(1, "a", "unknown"), bought(2, "b", 2)]) == [0]
    assert sorted(shop_graph.interactions("BOUGHT"), key=lambda x: x.id) == [bought(1, "a", 0), bought(2, "b", 2)]


def at_once(work: Callable[[int], object]) -> None:
    """Each writer does its part; what one of them raises is raised."""
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(work, range(WRITERS)))


def test_writers_of_the_same_things_lose_and_double_nothing(shop_graph: GraphStore):
    """All say all of it, each in an order of its own and in small batches: new entities, shared hubs."""
    entities = [*products(20), *(Entity("Brand", f"b{i}") for i in range(3))]
    said = [made_by(i, i % 3) for i in range(20)]
    happened = [bought(i, i % 5, i % 2) for i in range(40)]
    plain = PlainGraph()
    for graph in (plain,):
        graph.upsert_entities(entities)
        graph.upsert_triples(said)
        graph.upsert_interactions(happened)

    def write(writer: int) -> None:
        dice = random.Random(writer)
        with GraphStore(shop_graph.address) as store:
            store.upsert_entities(dice.sample(entities, len(entities)))
            for part in range(4):
                assert store.upsert_triples(dice.sample(said, len(said))[part::4]) == []
                assert store.upsert_interactions(dice.sample(happened, len(happened))[part::4]) == []
            store.upsert_triples(said)
            store.upsert_interactions(happened)

    at_once(write)
    assert contents(shop_graph) == contents(plain)


def test_writers_of_different_things_into_the_same_hubs(shop_graph: GraphStore):
    shop_graph.upsert_entities([*products(2), Entity("Brand", "b0")])

    def write(writer: int) -> None:
        for part in range(5):
            mine = [f"{writer}-{part}-{i}" for i in range(20)]
            shop_graph.upsert_entities(Entity("Product", f"p{i}") for i in mine)
            assert shop_graph.upsert_triples(made_by(i, 0) for i in mine) == []
            assert shop_graph.upsert_interactions(bought(i, part, n % 2) for n, i in enumerate(mine)) == []

    at_once(write)
    counts = shop_graph.counts()
    assert {name: counts[name] for name in ("Product", "Customer", "MADE_BY", "BOUGHT")} == {
        "Product": 2 + WRITERS * 100,
        "Customer": 5,
        "MADE_BY": WRITERS * 100,
        "BOUGHT": WRITERS * 100,
    }


def test_migrating_at_once_is_migrating_once(store: GraphStore):
    at_once(lambda _: store.migrate(SHOP))
    assert store.counts() == {"Migration": len(SHOP.classes) + 6}
    assert store.migrate(SHOP) == []
