"""Pairs of user and item with a label, as papers on click prediction judge: liked later, or drawn at random."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.labelled import accuracy, auc, f1
from retrieval.history import History
from retrieval.recommend import Recommender


@dataclass(frozen=True)
class Labelled:
    """How well the ranker tells liked from others. What lies above the median is predicted a like: half are.

    The ranker's probabilities are true to the candidates of a user, of which few are liked, of some users more than of
    others. Here half are, of everybody. So it is the odds that are compared, divided by those of the user's candidates
    on average (Elkan 2001, "The foundations of cost-sensitive learning", theorem 2, with a base rate of 1/2).
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
        found = odds_of(recommender, history, np.append(liked, drawn))
        scores += list(found.values())
        labels += [item in liked for item in found]
    odds, label = np.array(scores, np.float64), np.array(labels, np.bool_)
    predicted = odds > np.median(odds) if len(label) else label
    return Labelled(len(label), auc(odds, label), accuracy(predicted, label), f1(predicted, label))


def odds_of(recommender: Recommender, history: History, items: NDArray[np.int32]) -> dict[int, float]:
    """Item number -> its odds by those of a usual candidate; without what was deleted since the bundle was made."""
    keys, live = recommender.bundle.catalog.keys, recommender.live
    there = np.array([item for item in items.tolist() if live.item_number(keys[item]) == item], np.int32)
    ranked = recommender.beside_usual(history, there)
    usual = np.isin(ranked.items, np.concatenate(list(ranked.found_by.values())))
    asked = np.isin(ranked.items, there)
    odds = _of(ranked.scores[asked]) / _of(ranked.scores[usual].mean())
    return dict(zip(ranked.items[asked].tolist(), odds.tolist(), strict=True))


def _of(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """The odds, of probabilities that may be rounded to 0 or 1."""
    inside = np.clip(probability.astype(np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(inside / (1 - inside))
