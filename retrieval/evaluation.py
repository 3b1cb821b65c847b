"""Scores what is served, on what was held out, beside simpler systems. Imports scipy; never imported by serving."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed import beyond
from embed.bundle import Bundle
from embed.metrics import hit, ndcg, ndcg_kgat, recall
from embed.protocol import Mean, mean
from embed.significance import Difference, difference
from kg.progress import Progress, silent
from ontology.errors import NotReadyError
from retrieval.answer import Query
from retrieval.cases import Parted
from retrieval.history import History, repeating
from retrieval.labels import Labelled, labelled
from retrieval.recommend import Recommender
from retrieval.systems import PIPELINE, Ask, System, systems

Case = tuple[History, NDArray[np.int32]]
"""A user: what is known, and what they liked later, int32."""


@dataclass(frozen=True)
class Scored:
    """One row of the table: means over users of what `embed/metrics.py` and `embed/beyond.py` define.

    A margin is the half width of the 95 % confidence interval. `recall_less` and `ndcg_less` are this system's values
    less those of the full pipeline, user by user; the pipeline itself has none.
    """

    system: str
    recall: float
    recall_margin: float
    ndcg: float
    ndcg_margin: float
    ndcg_kgat: float
    hit_rate: float
    coverage: float
    gini: float
    novelty: float
    diversity: float
    popularity: float
    recall_less: Difference | None
    ndcg_less: Difference | None


@dataclass(frozen=True)
class Evaluation:
    """A table, and what it was made on. `labelled` says how the full pipeline tells liked from others."""

    k: int
    split: str
    users: int
    held_out: int
    rows: tuple[Scored, ...]
    labelled: Labelled


@dataclass(frozen=True)
class _Judged:
    """One system's lists, user by user, and its values, float64 (n,)."""

    lists: list[NDArray[np.integer]]
    recall: NDArray[np.float64]
    ndcg: NDArray[np.float64]
    ndcg_kgat: NDArray[np.float64]
    hit: NDArray[np.float64]


def evaluate(
    recommender: Recommender, k: int = 20, progress: Progress = silent, service: Ask | None = None
) -> Evaluation:
    """All-ranking: candidates are all items less those that the history closes; users with a held-out liked item.

    Where a running `service` is given, its lists for the same histories are a row of their own.

    Raises NotReadyError if the bundle held nothing out.
    """
    bundle = recommender.bundle
    cases = _cases(bundle)
    if service:
        service(Query(n=k, explain=False))  # what is wrong with it is said at once
    compared = systems(recommender, k, service)
    judged = {}
    for done, (name, system) in enumerate(compared.items()):
        progress(f"evaluate {name}", done, len(compared))
        judged[name] = _judge(system, cases, k)
    return Evaluation(
        k,
        str(bundle.manifest.get("options", {}).get("split", "user")),
        len(cases),
        sum(len(liked) for _, liked in cases),
        tuple(_row(name, found, judged[PIPELINE], bundle) for name, found in judged.items()),
        labelled(recommender, cases),
    )


def pipeline(recommender: Recommender, k: int = 20) -> tuple[Mean, Mean]:
    """Recall and ndcg of the full pipeline alone, on what its bundle held out. Raises NotReadyError as `evaluate`."""
    judged = _judge(systems(recommender, k)[PIPELINE], _cases(recommender.bundle), k)
    return mean(judged.recall), mean(judged.ndcg)


def _cases(bundle: Bundle) -> list[Case]:
    parted = Parted(bundle.interactions, ~bundle.held_out, bundle.held_out, repeating(bundle.ontology))
    cases = list(parted.cases())
    if not cases:
        raise NotReadyError("this bundle held no interactions out: train it with `kg train --holdout 0.2`")
    return cases


def _judge(system: System, cases: list[Case], k: int) -> _Judged:
    lists = []
    for history, _ in cases:
        ranked = system(history)
        lists.append(ranked[~np.isin(ranked, history.closed)][:k])
    values = (
        [metric(first, liked, k) for first, (_, liked) in zip(lists, cases, strict=True)]
        for metric in (recall, ndcg, ndcg_kgat, hit)
    )
    return _Judged(lists, *(np.array(value) for value in values))


def _row(name: str, judged: _Judged, pipeline: _Judged, bundle: Bundle) -> Scored:
    likers, n_users, n_items = _likers(bundle), bundle.catalog.n_users, bundle.catalog.n_items
    graph, lists = bundle.teachers.adjacency, judged.lists
    recalled, gained = mean(judged.recall), mean(judged.ndcg)
    return Scored(
        system=name,
        recall=recalled.value,
        recall_margin=recalled.margin,
        ndcg=gained.value,
        ndcg_margin=gained.margin,
        ndcg_kgat=float(judged.ndcg_kgat.mean()),
        hit_rate=float(judged.hit.mean()),
        coverage=beyond.coverage(lists, n_items),
        gini=beyond.gini(lists, n_items),
        novelty=float(np.mean([beyond.novelty(items, likers, n_users) for items in lists])),
        diversity=float(np.mean([beyond.diversity(items, graph) for items in lists])),
        popularity=float(np.mean([beyond.popularity(items, likers) for items in lists])),
        recall_less=None if judged is pipeline else difference(judged.recall, pipeline.recall),
        ndcg_less=None if judged is pipeline else difference(judged.ndcg, pipeline.ndcg),
    )


def _likers(bundle: Bundle) -> NDArray[np.int64]:
    """How many users were known to like each item when the bundle was made: int64 (I,)."""
    known = bundle.interactions.where(~bundle.held_out & bundle.interactions.positive)
    pairs = np.unique(np.stack([known.user, known.item]), axis=1)
    return np.bincount(pairs[1], minlength=bundle.catalog.n_items)
