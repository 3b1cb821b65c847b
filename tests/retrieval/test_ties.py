"""What the ranker cannot tell apart, the sources do."""

import numpy as np

from embed.bundle import Bundle
from kg.entries import Edit
from kg.triples import Interaction, Ref
from retrieval.answer import Query
from retrieval.features import agreed, feature_names, features, scores
from retrieval.history import History
from retrieval.live import LiveState
from retrieval.recommend import Recommender
from retrieval.sources import look
from tests.retrieval.test_live_items import Feed


class Quiet:
    """A journal in which nothing stands."""

    def since(self, seq, limit):
        return []


def test_equal_probabilities_are_in_order_of_what_the_sources_think(bundle: Bundle):
    recommender = Recommender(bundle, LiveState(bundle, Quiet()))
    for liked in range(10):  # a single like is unlike all histories of the training
        items = np.array([liked], np.int32)
        history = History(items, items, items)
        ranked = recommender.rank_all(history)
        found = scores(bundle.teachers, look(bundle.teachers, history), np.sort(ranked.items))
        x = features(bundle.teachers, history, found, np.sort(ranked.items))
        thought = dict(zip(np.sort(ranked.items).tolist(), agreed(x, ()).tolist(), strict=True))
        pairs = list(zip(ranked.scores.tolist(), [thought[item] for item in ranked.items.tolist()], strict=True))
        assert pairs == sorted(pairs, reverse=True)


def test_what_is_known_of_candidates_does_not_depend_on_their_order(bundle: Bundle):
    """Nor on how items are numbered: a graph says nothing of most of them, which makes them equal there."""
    liked = np.arange(3, dtype=np.int32)
    history = History(liked, liked, liked)
    items = np.arange(3, bundle.teachers.n_items)
    found = scores(bundle.teachers, look(bundle.teachers, history), items)
    assert len(np.unique(found["graph"])) < len(items)
    order = np.random.default_rng(0).permutation(len(items))
    known = features(bundle.teachers, history, found, items)
    told = features(bundle.teachers, history, {name: score[order] for name, score in found.items()}, items[order])
    np.testing.assert_allclose(told, known[order], rtol=1e-4, atol=1e-4)  # a mean is added up in another order


def test_those_that_are_equally_good_have_one_rank(bundle: Bundle):
    liked, items = np.zeros(1, np.int32), np.arange(1, 6)
    scored = {name.removesuffix(".rank"): np.zeros(5, np.float32) for name in feature_names() if name.endswith(".rank")}
    scored["graph"] = np.array([0, 2, 0, 1, 2], np.float32)
    said = features(bundle.teachers, History(liked, liked, liked), scored, items)
    ranks = {name: np.exp(-column).round(3).tolist() for name, column in zip(feature_names(), said.T, strict=True)}
    assert ranks["graph.rank"] == [4, 1, 4, 3, 1]
    assert ranks["linear.rank"] == [1, 1, 1, 1, 1]


def test_it_is_the_mean_of_the_standardised_scores():
    x = np.random.default_rng(0).normal(size=(7, len(feature_names()))).astype(np.float32)
    columns = [i for i, name in enumerate(feature_names()) if name.endswith(".standard")]
    np.testing.assert_allclose(agreed(x, ()), x[:, columns].mean(axis=1), rtol=1e-5)


def test_a_worker_that_started_between_two_edits_answers_as_one_that_saw_all(bundle: Bundle):
    known = bundle.catalog.keys[int(bundle.teachers.popularity.argmax())]
    feed = Feed()
    early = late = Recommender(bundle, LiveState(bundle, feed))
    liked = early.item(known)

    def edit(key: str, op: str) -> None:
        said = (liked.properties, liked.relations) if op == "put" else ({}, {})
        feed.entries.append(Edit("", op, Ref(liked.ref.cls, key), *said))
        early.refresh()
        late.refresh()

    edit("n3", "put")
    edit("n2", "put")
    edit("n3", "delete")
    late = Recommender(bundle, LiveState(bundle, feed))
    edit("n1", "put")
    edit("n3", "put")
    assert early.live.fresh.number != late.live.fresh.number
    (relation,) = bundle.ontology.interactions()
    user = Ref(relation.domain, "u")
    for key in ("n3", "n1"):  # at the same time
        feed.entries.append(Interaction(key, user, relation.name, Ref(liked.ref.cls, key), 5.0, 1))
    narrow = f"id in ['{known}', 'n1', 'n2', 'n3']"
    for query in (
        Query(n=5, filter=narrow),
        Query(history=(known,), n=20),
        Query(history=(known,), n=20, filter=narrow),
        Query(user="u", n=20),
    ):
        first, second = ([(one.id, one.score) for one in w.recommend(query).recommendations] for w in (early, late))
        assert first == second
        new = [key for key, _ in first if key in {"n1", "n2", "n3"}]
        assert new == (["n2"] if query.user else ["n1", "n2", "n3"])
