"""The whole answer: history -> candidates -> exclude -> rank -> explain."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embed.bundle import Bundle
from ontology.errors import InputError, NotFoundError, StoreError
from retrieval.answer import Answer, Query, Recommendation, Step
from retrieval.explain import Explainer, origins
from retrieval.features import features, scores
from retrieval.history import EMPTY, History
from retrieval.index import open_index
from retrieval.live import LiveState
from retrieval.ranker import open_ranker
from retrieval.sources import Found, candidates, look, popular

PER_SOURCE = 200
"""How many candidates each source gives to the ranker."""
MOST = 1000
"""The longest list that can be asked for."""

Items = NDArray[np.integer]


@dataclass(frozen=True)
class Ranked:
    """Item numbers, best first, with their scores float32, and the items that each source found."""

    items: Items
    scores: NDArray[np.float32]
    found_by: Mapping[str, Items] = field(default_factory=dict)


class Recommender:
    """Answers from one bundle and the live state; opened once per worker. No database is asked."""

    def __init__(self, bundle: Bundle, live: LiveState) -> None:
        self.bundle = bundle
        self.live = live
        self._index = open_index(bundle.index_file)
        self._ranker = open_ranker(bundle.ranker_file)
        self._explainer = Explainer(bundle)
        self._popular = popular(bundle.teachers)

    def recommend(self, query: Query) -> Answer:
        """The n best items for a user, or for a history where the user has none, that were not seen yet.

        Raises InputError for an unknown item in the query, or an n out of bounds.
        """
        if not 1 <= query.n <= MOST:
            raise InputError(f"n is {query.n}; it must be from 1 to {MOST}")
        degraded = self._refresh()
        history = self._history(query)
        excluded = self._numbers(query.exclude, "exclude")
        ranked = self._first(self.rank_all(history), history, excluded, query.n)
        return self._answer(query, history, ranked, degraded)

    def similar(self, key: str, n: int) -> Answer:
        """The n items that a user who liked only this one would be recommended. Raises NotFoundError."""
        self.item_number(key)
        return self.recommend(Query(history=(key,), n=n))

    def rank(self, query: Query, keys: Sequence[str]) -> Answer:
        """Put given items in the order in which they suit the user or history. Raises InputError."""
        degraded = self._refresh()
        history = self._history(query)
        items = self._numbers(keys, "items")
        if not len(items):
            raise InputError("items is empty; name at least one item to rank")
        ranked = self._by_score(history, look(self.bundle.teachers, history), items)
        return self._answer(query, history, ranked, degraded)

    def rank_all(self, history: History) -> Ranked:
        """Every candidate of every source, best first; for a history without liked items, the popular ones."""
        teachers = self.bundle.teachers
        found = look(teachers, history)
        found_by = candidates(teachers, self._index, history, found, PER_SOURCE)
        if not len(history.liked):
            items = found_by["popularity"]
            return Ranked(items, _share(teachers.popularity[items]), found_by)
        ranked = self._by_score(history, found, np.unique(np.concatenate(list(found_by.values()))))
        return Ranked(ranked.items, ranked.scores, found_by)

    def item_number(self, key: str) -> int:
        """The number of an item. Raises NotFoundError."""
        number = self.live.item_number(key)
        if number is None:
            raise NotFoundError(f"there is no item {key!r} in bundle {self.bundle.version}")
        return number

    def properties(self, number: int) -> dict[str, object]:
        """The properties of an entity as they were ingested."""
        properties: dict[str, object] = json.loads(self.bundle.catalog.properties[number])
        return properties

    def triples(self, number: int) -> list[Step]:
        """What the graph says of an entity, each triple walked from it."""
        degree = int(self.bundle.teachers.adjacency.degree(np.array([number]))[0])
        return [self._explainer.step(number, position) for position in range(degree)]

    def _refresh(self) -> tuple[str, ...]:
        try:
            self.live.refresh()
        except StoreError:
            return ("live",)  # the answer says so; what was known before still counts
        return ()

    def _history(self, query: Query) -> History:
        history = EMPTY if query.user is None else self.live.history(query.user)
        if len(history.seen) or not query.history:
            return history
        items = self._numbers(query.history, "history")
        return History(items, items)

    def _numbers(self, keys: Sequence[str], name: str) -> NDArray[np.int32]:
        numbers = [self.live.item_number(key) for key in keys]
        if None in numbers:
            place = numbers.index(None)
            raise InputError(f"{name}[{place}] is {keys[place]!r}, which is not an item of this catalog")
        return np.array(list(dict.fromkeys(numbers)), np.int32)

    def _by_score(self, history: History, found: Found, items: Items) -> Ranked:
        teachers = self.bundle.teachers
        probability = self._ranker.score(features(teachers, history, scores(teachers, found, items), items))
        order = np.argsort(-probability, kind="stable")
        return Ranked(items[order], probability[order])

    def _first(self, ranked: Ranked, history: History, excluded: Items, n: int) -> Ranked:
        """The first n that are not excluded; where the sources gave fewer, the most popular others, scored 0."""
        free = ~np.isin(ranked.items, excluded)
        items, item_scores = ranked.items[free][:n], ranked.scores[free][:n]
        if len(items) < n:
            taken = np.concatenate([items, history.seen, excluded])
            more = self._popular[~np.isin(self._popular, taken)][: n - len(items)]
            items = np.concatenate([items, more])
            item_scores = np.concatenate([item_scores, np.zeros(len(more), np.float32)])
        return Ranked(items, item_scores, ranked.found_by)

    def _answer(self, query: Query, history: History, ranked: Ranked, degraded: tuple[str, ...]) -> Answer:
        cold = not len(history.liked)
        start = origins(self.bundle.teachers.adjacency, history.liked)
        recommendations = tuple(
            Recommendation(
                id=self.bundle.catalog.keys[item],
                name=self.bundle.catalog.names[item],
                rank=rank,
                score=round(score, 6),
                sources=tuple(name for name, ids in ranked.found_by.items() if item in ids),
                properties=self.properties(item),
                explanation=self._explainer.explain(start, item, cold=cold) if query.explain else None,
            )
            for rank, (item, score) in enumerate(zip(ranked.items.tolist(), ranked.scores.tolist(), strict=True), 1)
        )
        return Answer(
            recommendation_id=uuid.uuid4().hex,
            recommendations=recommendations,
            bundle_version=self.bundle.version,
            graph_version=str(self.bundle.manifest["snapshot"])[:16],
            cold=cold,
            degraded=degraded,
        )


def _share(popularity: NDArray[np.int64]) -> NDArray[np.float32]:
    """Popularity as a score from 0 to 1: the share of the most popular one."""
    return (popularity / max(1, int(popularity.max(initial=0)))).astype(np.float32)
