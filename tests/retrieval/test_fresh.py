"""New items equal what they would be had all edits come at once, whatever the order in which a worker meets them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.entries import Edit
from kg.triples import Ref
from retrieval.features import feature_names, scores
from retrieval.fresh import STAND_INS, Composer, Fresh, no_fresh
from retrieval.fresh_sources import as_known, look_at, mixed_features, unseen
from retrieval.history import History
from retrieval.items import Items
from retrieval.sources import look
from retrieval.walk import Walk
from tests import worlds
from tests.retrieval.test_live_items import BOOK, Plain, _existing, edits
from tests.worlds import BOOKS, RELATIONS, N, Rows, world


def followed(start, said: list[Edit], at_once: int) -> tuple[Fresh, Items]:
    """As a worker does that looks into the journal after every so many edits."""
    bundle = start.bundle
    items, fresh, composer = Items(bundle), no_fresh(bundle), Composer(bundle)
    for begin in range(0, len(said), at_once):
        for edit in said[begin : begin + at_once]:
            items.take(edit)
        fresh = composer.after(fresh, items, items.touched())
        items.settle()
    return fresh, items


@given(rows=worlds.triples(), said=st.lists(edits(), max_size=10), at_once=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_it_does_not_matter_when_a_worker_looks(rows: Rows, said: list[Edit], at_once: int):
    start = world(rows)
    plain = Plain(start)
    checked = []
    for asked in said:
        edit = Edit("", asked.op, asked.item, asked.properties, _existing(asked, plain))
        plain.take(edit)
        checked.append(edit)
    step, _ = followed(start, checked, at_once)
    once, _ = followed(start, checked, max(len(checked), 1))
    new = {ref.key for ref in plain.items if ref.key.startswith("new")}
    assert step.number.keys() == once.number.keys() == new
    assert {step.refs[n - N].key for n in step.numbers()} == new
    for key in new:
        a, b = step.number[key] - N, once.number[key] - N
        np.testing.assert_allclose(step.items[a], once.items[b], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(step.transe[a], once.transe[b], rtol=1e-4, atol=1e-5)
        assert set(step.stand_ins[a].tolist()) == set(once.stand_ins[b].tolist())
        assert _ends(step, a) == _ends(once, b) == _said(start, plain, key)


def _ends(fresh: Fresh, place: int) -> list[tuple[str, int]]:
    ends, relations = fresh.rows[place]
    keys = [*world([]).snapshot.keys, *(ref.key for ref in fresh.refs)]
    return sorted((keys[end], int(relation)) for end, relation in zip(ends, relations, strict=True))


def _said(start, plain: Plain, key: str) -> list[tuple[str, int]]:
    ref = Ref("Book", key)
    there = set(start.snapshot.keys) | {ref.key for ref in plain.items}
    outward = [(t.tail.key, RELATIONS.index(t.relation)) for t in plain.triples if t.head == ref]
    inward = [(t.head.key, -1 - RELATIONS.index(t.relation)) for t in plain.triples if t.tail == ref and t.head != ref]
    return sorted(end for end in outward + inward if end[0] in there)


def new_book(*authors: int, of: int = 1) -> list[Edit]:
    relations = {"WRITTEN_BY": tuple(Ref("Writer", f"w{author}") for author in authors)}
    return [Edit("", "put", Ref("Book", f"new{i}"), {"name": f"The new {i}"}, relations) for i in range(of)]


def test_a_new_item_equals_a_known_one_that_says_the_same():
    written = RELATIONS.index("WRITTEN_BY")
    start = world([(0, written, 17), (0, written, 18), (1, written, 17), (2, written, 18)])
    twin = Edit("", "put", Ref("Book", "new1"), {"name": "The b0"}, {"WRITTEN_BY": (WRITER[17], WRITER[18])})
    fresh, _ = followed(start, [twin], 1)
    content = start.teachers.content
    np.testing.assert_allclose(fresh.items[0], content.items[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(fresh.fold_in[0], content.fold_in[0], rtol=1e-4, atol=1e-5)
    assert fresh.stand_ins[0, 0] == 0
    np.testing.assert_allclose(fresh.share.sum(axis=1), 1, rtol=1e-6)


WRITER = {number: Ref("Writer", f"w{number}") for number in range(BOOKS, N)}


def test_what_a_source_thinks_of_a_new_item_is_what_it_thinks_of_the_stand_ins():
    start = world([(0, RELATIONS.index("WRITTEN_BY"), 17)], [(0, 1, 3), (0, 2, 4), (1, 3, 3), (1, 4, 8)])
    fresh, _ = followed(start, new_book(17, of=3), 2)
    history = History(*[np.array([3, 4], np.int32)] * 3)
    found = look_at(start.teachers, history, fresh)
    items = np.array([0, N + 2, 5, N], np.int64)
    mixed = mixed_features(start.teachers, history, found, items, fresh, repeats=False)
    assert mixed.shape == (4, len(feature_names()))
    linear, content = (scores(start.teachers, found, items % N)[name] for name in ("linear", "content"))
    for place, new in ((1, 2), (3, 0)):
        linear[place] = scores(start.teachers, found, fresh.stand_ins[new])["linear"] @ fresh.share[new]
        content[place] = fresh.items[new] @ found.content
    for name, expected in (("linear", linear), ("content", content)):
        standard = (expected - expected.mean()) / (expected.std() + 1e-6)
        np.testing.assert_allclose(mixed[:, feature_names().index(f"{name}.standard")], standard, rtol=1e-3, atol=1e-4)


def test_a_history_without_new_items_is_read_as_before():
    start = world([(0, RELATIONS.index("WRITTEN_BY"), 17)])
    fresh, _ = followed(start, new_book(17), 1)
    history = History(np.array([1, 0], np.int32), *[np.array([2, 1, 0], np.int32)] * 2)
    for name, value in vars(look(start.teachers, history)).items():
        np.testing.assert_array_equal(value, getattr(look_at(start.teachers, history, fresh), name))


@given(liked=st.lists(st.integers(0, N + 3), unique=True, max_size=8))
def test_a_known_history_has_each_item_once_and_no_new_ones(liked: list[int]):
    liked = [item for item in liked if item < BOOKS or item >= N]
    fresh, _ = followed(WORLD, new_book(17, 18, of=4), 3)
    known = as_known(History(*[np.array(liked, np.int32)] * 3), fresh)
    assert len(set(known.liked.tolist())) == len(known.liked)
    assert known.seen.tolist() == known.liked.tolist()
    assert set(known.closed.tolist()) == {item for item in liked if item < BOOKS}
    stand_ins = {int(fresh.stand_ins[item - N, 0]) for item in liked if item >= N}
    assert set(known.liked.tolist()) == set(known.closed.tolist()) | stand_ins


WORLD = world([(0, RELATIONS.index("WRITTEN_BY"), 17), (1, RELATIONS.index("WRITTEN_BY"), 18)])


def test_a_catalog_of_few_liked_items_has_stand_ins_of_no_weight():
    start = world([], [(0, 1, 2), (0, 2, 4), (0, 3, 3)])  # only the last one is liked
    fresh, _ = followed(start, new_book(of=2), 2)
    assert fresh.stand_ins.shape == (2, STAND_INS)
    assert set(fresh.stand_ins.ravel().tolist()) == {3}
    assert fresh.share.tolist() == [[1.0, *[0.0] * (STAND_INS - 1)]] * 2


def test_paths_are_walked_both_ways_between_new_and_known():
    fresh, _ = followed(WORLD, [*new_book(17), Edit("", "put", BOOK[-1], {}, {"SEQUEL_OF": (Ref("Book", "new0"),)})], 1)
    walk = Walk(WORLD.bundle, fresh)
    written, sequel = RELATIONS.index("WRITTEN_BY"), RELATIONS.index("SEQUEL_OF")
    assert walk.relation(N, 17) == written
    assert walk.relation(17, N) == -1 - written
    assert walk.relation(N + 1, N) == sequel
    assert walk.relation(N, N + 1) == -1 - sequel
    assert walk.ref(N) == Ref("Book", "new0")
    assert walk.degree(N) == 2
    owner, reached = walk.gather(np.array([0, N]))
    assert list(zip(owner.tolist(), reached.tolist(), strict=True)) == [(0, 17), (1, 17), (1, N + 1)]


def test_only_the_new_items_that_match_are_looked_at():
    fresh, _ = followed(WORLD, new_book(17, of=4), 2)
    none = History(*[np.empty(0, np.int32)] * 2, np.array([N + 1], np.int32))
    assert unseen(fresh, none).tolist() == [N, N + 2, N + 3]
    assert unseen(fresh, none, ["new3", "new1", "new0", "b0", "gone"]).tolist() == [N, N + 3]


def test_new_items_are_in_order_of_their_keys_whenever_a_worker_met_them():
    said = [Edit("", "put", Ref("Book", key), {"name": "The new"}, {}) for key in "cab"]
    for order in (said, said[::-1]):
        fresh, _ = followed(WORLD, order, 1)
        assert [fresh.refs[n - N].key for n in fresh.numbers()] == ["a", "b", "c"]
        in_order = fresh.in_order(np.array([N + 2, 5, N + 1, 0, N]))
        assert [fresh.refs[n - N].key if n >= N else n for n in in_order.tolist()] == [0, 5, "a", "b", "c"]


def test_vectors_do_not_depend_on_what_else_was_met():
    said = new_book(17, 18, of=7)
    alone, together = (followed(WORLD, said, at_once)[0] for at_once in (1, 7))
    for name in ("items", "fold_in", "transe", "stand_ins", "share"):
        assert getattr(alone, name).tolist() == getattr(together, name).tolist()


def test_what_stands_in_for_a_new_item_is_thought_well_of():
    fresh, _ = followed(WORLD, new_book(17, 18, of=4), 3)
    stand_in = int(fresh.stand_ins[0, 0])
    found = look_at(WORLD.teachers, History(*[np.array([N], np.int32)] * 3), fresh)
    for by_weight in (found.item_to_item, found.linear, found.transitions):
        assert by_weight[stand_in] == by_weight.max()


def test_what_is_as_the_history_is_thought_of_no_better_than_the_best_of_the_others():
    """A ranker that never met such scores may call it the worst of all."""
    start = world(
        [(book, RELATIONS.index("WRITTEN_BY"), writer) for book, writer in ((0, 17), (0, 18), (1, 17), (2, 18))]
    )
    fresh, _ = followed(start, new_book(17, 18, of=2), 2)
    history = History(*[np.array([N], np.int32)] * 3)
    items = np.array([*range(BOOKS), N + 1], np.int64)
    x = mixed_features(start.teachers, history, look_at(start.teachers, history, fresh), items, fresh, repeats=False)
    graph = x[:BOOKS, feature_names().index("graph.standard")]
    assert fresh.stand_ins[0, 0] == 0
    assert graph[0] == graph[1] == graph[2] > graph[3]
