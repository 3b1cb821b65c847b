"""What is compared: the whole answer, and simpler systems that stand on the same bundle. Imports scipy."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from embed.also import Also
from embed.bundle import Bundle
from embed.itemknn import item_neighbours
from embed.transitions import following
from retrieval.answer import Query
from retrieval.history import History
from retrieval.recommend import MOST, Recommender
from retrieval.sources import popular, user_vector

System = Callable[[History], NDArray[np.integer]]
"""Gives the items for a history, best first; seen ones are removed by the caller."""
Ask = Callable[[Query], Sequence[str]]
"""Gives the keys of the items that are recommended, best first: by a recommender, or by a service that runs."""
PIPELINE = "full pipeline"
SERVICE = "REST service"


def systems(recommender: Recommender, k: int, service: Ask | None = None) -> dict[str, System]:
    """The systems by name, the full pipeline last; after it the same through a service, where one is given."""

    def recommended(query: Query) -> list[str]:
        return [item.id for item in recommender.recommend(query).recommendations]

    recommender.refresh()  # a service that is asked may have new items
    found = _simpler(recommender.bundle) | {PIPELINE: _asked(recommended, recommender, k)}
    return found | ({SERVICE: _asked(service, recommender, k)} if service else {})


def query_of(bundle: Bundle, history: History, n: int) -> Query:
    """Asks as a client does who knows the history."""
    times = Counter(history.again.tolist())
    often = [item for item in history.liked.tolist() for _ in range(times[item] or 1)]
    once = np.intersect1d(history.liked, history.closed) if times else ()  # otherwise nothing that is named comes back
    liked, seen, closed = (tuple(bundle.catalog.keys[i] for i in items) for items in (often, history.seen, once))
    return Query(history=liked, seen=seen, exclude=closed, n=n, explain=False)


def _asked(ask: Ask, recommender: Recommender, k: int) -> System:
    """Asks for as many more as there are new items, which nobody could like before: k known ones remain."""
    number, live = recommender.live.items.number, recommender.live

    def first(history: History) -> NDArray[np.integer]:
        n = max(k, min(MOST, k + len(live.fresh.numbers())))
        found = (number(key) for key in ask(query_of(recommender.bundle, history, n)))
        return np.array([item for item in found if item is not None][:k], np.int32)

    return first


def _simpler(bundle: Bundle) -> dict[str, System]:
    teachers = bundle.teachers
    most_popular = popular(teachers)
    items = np.asarray(teachers.transe_entities[: teachers.n_items])

    def transe(history: History) -> NDArray[np.integer]:
        if not len(history.liked):
            return most_popular
        return np.argsort(np.linalg.norm(items - items[history.liked].mean(axis=0), axis=1), kind="stable")

    return {
        "popularity": lambda history: most_popular,
        "item-kNN": _item_knn(bundle),
        "EASE and graph": lambda history: np.argsort(-teachers.linear.score(history.liked), kind="stable"),
        "transitions": lambda history: np.argsort(-following(teachers.transitions, history.seen), kind="stable"),
        "user-kNN": lambda history: np.argsort(-teachers.users.score(history.liked), kind="stable"),
        "TransE only": transe,
        "GNN": lambda history: np.argsort(-(teachers.gnn_items @ user_vector(teachers, history.liked)), kind="stable"),
        **{name: _also(teacher) for name, teacher in teachers.also.items()},
    }


def _also(teacher: Also) -> System:
    return lambda history: np.argsort(-(teacher.items @ teacher.query(history.liked, history.seen)), kind="stable")


def _item_knn(bundle: Bundle) -> System:
    """The yardstick: cosine neighbours, learned from exactly what the bundle learned from."""
    known = bundle.interactions.where(~bundle.held_out & bundle.interactions.positive)
    catalog = bundle.catalog
    likes = np.stack([known.user, known.item], axis=1)
    near = item_neighbours(likes, n_users=catalog.n_users, n_items=catalog.n_items, k=200, shrinkage=10.0)
    return lambda history: np.argsort(-near.score(history.liked), kind="stable")
