"""Where an interaction repeats, as with songs and apps, what is liked by it comes back, and the ranker knows of it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.bundle import Bundle, current, open_bundle, publish
from embed.ranker import RankerOptions
from embed.split import held_out
from kg.entries import Edit
from kg.snapshot import Snapshot
from kg.triples import Interaction, Ref
from ontology.errors import InputError
from ontology.turtle import parse_ontology
from retrieval.answer import Query
from retrieval.cases import Parted
from retrieval.evaluation import evaluate
from retrieval.features import feature_names, met
from retrieval.history import History, history_of, repeating
from retrieval.live import LiveState
from retrieval.recommend import Recommender
from retrieval.systems import query_of
from retrieval.training import train
from retrieval.warm_start import warm_start
from tests.retrieval.test_live_items import Feed
from tests.retrieval.test_training import BOOKS, QUICK, READERS, library
from tests.worlds import ONTOLOGY, TURTLE

BOTH = parse_ontology(
    TURTLE
    + """
:opened a owl:ObjectProperty ; rdfs:label "opened" ; kg:inverseLabel "opened by" ; kg:repeats true ;
    rdfs:domain :Reader ; rdfs:range :Book .
"""
)
"""A book is read once, and opened again and again."""
OPENED = [relation.name for relation in BOTH.interactions()].index("OPENED")
MOST_OFTEN = 3
"""So many books each reader opens much more often than others."""


def openings() -> Snapshot:
    """Readers who open three of their books again and again, and others of their half of the shelf once."""
    random, books = np.random.default_rng(0), library()
    item = []
    for reader in range(READERS):
        shelf = reader % 2 * BOOKS // 2 + random.permutation(BOOKS // 2)
        mine = np.concatenate([np.repeat(shelf[:MOST_OFTEN], 8), shelf[MOST_OFTEN:11]])
        item.append(random.permutation(mine))
    done, m = np.concatenate(item).astype(np.int32), sum(map(len, item))
    interactions = replace(
        books.interactions,
        user=np.repeat(np.arange(READERS), [len(mine) for mine in item]).astype(np.int32),
        item=done,
        kind=np.full(m, OPENED, np.int16),
        value=np.full(m, 5, np.float32),
        at=np.arange(m, dtype=np.int64),
        positive=np.ones(m, np.bool_),
    )
    return replace(books, interactions=interactions)


LEARNING = replace(QUICK, ranker=RankerOptions(epochs=40, batch_size=256))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("models")
    publish(train(openings(), BOTH, LEARNING), folder)
    return open_bundle(current(folder))


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def recommender(opened: Bundle, feed: Feed) -> Recommender:
    return Recommender(opened, LiveState(opened, feed))


def reader(bundle: Bundle, number: int = 0) -> str:
    return bundle.catalog.keys[bundle.catalog.n_items + number]


def opens(bundle: Bundle, user: str, item: int, at: int, *, name: str = "OPENED", value: float = 5) -> Interaction:
    return Interaction(f"{at}", Ref("Reader", user), name, Ref("Book", bundle.catalog.keys[item]), value, at)


MEETINGS = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), max_size=12)


@given(MEETINGS)
def test_what_is_liked_by_repeating_ones_alone_is_met_again(meetings: list[tuple[int, bool, bool]]):
    items, positive, repeats = (np.array(column) for column in zip(*meetings, strict=True)) if meetings else [[]] * 3
    history = history_of(np.array(items, np.int32), np.array(positive, np.bool_), np.array(repeats, np.bool_))
    last = {item: good for item, good, _ in meetings}
    back = {item for item, good in last.items() if good and all(r for i, _, r in meetings if i == item)}
    assert history.again.tolist() == [item for item, good, _ in meetings if good and item in back]
    assert set(history.closed.tolist()) == last.keys() - back
    assert set(history.seen.tolist()) == last.keys()
    assert history.newest_again().tolist() == list(dict.fromkeys(history.again.tolist()[::-1]))


@given(MEETINGS)
def test_how_it_was_met_is_how_often_and_how_lately(meetings: list[tuple[int, bool, bool]]):
    history = replace(History(*[np.empty(0, np.int32)] * 3), again=np.array([m[0] for m in meetings], np.int32))
    items = np.array([7, 3, 0, 5, 1, 99])
    times, newest = Counter(history.again.tolist()), history.newest_again().tolist()
    for item, (often, lately) in zip(items.tolist(), met(history, items).tolist(), strict=True):
        assert often == pytest.approx(np.log1p(times[item]))
        assert lately == pytest.approx(1 / (1 + newest.index(item)) if item in newest else 0)


def test_the_ranker_has_learned_who_comes_back_and_says_why(recommender: Recommender):
    bundle = recommender.bundle
    assert tuple(bundle.manifest["features"]) == feature_names(repeats=True)
    found = 0
    for number in range(READERS):
        user = reader(bundle, number)
        times = Counter(recommender.live.history(user).again.tolist())
        often = {bundle.catalog.keys[item] for item, n in times.items() if n > 3}
        first = recommender.recommend(Query(user=user, n=MOST_OFTEN)).recommendations
        found += len(often & {item.id for item in first})
        for item in first:
            before = times[bundle.catalog.keys.index(item.id)]
            assert ("again" in item.sources) == (before > 0)
            assert item.explanation.text.startswith("Part of this history already") == (before > 0)
            assert not before or ("once" if before == 1 else f"{before} times") in item.explanation.text
    assert found > 0.8 * MOST_OFTEN * READERS


def test_of_given_items_the_ones_that_are_opened_often_come_first(recommender: Recommender):
    bundle, right = recommender.bundle, 0
    for number in range(READERS):
        again = recommender.live.history(reader(bundle, number)).again
        often = [item for item, n in Counter(again.tolist()).items() if n > 3]
        others = np.setdiff1d(np.arange(BOOKS), again)[:10].tolist()
        given_ = [bundle.catalog.keys[item] for item in (*others, *often)]
        ranked = recommender.rank(Query(user=reader(bundle, number)), given_).recommendations
        right += len({item.id for item in ranked[: len(often)]} & {bundle.catalog.keys[item] for item in often})
    assert right > 0.8 * MOST_OFTEN * READERS


def test_what_comes_back_can_be_excluded_deleted_and_filtered(recommender: Recommender, feed: Feed):
    user, keys = reader(recommender.bundle), recommender.bundle.catalog.keys
    again = {keys[item] for item in recommender.live.history(user).again.tolist()}
    (first,) = recommender.recommend(Query(user=user, n=1)).recommendations
    assert first.id in again

    def asked(**query) -> list[str]:
        return [item.id for item in recommender.recommend(Query(user=user, n=BOOKS, **query)).recommendations]

    assert again < set(asked())
    assert first.id not in asked(exclude=(first.id,))
    narrow = f"id in ['{first.id}', '{keys[0]}']"
    assert set(asked(filter=narrow)) == {first.id, keys[0]}
    feed.entries.append(Edit("", "delete", Ref("Book", first.id), {}, {}))
    assert first.id not in asked()


def test_an_item_is_not_similar_to_itself(recommender: Recommender):
    for key in recommender.bundle.catalog.keys[:5]:
        assert key not in [item.id for item in recommender.similar(key, BOOKS).recommendations]


def test_an_event_counts_at_once_and_only_once(recommender: Recommender, feed: Feed, opened: Bundle):
    """What the graph has from the journal stands in both."""
    user, stored = reader(opened), opened.interactions
    mine = np.flatnonzero(stored.user == 0)
    before = recommender.live.history(user)
    feed.entries += [opens(opened, user, int(stored.item[i]), int(stored.at[i])) for i in mine]
    recommender.refresh()
    np.testing.assert_array_equal(recommender.live.history(user).again, before.again)
    item = int(before.again[0])
    feed.entries.append(opens(opened, user, item, 10**6))
    recommender.refresh()
    assert recommender.live.history(user).again.tolist() == [*before.again.tolist(), item]


def test_what_is_read_as_well_or_disliked_is_closed(recommender: Recommender, feed: Feed, opened: Bundle):
    user, keys = reader(opened), opened.catalog.keys
    one, other, *_ = recommender.live.history(user).newest_again().tolist()
    feed.entries += [
        opens(opened, user, one, 10**6, name="READ"),
        opens(opened, user, other, 10**6 + 1, name="READ", value=1),
    ]
    shown = [item.id for item in recommender.recommend(Query(user=user, n=BOOKS)).recommendations]
    assert not {keys[one], keys[other]} & set(shown)
    assert {one, other} <= set(recommender.live.history(user).closed.tolist())


def test_a_new_item_is_met_again(recommender: Recommender, feed: Feed, opened: Bundle):
    user = reader(opened)
    feed.entries.append(
        Edit("", "put", Ref("Book", "new"), {"name": "New"}, {"WRITTEN_BY": (Ref("Writer", "Writer70"),)})
    )
    feed.entries += [replace(opens(opened, user, 0, 10**6 + i), item=Ref("Book", "new")) for i in range(5)]
    recommender.refresh()
    history = recommender.live.history(user)
    assert Counter(history.again.tolist())[recommender.live.number("new")] == 5
    assert "new" in [item.id for item in recommender.recommend(Query(user=user, n=BOOKS + 1)).recommendations]


def test_a_history_that_is_told_may_name_items_again(recommender: Recommender, opened: Bundle):
    for number in range(5):
        user = reader(opened, number)
        known = recommender.recommend(Query(user=user, n=BOOKS, explain=False)).recommendations
        told = recommender.recommend(query_of(opened, recommender.live.history(user), BOOKS)).recommendations
        assert told == known
    keys = opened.catalog.keys
    query = Query(history=(keys[1], keys[2], keys[1]), seen=(keys[3], keys[1]), n=BOOKS)
    shown = {item.id: item.explanation.text for item in recommender.recommend(query).recommendations}
    assert "2 times" in shown[keys[1]]
    assert "once" in shown[keys[2]]
    assert keys[3] not in shown


def test_evaluation_asks_for_what_came_back(recommender: Recommender):
    bundle = recommender.bundle
    found = evaluate(recommender, 5)
    *others, pipeline = [row.recall for row in found.rows]
    assert pipeline > max(others) + 0.2
    assert found.held_out == sum(
        len(liked)
        for _, liked in Parted(bundle.interactions, ~bundle.held_out, bundle.held_out, repeating(BOTH)).cases()
    )


def test_without_the_word_nothing_comes_back():
    """The same events; only the ontology says that they repeat."""
    once = parse_ontology(BOTH.text.replace("kg:repeats true", "kg:repeats false"))
    draft = train(openings(), once, QUICK)
    assert tuple(draft.about["features"]) == feature_names()
    later = held_out(draft.snapshot.interactions, "user", QUICK.holdout)
    cases = Parted(draft.snapshot.interactions, ~later, later, repeating(once)).cases()
    for history, liked in cases:
        assert not len(history.again)
        assert not set(history.seen.tolist()) & set(liked.tolist())


def test_a_warm_start_needs_the_same_features(opened: Bundle, tmp_path: Path):
    options = replace(LEARNING, from_bundle=opened.version)
    warm = train(openings(), BOTH, options, old=opened)
    assert tuple(warm.about["features"]) == feature_names(repeats=True)
    with pytest.raises(InputError, match="a ranker of other features"):
        warm_start(opened, library(), ONTOLOGY, QUICK.teachers)
