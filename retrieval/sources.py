"""Where candidates come from. Each source reads the history alone and names itself; larger scores are better."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.teachers import Teachers
from embed.transitions import following
from retrieval.among import Among, first
from retrieval.history import History
from retrieval.index import Index

Scores = NDArray[np.float32]

RECENT = 50
"""How many of the newest liked items the graph source starts from: bounds the cost of a long history."""
AGAIN = "again"
"""The source that finds what the history has met, where that comes back."""
HUB = 500
"""Entities in more triples than this say nothing about taste, and walking through them costs the most."""


@dataclass(frozen=True)
class Found:
    """What each source makes of a history.

    `vector` float32 (d,) is the user's vector, `spectral` float32 (s,) that among the spectral ones; `item_to_item`,
    `linear`, `transitions`, `users` and `graph` float32 (I,) score every item.
    `content` float32 (r,) is what the content of the history says of the user (see embed/content.py). `also` has the
    queries of the additional teachers by name (see embed/also.py).
    """

    vector: NDArray[np.float32]
    spectral: NDArray[np.float32]
    item_to_item: Scores
    linear: Scores
    transitions: Scores
    users: Scores
    graph: Scores
    content: NDArray[np.float32]
    also: Mapping[str, NDArray[np.float32]]


def look(teachers: Teachers, history: History, content: NDArray[np.float32] | None = None) -> Found:
    """Let every source read the history; `content` is the user's vector where new items are part of it."""
    liked = history.liked
    return Found(
        vector=user_vector(teachers, liked),
        spectral=np.asarray(teachers.spectral_fold_in[liked].sum(axis=0), np.float32),
        item_to_item=teachers.neighbours.score(liked),
        linear=teachers.linear.score(liked),
        transitions=following(teachers.transitions, history.seen),
        users=teachers.users.score(liked),
        graph=graph_neighbours(teachers, liked[-RECENT:]),
        content=teachers.content.user(teachers.content.fold_in[liked]) if content is None else content,
        also={name: teacher.query(liked, history.seen) for name, teacher in teachers.also.items()},
    )


def candidates(
    teachers: Teachers, index: Index, history: History, found: Found, n: int, *, among: Among | None = None
) -> dict[str, NDArray[np.int64]]:
    """The best `n` items of each source that are not closed, best first: source name -> item numbers.

    Where only some items may come back, they are `among` those, which are not closed either.
    """

    def in_order(items: NDArray[np.int64], n: int) -> NDArray[np.int64]:
        return among.in_order(items, n) if among else _open(items, history, n)

    def best(scores: Scores) -> NDArray[np.int64]:
        return among.best(scores, n) if among else _open(first(scores, n + len(history.closed)), history, n)

    def by_vector(items: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.int64]:
        told = items @ query
        if among:
            return among.items[_told_apart(told[among.items], n)]
        return _open(_told_apart(told, n + len(history.closed)), history, n)

    if not len(history.liked):
        return {"popularity": in_order(popular(teachers), n)}
    again = {AGAIN: in_order(history.newest_again().astype(np.int64), n)} if len(history.again) else {}
    if among:
        nearest = among.nearest(index, teachers.gnn_items, found.vector, n)
    else:
        ids, _ = index.search(found.vector, min(n + len(history.closed), teachers.n_items))
        nearest = _open(ids, history, n)
    return {
        "collaborative": nearest,
        "item_to_item": best(found.item_to_item),
        "linear": best(found.linear),
        "transitions": best(found.transitions),
        "users": best(found.users),
        "graph": best(found.graph),
        "content": by_vector(teachers.content.items, found.content),
        **{name: by_vector(teacher.items, found.also[name]) for name, teacher in teachers.also.items()},
        "popularity": in_order(popular(teachers), n // 4),
        **again,
    }


def user_vector(teachers: Teachers, liked: NDArray[np.int32]) -> NDArray[np.float32]:
    """Fold a history in: the user's vector float32 (d,), as the network defines it (see Teachers)."""
    total = teachers.gnn_fold_in[liked].sum(axis=0)
    return np.asarray(total / np.sqrt(max(len(liked), 1)), np.float32)


def graph_neighbours(teachers: Teachers, liked: NDArray[np.int32]) -> Scores:
    """Items that share entities with the liked ones, rare entities first: float32 (I,).

    An entity counts 1 / log(2 + degree) (Adamic and Adar 2003) as often as the history touches it; hubs do not.
    """
    graph = teachers.adjacency
    _, touched = graph.gather(liked)
    entities, times = np.unique(touched, return_counts=True)
    degree = graph.degree(entities)
    rare = degree <= HUB
    weight = times[rare] / np.log(2.0 + degree[rare])
    owner, reached = graph.gather(entities[rare])
    item = reached < teachers.n_items
    return np.bincount(reached[item], weight[owner[item]], minlength=teachers.n_items).astype(np.float32)


def popular(teachers: Teachers) -> NDArray[np.int64]:
    """All items, most liked first; equals in order of their number."""
    return np.argsort(-teachers.popularity, kind="stable")


def _told_apart(scores: Scores, n: int) -> NDArray[np.int64]:
    """The numbers of the n best items, best first; none where all are alike, for want of anything that is said."""
    n = min(n, len(scores))
    if not n or (n > 1 and np.ptp(scores) <= 1e-5 * np.abs(scores).max()):
        return np.empty(0, np.int64)
    best = np.argpartition(-scores, n - 1)[:n]
    return best[np.argsort(-scores[best], kind="stable")]


def _open(ids: NDArray[np.int64], history: History, n: int) -> NDArray[np.int64]:
    return ids[~np.isin(ids, history.closed)][:n]
