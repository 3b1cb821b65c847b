"""Scores what is served, on what was held out, beside simpler systems. Imports scipy; never imported by serving."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.bundle import Bundle
from embed.itemknn import item_neighbours
from embed.metrics import ndcg, recall
from kg.progress import Progress, silent
from ontology.errors import NotReadyError
from retrieval.cases import users_at
from retrieval.history import History
from retrieval.recommend import Recommender
from retrieval.sources import popular, user_vector

System = Callable[[History], NDArray[np.integer]]
"""Gives the items for a history, best first; seen ones are removed by the caller."""


@dataclass(frozen=True)
class Scored:
    """One row of the table: means over users; `coverage` is the share of the catalog in any user's first k."""

    system: str
    recall: float
    ndcg: float
    coverage: float


@dataclass(frozen=True)
class Evaluation:
    """A table, and what it was made on."""

    k: int
    users: int
    held_out: int
    rows: tuple[Scored, ...]


def evaluate(recommender: Recommender, k: int = 20, progress: Progress = silent) -> Evaluation:
    """All-ranking: candidates are all items less the ones in the history; users with a held-out liked item.

    Raises NotReadyError if the bundle held nothing out.
    """
    bundle = recommender.bundle
    cases = list(users_at(bundle.interactions, ~bundle.held_out, bundle.held_out))
    if not cases:
        raise NotReadyError("this bundle held no interactions out: train it with `kg train --holdout 0.2`")
    rows = []
    systems = _systems(recommender)
    for done, (name, system) in enumerate(systems.items()):
        progress(f"evaluate {name}", done, len(systems))
        rows.append(_score(name, system, cases, k, bundle.catalog.n_items))
    return Evaluation(k, len(cases), sum(len(liked) for _, liked in cases), tuple(rows))


def _score(name: str, system: System, cases: list[tuple[History, NDArray[np.int32]]], k: int, n_items: int) -> Scored:
    recalls, ndcgs, shown = [], [], np.zeros(n_items, np.bool_)
    for history, liked in cases:
        ranked = system(history)
        first = ranked[~np.isin(ranked, history.seen)][:k]
        recalls.append(recall(first, liked, k))
        ndcgs.append(ndcg(first, liked, k))
        shown[first] = True
    return Scored(name, float(np.mean(recalls)), float(np.mean(ndcgs)), float(shown.mean()))


def _systems(recommender: Recommender) -> dict[str, System]:
    bundle = recommender.bundle
    teachers = bundle.teachers
    most_popular = popular(teachers)
    near = _item_knn(bundle)
    items = np.asarray(teachers.transe_entities[: teachers.n_items])

    def transe(history: History) -> NDArray[np.integer]:
        if not len(history.liked):
            return most_popular
        return np.argsort(np.linalg.norm(items - items[history.liked].mean(axis=0), axis=1), kind="stable")

    return {
        "popularity": lambda history: most_popular,
        "item-kNN": near,
        "EASE and graph": lambda history: np.argsort(-teachers.linear.score(history.liked), kind="stable"),
        "user-kNN": lambda history: np.argsort(-teachers.users.score(history.liked), kind="stable"),
        "TransE only": transe,
        "GNN": lambda history: np.argsort(-(teachers.gnn_items @ user_vector(teachers, history.liked)), kind="stable"),
        "full pipeline": lambda history: recommender.rank_all(history).items,
    }


def _item_knn(bundle: Bundle) -> System:
    """The yardstick: cosine neighbours, learned from exactly what the bundle learned from."""
    known = bundle.interactions.where(~bundle.held_out & bundle.interactions.positive)
    catalog = bundle.catalog
    likes = np.stack([known.user, known.item], axis=1)
    near = item_neighbours(likes, n_users=catalog.n_users, n_items=catalog.n_items, k=200, shrinkage=10.0)
    return lambda history: np.argsort(-near.score(history.liked), kind="stable")
