"""`kg evaluate` on a real bundle: each figure is what its definition gives for the lists that are really served."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from math import log2

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from embed.bundle import Bundle, current, open_bundle
from embed.protocol import Split, all_ranking
from embed.split import held_out
from kg.entries import Edit
from kg.journal import Journal
from kg.triples import Ref
from kg.workspace import Workspace
from ontology.errors import NotReadyError
from retrieval.answer import Query
from retrieval.cases import Parted
from retrieval.evaluation import Evaluation, evaluate
from retrieval.history import EMPTY, History, repeating
from retrieval.labels import odds_of
from retrieval.live import LiveState
from retrieval.opening import open_recommender
from retrieval.recommend import Recommender
from retrieval.sources import user_vector
from retrieval.systems import PIPELINE, SERVICE, query_of, systems
from tests.retrieval.test_live_items import Feed

K = 10


def judged(bundle: Bundle) -> list[tuple[History, np.ndarray]]:
    """The users that are scored, and what they liked later."""
    parted = Parted(bundle.interactions, ~bundle.held_out, bundle.held_out, repeating(bundle.ontology))
    return list(parted.cases())


@pytest.fixture(scope="module")
def recommender(films: Workspace) -> Iterator[Recommender]:
    journal = Journal(films.journal)
    yield open_recommender(films, journal)
    journal.close()


@pytest.fixture(scope="module")
def scored(recommender: Recommender) -> Evaluation:
    return evaluate(recommender, K)


def served(recommender: Recommender) -> list[tuple[set[str], set[str], list[str]]]:
    """By hand, user by user: what the bundle knows of them, what they liked later, what they are recommended."""
    bundle = recommender.bundle
    rows, keys = bundle.interactions, bundle.catalog.keys
    found = []
    for user in range(bundle.catalog.n_users):
        mine = np.flatnonzero(rows.user == user)
        last = {keys[rows.item[i]]: bool(rows.positive[i]) for i in mine if not bundle.held_out[i]}
        test = {keys[rows.item[i]] for i in mine if bundle.held_out[i] and rows.positive[i]} - set(last)
        if test:
            in_order = [keys[rows.item[i]] for i in mine if not bundle.held_out[i]]
            newest_last = [key for place, key in enumerate(in_order) if key not in in_order[place + 1 :]]
            liked = tuple(key for key in newest_last if last[key])
            answer = recommender.recommend(Query(history=liked, seen=tuple(newest_last), n=K))
            found.append((set(last), test, [r.id for r in answer.recommendations]))
    return found


def test_the_pipelines_row_is_what_is_served_and_the_definitions(recommender: Recommender, scored: Evaluation):
    by_hand = served(recommender)
    assert scored.users == len(by_hand)
    assert scored.held_out == sum(len(test) for _, test, _ in by_hand)
    assert all(len(first) == K and not known & set(first) for known, _, first in by_hand)
    hits = [[item in test for item in first] for _, test, first in by_hand]
    gain = [sum(hit / log2(place + 2) for place, hit in enumerate(user)) for user in hits]
    ideal = [sum(1 / log2(place + 2) for place in range(min(K, len(test)))) for _, test, _ in by_hand]
    row = scored.rows[-1]
    assert row.system == "full pipeline"
    recalls = [sum(user) / len(test) for user, (_, test, _) in zip(hits, by_hand, strict=True)]
    assert row.recall == pytest.approx(np.mean(recalls))
    assert row.recall_margin == pytest.approx(1.96 * np.std(recalls, ddof=1) / np.sqrt(len(recalls)))
    assert row.ndcg == pytest.approx(np.mean(np.array(gain) / ideal))
    assert row.hit_rate == pytest.approx(np.mean([any(user) for user in hits]))
    shown = {item for _, _, first in by_hand for item in first}
    assert row.coverage == pytest.approx(len(shown) / recommender.bundle.catalog.n_items)


def test_it_is_the_protocol_of_the_papers(recommender: Recommender, scored: Evaluation):
    """The same figures from `embed/protocol.py`, for a system whose scores are hardly ever equal."""
    bundle, teachers = recommender.bundle, recommender.bundle.teachers
    cases = judged(bundle)
    known, later = np.zeros((2, len(cases), teachers.n_items), np.float32)
    for place, (history, liked) in enumerate(cases):
        known[place, history.seen] = 1
        later[place, liked] = 1
    vectors = np.stack([user_vector(teachers, history.liked) for history, _ in cases])
    split = Split(csr_matrix(known), csr_matrix(later))
    found = all_ranking(lambda users: vectors[users] @ teachers.gnn_items.T, split, K)
    row = next(row for row in scored.rows if row.system == "GNN")
    assert row.recall == pytest.approx(found.recall.mean())
    assert row.ndcg == pytest.approx(found.ndcg.mean())
    assert row.ndcg_kgat == pytest.approx(found.ndcg_kgat.mean())


def test_every_figure_lies_where_it_can_and_only_the_pipeline_is_compared_with_nothing(scored: Evaluation):
    assert [row.system for row in scored.rows if row.ndcg_less is None or row.recall_less is None] == ["full pipeline"]
    for row in scored.rows:
        assert 0 <= row.ndcg <= row.ndcg_kgat <= 1
        assert 0 <= row.recall <= row.hit_rate <= 1
        assert 0 < row.coverage <= 1
        assert 0 <= row.gini < 1
        assert 0 <= row.diversity <= 1
        assert row.novelty >= 0
    popular, *others = scored.rows
    assert popular.popularity >= max(row.popularity for row in others)
    assert popular.novelty <= min(row.novelty for row in others)


def test_a_difference_is_that_of_the_means(scored: Evaluation):
    pipeline = scored.rows[-1]
    for row in scored.rows[:-1]:
        assert row.ndcg_less.value == pytest.approx(row.ndcg - pipeline.ndcg)
        assert row.recall_less.value == pytest.approx(row.recall - pipeline.recall)
        assert 0 < row.ndcg_less.p <= 1


def test_labelled_pairs_are_half_likes_where_the_catalog_has_enough_others(scored: Evaluation):
    assert 1.9 * scored.held_out < scored.labelled.pairs <= 2 * scored.held_out
    assert 0.5 < scored.labelled.auc <= 1
    assert 0 < scored.labelled.accuracy <= 1
    assert 0 < scored.labelled.f1 <= 1


def test_what_is_usual_for_a_user_has_even_odds_whoever_it_is(recommender: Recommender):
    """Also for those who like nothing yet, whom the ranker tells small probabilities."""
    bundle = recommender.bundle
    cases = [history for history, _ in judged(bundle)]
    few, many = (sorted(cases, key=lambda history: len(history.liked))[place] for place in (0, -1))
    for history in (EMPTY, few, many):
        usual = recommender.beside_usual(history, np.empty(0, np.int32)).items
        odds = odds_of(recommender, history, usual.astype(np.int32))
        assert odds.keys() == set(usual.tolist())
        assert 0.9 < np.mean(list(odds.values())) < 2


def test_it_gives_the_same_twice(recommender: Recommender, scored: Evaluation):
    assert asdict(evaluate(recommender, K)) == asdict(scored)


def test_a_service_has_a_row_of_its_own(recommender: Recommender, scored: Evaluation):
    asked = []

    def backwards(query: Query) -> list[str]:
        asked.append(query)
        return [r.id for r in recommender.recommend(query).recommendations][::-1]

    found = evaluate(recommender, K, service=backwards)
    assert found.rows[:-1] == scored.rows
    row, pipeline = found.rows[-1], found.rows[-2]
    assert row.system == "REST service"
    assert (row.recall, row.coverage) == (pipeline.recall, pipeline.coverage)  # the same items
    assert row.ndcg < pipeline.ndcg  # in another order
    assert {query.n for query in asked} == {K}


def test_new_items_take_no_place_in_the_lists_that_are_scored(recommender: Recommender, scored: Evaluation):
    bundle = recommender.bundle
    known = next(item for item in range(bundle.catalog.n_items) if bundle.teachers.popularity[item])
    properties = json.loads(bundle.catalog.properties[known])
    said = {}
    for triple in recommender.live.items.triples(recommender.item(bundle.catalog.keys[known])):
        if triple.head.key == bundle.catalog.keys[known]:
            said[triple.relation] = (*said.get(triple.relation, ()), triple.tail)
    new = [Edit(f"{i}", "put", Ref("Film", f"twin{i}"), properties, said) for i in range(3 * K)]
    live = LiveState(bundle, Feed(*new))
    later = Recommender(bundle, live)

    def service(query: Query) -> list[str]:
        return [item.id for item in later.recommend(query).recommendations]

    asked = systems(later, K, service)
    met = 0
    for history, _ in judged(bundle):
        met += sum(live.items.number(key) is None for key in service(query_of(bundle, history, K)))
        for name in (PIPELINE, SERVICE):
            assert len(asked[name](history)) == K
    assert met


def test_asking_with_a_history_is_asking_as_the_user_who_has_it(recommender: Recommender):
    bundle = recommender.bundle
    for user in bundle.catalog.keys[bundle.catalog.n_items :][:20]:
        history = recommender.live.history(user)
        known = recommender.recommend(Query(user=user, n=30, explain=False))
        told = recommender.recommend(query_of(bundle, history, 30))
        assert told.recommendations == known.recommendations


@pytest.mark.parametrize("split", ["last", "moment"])
def test_other_splits_are_scored_alike(films: Workspace, split: str):
    """The bundle's mask alone decides; that training keeps to it is another test."""
    bundle = _with_split(open_bundle(current(films.models)), split)
    journal = Journal(films.journal)
    found = evaluate(Recommender(bundle, LiveState(bundle, journal)), K)
    journal.close()
    cases = judged(bundle)
    assert found.split == split
    assert found.users == len(cases) > 0
    if split == "last":
        assert found.held_out == found.users
        assert all(row.recall == row.hit_rate for row in found.rows)


def test_a_bundle_that_held_nothing_out_says_so(films: Workspace):
    bundle = open_bundle(current(films.models))
    journal = Journal(films.journal)
    bundle = replace(bundle, held_out=np.zeros_like(bundle.held_out))
    with pytest.raises(NotReadyError, match="held no interactions out"):
        evaluate(Recommender(bundle, LiveState(bundle, journal)))
    journal.close()


def _with_split(bundle: Bundle, split: str) -> Bundle:
    mask = held_out(bundle.interactions, split, 0.2)
    return replace(bundle, held_out=mask, manifest={**bundle.manifest, "options": {"split": split}})
