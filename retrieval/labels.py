"""Pairs of user and item with a label, as papers on click prediction judge: liked later, or drawn at random."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.labelled import accuracy, auc, f1
from retrieval.answer import Query
from retrieval.history import History
from retrieval.recommend import Recommender
from retrieval.systems import query_of


@dataclass(frozen=True)
class Labelled:
    """How well the ranker's probabilities tell liked from others. What lies above their median is predicted a like.

    About half of the pairs are likes, so half are predicted. Few of the candidates that the ranker learned from were
    liked: its probabilities are true to those, and hardly one is as high as 0.5.
    """

    pairs: int
    auc: float
    accuracy: float
    f1: float


def labelled(recommender: Recommender, cases: Sequence[tuple[History, NDArray[np.int32]]], seed: int = 0) -> Labelled:
    """For each user the items liked later, and as many that are neither known nor liked (Wang et al. 2018, RippleNet).

    Both are ranked together, as `POST /v1/rank` does.
    """
    random = np.random.default_rng(seed)
    scores, labels = [], []
    for history, liked in cases:
        others = np.setdiff1d(np.arange(recommender.bundle.catalog.n_items), np.append(history.seen, liked))
        drawn = random.choice(others, min(len(liked), len(others)), replace=False)
        found = _probabilities(recommender, history, np.append(liked, drawn))
        scores += list(found.values())
        labels += [item in liked for item in found]
    probability, label = np.array(scores, np.float64), np.array(labels, np.bool_)
    predicted = probability > np.median(probability) if len(label) else label
    return Labelled(len(label), auc(probability, label), accuracy(predicted, label), f1(predicted, label))


def _probabilities(recommender: Recommender, history: History, items: NDArray[np.int32]) -> dict[int, float]:
    """Item number -> probability, without what was deleted since the bundle was made."""
    keys, live = recommender.bundle.catalog.keys, recommender.live
    number = {keys[item]: item for item in items.tolist() if live.item_number(keys[item]) == item}
    if not number:
        return {}
    asked = Query(history=query_of(recommender.bundle, history, 1).history, explain=False)
    return {number[item.id]: item.score for item in recommender.rank(asked, tuple(number)).recommendations}
