"""Items as they stand now equal a plain model: the bundle's triples and properties, changed edit by edit."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.entries import Edit, Entry
from kg.triples import Interaction, Ref, Triple
from retrieval.items import Items
from retrieval.live import LiveState
from tests import filter_worlds, worlds
from tests.worlds import BOOKS, READERS, RELATIONS, N, Rows, World, world

WRITER = [Ref("Writer", f"w{i}") for i in range(BOOKS + READERS, N)]
BOOK = [Ref("Book", f"b{i}") for i in range(4)] + [Ref("Book", "new1"), Ref("Book", "new2")]
"""Few, so that edits meet."""


class Plain:
    """Properties of items, and triples."""

    def __init__(self, start: World) -> None:
        snapshot = start.snapshot
        classes = [snapshot.classes[c] for c in snapshot.entity_class]
        refs = [Ref(cls, key) for cls, key in zip(classes, snapshot.keys, strict=True)]
        self.items = {refs[i]: json.loads(snapshot.properties[i]) for i in range(snapshot.n_items)}
        self.others = set(refs[snapshot.n_items :])
        self.triples = {Triple(refs[h], RELATIONS[r], refs[t]) for h, r, t in snapshot.triples.tolist()}

    def take(self, edit: Edit) -> None:
        ref = edit.item
        if edit.op == "delete":
            self.items.pop(ref, None)
            self.triples = {t for t in self.triples if ref not in (t.head, t.tail)}
        elif edit.op == "put" or ref in self.items:
            before = self.items.get(ref, {}) if edit.op == "patch" else {}
            self.items[ref] = {n: v for n, v in {**before, **edit.properties}.items() if v is not None}
            ended = RELATIONS if edit.op == "put" else edit.relations
            self.triples = {t for t in self.triples if t.head != ref or t.relation not in ended}
            self.triples |= {Triple(ref, name, tail) for name, tails in edit.relations.items() for tail in tails}

    def has(self, ref: Ref) -> bool:
        return ref in self.items or ref in self.others


def edits() -> st.SearchStrategy[Edit]:
    properties = st.dictionaries(st.sampled_from(["name", "year"]), st.one_of(st.none(), st.text(max_size=3)))
    tails = {
        "WRITTEN_BY": st.lists(st.sampled_from(WRITER), max_size=2, unique=True).map(tuple),
        "SEQUEL_OF": st.lists(st.sampled_from(BOOK), max_size=3, unique=True).map(tuple),
    }
    relations = st.fixed_dictionaries({}, optional=tails)
    op = st.sampled_from(["put", "patch", "patch", "delete"])
    return st.builds(_edit, op, st.sampled_from(BOOK), properties, relations)


def _edit(op: str, item: Ref, properties: dict[str, str | None], relations: dict[str, tuple[Ref, ...]]) -> Edit:
    if op == "delete":
        return Edit("", "delete", item)
    return Edit("", op, item, properties, relations)  # type: ignore[arg-type]


@given(rows=worlds.triples(), said=st.lists(edits(), max_size=8))
@settings(max_examples=200, deadline=None)
def test_items_are_what_the_edits_make_of_them(rows: Rows, said: list[Edit]):
    start = world(rows)
    live, plain = Items(start.bundle), Plain(start)
    for asked in said:
        edit = Edit("", asked.op, asked.item, asked.properties, _existing(asked, plain))
        live.take(edit)
        plain.take(edit)
    everywhere = {*plain.items, *BOOK}
    for ref in everywhere:
        found = live.get(ref.key)
        assert (found is not None) == (ref in plain.items) == live.has(ref) == (live.item_class(ref.key) == "Book")
        if found:
            assert (found.ref, dict(found.properties)) == (ref, plain.items[ref])
            assert found.name == live.name(ref) == live.label(ref.key) == plain.items[ref].get("name", ref.key)
            triples = live.triples(found)
            assert set(triples) == {t for t in plain.triples if ref in (t.head, t.tail)}
            assert len(triples) == len(set(triples))
    number = {key: i for i, key in enumerate(start.snapshot.keys[:BOOKS])}
    gone = {number[ref.key] for ref in everywhere - plain.items.keys() if ref.key in number}
    assert set(live.deleted.tolist()) == gone
    assert live.count() == len(plain.items)
    stored = Plain(start).triples
    items = everywhere | {Ref("Book", key) for key in number}
    assert {t for t in stored if live.says(t)} >= {t for t in stored if t in plain.triples}
    # A triple that was ended and said again by an edit is one that holds; between other things nothing changed.
    assert {t for t in stored if live.says(t)} <= plain.triples | {t for t in stored if not {t.head, t.tail} & items}


def _existing(edit: Edit, plain: Plain) -> dict[str, tuple[Ref, ...]]:
    """As checked before it is written: tails exist."""
    return {name: tuple(t for t in tails if plain.has(t) or t == edit.item) for name, tails in edit.relations.items()}


class Feed:
    """Entries from memory, numbered from 1."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = [*entries]

    def since(self, seq: int, limit: int) -> list[tuple[int, Entry]]:
        return list(enumerate(self.entries, 1))[seq : seq + limit]


def read(item: str, at: int, value: float = 5.0) -> Interaction:
    return Interaction(f"{item} {at}", Ref("Reader", "somebody"), "READ", Ref("Book", item), value, at)


def test_a_history_keeps_new_and_deleted_items():
    put, gone = Edit("1", "put", Ref("Book", "new1"), {"name": "New"}), Edit("2", "delete", Ref("Book", "b2"))
    live = LiveState(world([]).bundle, Feed(read("never", 0), put, read("new1", 3), read("b2", 1), read("b1", 2), gone))
    live.refresh()
    assert live.activity("somebody") == [("b2", True), ("b1", True), ("new1", True)]
    assert live.history("somebody").seen.tolist() == [2, 1, N]
    assert [live.item_number(key) for key in ("b1", "b2", "new1", "never")] == [1, None, N, None]
    live.items.take(Edit("3", "delete", Ref("Book", "new1")))
    live.refresh()
    assert live.history("somebody").seen.tolist() == [2, 1]
    assert live.activity("somebody")[-1] == ("new1", True)


def test_an_item_seen_again_stands_where_it_was_seen_last():
    live = LiveState(world([], [(0, 1, 3), (0, 2, 4), (0, 3, 3)]).bundle, Feed())
    assert live.activity("r12") == [("b4", False), ("b3", True)]
    assert live.history("r12").seen.tolist() == [4, 3]


@pytest.mark.parametrize(("learned", "there"), [(0, False), (1, True)])
def test_edits_that_the_bundle_has_are_passed_over(learned: int, there: bool):
    start = world([]).bundle
    bundle = type(start)(**{**vars(start), "manifest": {**start.manifest, "journal": learned}})
    live = LiveState(bundle, Feed(Edit("1", "delete", Ref("Book", "b1")), Edit("2", "delete", Ref("Book", "b2"))))
    live.refresh()
    assert (live.items.get("b1") is not None) is there
    assert live.items.get("b2") is None


def test_a_key_may_go_to_an_item_of_another_class():
    """What the bundle knows of the old one is not what the new one is."""
    items = Items(world([(1, RELATIONS.index("WRITTEN_BY"), BOOKS + READERS)]).bundle)
    items.take(Edit("1", "delete", Ref("Book", "b1")))
    items.take(Edit("2", "put", Ref("Item", "b1"), {"name": "Other"}))
    assert (items.item_class("b1"), items.number("b1"), items.deleted.tolist()) == ("Item", None, [1])
    found = items.get("b1")
    assert found is not None
    assert items.triples(found) == []


def test_what_a_patch_left_as_it_was_ends_with_its_tail():
    """The bundle says that b1 is a sequel of b2; b1 is edited first, then b2 deleted."""
    items = Items(world([(1, RELATIONS.index("SEQUEL_OF"), 2)]).bundle)
    items.take(Edit("1", "patch", Ref("Book", "b1"), {"name": "Other"}))
    items.take(Edit("2", "delete", Ref("Book", "b2")))
    found = items.get("b1")
    assert found is not None
    assert (found.relations, items.triples(found)) == ({}, [])


def test_an_edit_with_a_relation_that_the_bundle_does_not_know_is_followed_without_it():
    start = world([(0, RELATIONS.index("WRITTEN_BY"), 17)])
    said = {"WRITTEN_BY": (WRITER[0],)}
    newer = Edit("1", "put", Ref("Book", "new1"), {"name": "x"}, {**said, "ILLUSTRATED_BY": (WRITER[1],)})
    usual = Edit("2", "put", Ref("Book", "new2"), {"name": "x"}, said)
    live = LiveState(start.bundle, Feed(newer, usual))
    for _ in range(2):
        live.refresh()
        assert (live.item_number("new1"), live.item_number("new2")) == (N, N + 1)
        assert live.fresh.items[0].tolist() == live.fresh.items[1].tolist()
    assert live.items.triples(live.items.get("new1"))[-1].relation == "ILLUSTRATED_BY"


def test_what_could_not_be_taken_in_is_asked_for_again():
    items = Items(world([]).bundle)
    items.take(Edit("1", "put", BOOK[-1], {}, {"SEQUEL_OF": (BOOK[0],)}))
    assert items.touched() == items.touched() == [BOOK[-1], BOOK[0]]
    items.settle()
    assert items.touched() == []


def test_of_two_known_items_with_one_key_each_keeps_its_number():
    shared = [Ref("Album", "a1"), Ref("Book", "a1"), *(Ref("Book", f"b{i}") for i in range(2, 6))]
    assert len(shared) == len(filter_worlds.ITEMS)
    refs = [*shared, filter_worlds.READER, *filter_worlds.OTHERS]
    bundle = filter_worlds.bundle_of(refs, [{"name": str(ref)} for ref in refs], set())
    feed = Feed()
    live = LiveState(bundle, feed)
    for edit, deleted in (
        (Edit("1", "patch", shared[0], {"name": "the album"}), []),
        (Edit("2", "delete", shared[0]), [0]),
        (Edit("3", "put", shared[0], {"name": "the album again"}), []),
    ):
        feed.entries.append(edit)
        live.refresh()
        assert (live.number("a1"), live.fresh.number, live.items.deleted.tolist()) == (0, {}, deleted)
    assert live.items.edited()[1] == {0}
