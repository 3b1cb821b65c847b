"""What the ranker cannot tell apart, the sources do."""

import numpy as np

from embed.bundle import Bundle
from retrieval.features import FEATURES, agreed, features, scores
from retrieval.history import History
from retrieval.live import LiveState
from retrieval.recommend import Recommender
from retrieval.sources import look


class Quiet:
    """A journal in which nothing stands."""

    def since(self, seq, limit):
        return []


def test_equal_probabilities_are_in_order_of_what_the_sources_think(bundle: Bundle):
    recommender = Recommender(bundle, LiveState(bundle, Quiet()))
    for liked in range(10):  # a single like is unlike all histories of the training
        items = np.array([liked], np.int32)
        history = History(items, items)
        ranked = recommender.rank_all(history)
        found = scores(bundle.teachers, look(bundle.teachers, history), np.sort(ranked.items))
        x = features(bundle.teachers, history, found, np.sort(ranked.items))
        thought = dict(zip(np.sort(ranked.items).tolist(), agreed(x).tolist(), strict=True))
        pairs = list(zip(ranked.scores.tolist(), [thought[item] for item in ranked.items.tolist()], strict=True))
        assert pairs == sorted(pairs, reverse=True)


def test_it_is_the_mean_of_the_standardised_scores():
    x = np.random.default_rng(0).normal(size=(7, len(FEATURES))).astype(np.float32)
    columns = [i for i, name in enumerate(FEATURES) if name.endswith(".standard")]
    np.testing.assert_allclose(agreed(x), x[:, columns].mean(axis=1), rtol=1e-5)
