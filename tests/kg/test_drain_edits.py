"""Edits reach the graph store in order with events, and twice is once: held against a plain graph, on both stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.drain import drain
from kg.edit_store import apply_edits
from kg.entries import Edit, Entry
from kg.journal import Journal
from kg.store import GraphStore
from kg.triples import Entity, Interaction, Ref, Triple
from tests.graphs import clear, driver
from tests.plain_graph import KEYS, values

BRANDS = [Ref("Brand", "b0"), Ref("Brand", "b'1")]
CATEGORIES = [Ref("Category", "c0")]
OTHERS = [Entity(*ref) for ref in (*BRANDS, *CATEGORIES)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


class Plain:
    """What a graph has to hold after entries, one after the other."""

    def __init__(self) -> None:
        self.properties: dict[Ref, dict[str, object]] = {Ref(e.cls, e.key): {} for e in OTHERS}
        self.triples: set[Triple] = set()
        self.events: dict[str, Interaction] = {}

    def take(self, entry: Entry) -> None:
        if isinstance(entry, Interaction):
            if entry.item in self.properties:
                self.events[entry.id] = entry
                self.properties.setdefault(entry.user, {})
        elif entry.op == "delete":
            self.properties.pop(entry.item, None)
            self.triples = {t for t in self.triples if entry.item not in (t.head, t.tail)}
            self.events = {id_: e for id_, e in self.events.items() if e.item != entry.item}
        elif entry.op == "put" or entry.item in self.properties:
            self.write(entry)

    def write(self, edit: Edit) -> None:
        before = {} if edit.op == "put" else self.properties[edit.item]
        said = {**before, **edit.properties}
        self.properties[edit.item] = {name: value for name, value in said.items() if value is not None}
        kept = {
            t for t in self.triples if t.head != edit.item or (edit.op == "patch" and t.relation not in edit.relations)
        }
        fresh = {Triple(edit.item, name, tail) for name, tails in edit.relations.items() for tail in tails}
        self.triples = kept | {t for t in fresh if t.tail in self.properties}

    def contents(self) -> list[object]:
        said = [(*ref, {n: v for n, v in sorted(found.items()) if n != "id"}) for ref, found in self.properties.items()]
        return [sorted(map(repr, part)) for part in (said, self.triples, self.events.values())]


def contents(store: GraphStore) -> list[object]:
    classes, relations = (
        ("Product", "GiftCard", "Brand", "Category", "Customer"),
        ("MADE_BY", "IN_CATEGORY", "GOES_WITH"),
    )
    found = [
        (e.cls, e.key, {n: v for n, v in sorted(e.properties.items()) if not n.startswith("kg_")})
        for cls in classes
        for e in store.entities(cls)
    ]
    triples = [Triple(Ref(hc, hk), r, Ref(tc, tk)) for r in relations for hc, hk, tc, tk in store.triples(r)]
    return [sorted(map(repr, part)) for part in (found, triples, list(store.interactions("BOUGHT")))]


ITEMS = st.sampled_from([Ref("Product", "p"), Ref("Product", KEYS[6]), Ref("GiftCard", "g")])


def edits() -> st.SearchStrategy[Edit]:
    properties = st.dictionaries(st.sampled_from(["name", "price"]), st.one_of(st.none(), values())).map(
        lambda found: dict(sorted(found.items()))
    )
    tails = st.lists(st.one_of(st.sampled_from([*BRANDS, *CATEGORIES]), ITEMS), unique=True, max_size=3).map(tuple)
    relations = st.dictionaries(st.sampled_from(["MADE_BY", "IN_CATEGORY", "GOES_WITH"]), tails, max_size=2)
    op = st.sampled_from(["put", "put", "patch", "delete"])
    return st.builds(
        lambda op, item, said, to: Edit(
            "",
            op,
            item,
            {} if op == "delete" else {n: v for n, v in said.items() if op == "patch" or v is not None},
            {} if op == "delete" else {n: ts for n, ts in to.items() if op == "patch" or ts},
        ),
        op,
        ITEMS,
        properties,
        relations,
    )


def events() -> st.SearchStrategy[Interaction]:
    user = st.sampled_from([Ref("Customer", "u1"), Ref("Customer", "u2")])
    return st.builds(lambda u, i: Interaction(f"{u.key} {i.cls} {i.key}", u, "BOUGHT", i, 1.0, 5), user, ITEMS)


def numbered(entries: list[Entry]) -> list[Entry]:
    return [
        e if isinstance(e, Interaction) else Edit(str(i), e.op, e.item, e.properties, e.relations, i)
        for i, e in enumerate(entries)
    ]


def write(journal: Journal, entries: list[Entry]) -> None:
    for entry in entries:
        journal.append([entry]) if isinstance(entry, Interaction) else journal.edit([entry])


@given(entries=st.lists(st.one_of(edits(), edits(), events()), max_size=10).map(numbered))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_graph_becomes_what_the_journal_says(
    tmp_path_factory: pytest.TempPathFactory, shop_graph: GraphStore, entries: list[Entry]
):
    clear(shop_graph.address)
    shop_graph.upsert_entities(OTHERS)
    journal = Journal(tmp_path_factory.mktemp("drain") / "j.sqlite")
    write(journal, entries)
    drain(journal, shop_graph)
    plain = Plain()
    seen: dict[str, Interaction] = {}
    for entry in entries:
        if not isinstance(entry, Interaction) or seen.setdefault(entry.id, entry) is entry:
            plain.take(entry)
    assert contents(shop_graph) == plain.contents()
    assert journal.drained() == journal.last()
    journal.close()


def test_an_event_on_a_new_item_finds_it(journal: Journal, shop_graph: GraphStore):
    item, user = Ref("Product", "new"), Ref("Customer", "u")
    for i in range(3):
        journal.append([Interaction(f"before{i}", user, "BOUGHT", item, 1.0, i)])
    journal.edit([Edit("e", "put", item, {"name": "New"}, {}, 7)])
    journal.append([Interaction("after", user, "BOUGHT", item, 1.0, 8)])
    assert drain(journal, shop_graph) == 2
    assert [x.id for x in shop_graph.interactions("BOUGHT")] == ["after"]


def test_what_an_edit_wrote_is_marked_and_what_the_store_notes_stays(journal: Journal, shop_graph: GraphStore):
    shop_graph.upsert_entities([*OTHERS, Entity("Product", "p", {"name": "Old", "price": 1.0, "kg_hash": "h"})])
    shop_graph.upsert_triples(
        [Triple(Ref("Product", "p"), "MADE_BY", BRANDS[0]), Triple(Ref("Product", "p"), "IN_CATEGORY", CATEGORIES[0])]
    )
    relations = {"MADE_BY": tuple(BRANDS)}
    journal.edit([Edit("e", "put", Ref("Product", "p"), {"name": "New"}, relations, 1_700_000_000_000)])
    drain(journal, shop_graph)
    (found,) = shop_graph.entities("Product")
    assert found.properties == {"name": "New"}
    mark = {"kg_source": "api", "kg_at": 1_700_000_000_000}
    with driver(shop_graph.address) as direct:
        (node,) = direct.execute_query("MATCH (p:Product) RETURN properties(p) AS said").records
        assert node["said"] == {"id": "p", "name": "New", "kg_hash": "h", **mark}
        rows = direct.execute_query("MATCH (:Product)-[x]->(t) RETURN t.id AS id, properties(x) AS said").records
    # What was there before and still holds is not written again.
    assert {row["id"]: row["said"]["kg_source"] for row in rows} == {"b0": "events", "b'1": "api"}


def test_a_thousand_edits_are_a_few_statements_and_a_popular_item_can_go(journal: Journal, shop_graph: GraphStore):
    shop_graph.upsert_entities(OTHERS)
    refs = [Ref("Product", f"p{i}") for i in range(1000)]
    journal.edit(
        [Edit(str(i), "put", ref, {"name": ref.key}, {"MADE_BY": (BRANDS[0],)}, i) for i, ref in enumerate(refs)]
    )
    bought = [Interaction(f"i{i}", Ref("Customer", f"c{i}"), "BOUGHT", refs[0], 1.0, 0) for i in range(5000)]
    journal.append(bought)
    journal.edit([Edit("gone", "delete", refs[0])])
    assert drain(journal, shop_graph) == 6001
    counts = shop_graph.counts()
    assert (counts["Product"], counts["MADE_BY"], counts.get("BOUGHT", 0)) == (999, 999, 0)


def test_what_was_interrupted_is_done_again_to_the_same_end(journal: Journal, shop_graph: GraphStore):
    """As after a crash between the copy and the mark: all of it comes twice."""
    shop_graph.upsert_entities(OTHERS)
    item, user = Ref("Product", "p"), Ref("Customer", "u")
    edits = [
        Edit("1", "put", item, {"name": "A", "price": 1.0}, {"MADE_BY": (BRANDS[0],)}, 1),
        Edit("2", "patch", item, {"price": None}, {"MADE_BY": (), "IN_CATEGORY": (CATEGORIES[0],)}, 2),
        Edit("3", "delete", item, at=3),
        Edit("4", "put", item, {"name": "B"}, {"GOES_WITH": (item,)}, 4),
        Edit("5", "patch", item, {"price": 2.0}, {}, 5),
    ]
    journal.edit(edits)
    journal.append([Interaction("e", user, "BOUGHT", item, 1.0, 6)])
    drain(journal, shop_graph)
    before = contents(shop_graph)
    for part in (edits, edits[1:], edits[3:]):
        apply_edits(shop_graph, part)
    shop_graph.upsert_interactions([Interaction("e", user, "BOUGHT", item, 1.0, 6)])
    assert contents(shop_graph) == before
    assert before[1] == [repr(Triple(item, "GOES_WITH", item))]
