"""The whole answer: history -> candidates -> exclude -> rank -> explain."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from embed.bundle import Bundle
from kg.triples import Ref, Triple
from ontology.errors import InputError, NotFoundError, StoreError
from retrieval.among import Among
from retrieval.answer import Answer, Explanation, Node, Query, Recommendation, Step
from retrieval.explain import NO_PATH, Explainer, Origins, origins
from retrieval.features import agreed
from retrieval.filters import Filters, Matching
from retrieval.fresh_sources import PER_SOURCE, as_known, look_at, mixed_features, mixed_pairs, unseen, with_new
from retrieval.history import EMPTY, History, repeating
from retrieval.index import open_index
from retrieval.items import LiveItem
from retrieval.live import LiveState
from retrieval.ranker import open_ranker
from retrieval.sources import Found, candidates, popular
from retrieval.walk import Walk

MOST = 1000
"""The longest list that can be asked for."""
NEW_ITEMS = "new_items"
"""In `degraded`: the history has items that were new and are deleted, of which nothing is known any more."""

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
        self.filters = Filters(bundle, live.items)
        self._index = open_index(bundle.index_file)
        self._ranker = open_ranker(bundle.ranker_file)
        self._popular = popular(bundle.teachers)
        self._repeats = bool(repeating(bundle.ontology).any())

    def recommend(self, query: Query) -> Answer:
        """The n best items for a user, or for a history where the user has none, that are not closed to it.

        Raises InputError for an unknown item in the query, a wrong filter, or an n out of bounds.
        """
        if not 1 <= query.n <= MOST:
            raise InputError(f"n is {query.n}; it must be from 1 to {MOST}")
        degraded = self.refresh()
        history = self._history(query)
        closed = np.concatenate([history.closed, self._mentioned(query.exclude, "exclude"), self.live.items.deleted])
        history = replace(history, closed=np.unique(closed))  # what shall not come back takes no candidate's place
        matching = None if query.filter is None else self.filters.matching(query.filter)
        among, new = self._open(history, matching)
        popular_first = self._popular if among is None else self._popular[among.mask[self._popular]]
        ranked = self._first(self.rank_all(history, among, new), query.n, closed, np.concatenate([popular_first, new]))
        return self._answer(query, history, ranked, degraded)

    def similar(self, key: str, n: int, filter: str | None = None) -> Answer:
        """The n other items that a user who liked only this one would be recommended.

        Raises NotFoundError, InputError.
        """
        self.refresh()
        self.item(key)
        return self.recommend(Query(history=(key,), n=n, exclude=(key,), filter=filter))

    def rank(self, query: Query, keys: Sequence[str]) -> Answer:
        """Put given items in the order in which they suit the user or history, scored beside the usual candidates.

        Raises InputError.
        """
        degraded = self.refresh()
        history = self._history(query)
        items = self._numbers(keys, "items")
        if not len(items):
            raise InputError("items is empty; name at least one item to rank")
        ranked = self.beside_usual(history, items)
        given = np.isin(ranked.items, items)
        return self._answer(query, history, Ranked(ranked.items[given], ranked.scores[given]), degraded)

    def beside_usual(self, history: History, items: Items) -> Ranked:
        """Items, int (n,), and the usual candidates of a history, scored together, best first."""
        found = look_at(self.bundle.teachers, history, self.live.fresh)
        usual = self._candidates(history, found)
        ranked = self._by_score(history, found, np.unique(np.concatenate([items, *usual.values()])))
        return Ranked(ranked.items, ranked.scores, usual)

    def rank_all(self, history: History, among: Among | None = None, new: NDArray[np.int64] | None = None) -> Ranked:
        """Every candidate of every source, best first; for a history without liked items, the popular ones."""
        found = look_at(self.bundle.teachers, history, self.live.fresh)
        found_by = self._candidates(history, found, among, new)
        if not len(history.liked):
            items = found_by["popularity"]
            return Ranked(items, _share(self.bundle.teachers.popularity[items]), found_by)
        items = np.unique(np.concatenate(list(found_by.values())))
        if not len(items):
            return Ranked(items, np.empty(0, np.float32), found_by)
        ranked = self._by_score(history, found, items)
        return Ranked(ranked.items, ranked.scores, found_by)

    def item(self, key: str) -> LiveItem:
        """An item as it stands now. Raises NotFoundError."""
        item = self.live.items.get(key)
        if item is None:
            raise NotFoundError(f"there is no item {key!r} in bundle {self.bundle.version}, nor was one added since")
        return item

    def steps(self, item: LiveItem) -> list[Step]:
        """What is known of an item, each triple walked from it; relations newer than the bundle have no labels yet."""
        known = self.bundle.ontology.relations
        return [self._step(item.ref, triple) for triple in self.live.items.triples(item) if triple.relation in known]

    def refresh(self) -> tuple[str, ...]:
        """Let all count that the journal has gained; gives what was missing for that."""
        try:
            self.live.refresh()
        except StoreError:
            return ("live",)  # the answer says so; what was known before still counts
        return ()

    def _history(self, query: Query) -> History:
        history = EMPTY if query.user is None else self.live.history(query.user)
        if len(history.seen):
            return history
        liked, seen = self._mentioned(query.history, "history"), self._mentioned(query.seen, "seen")
        seen = np.concatenate([seen, liked[~np.isin(liked, seen)]])
        if not self._repeats:
            return History(liked, seen, seen)
        again = self._mentioned(query.history, "history", each=True)
        return History(liked, seen, seen[~np.isin(seen, liked)], again)

    def _numbers(self, keys: Sequence[str], name: str) -> NDArray[np.int32]:
        """The numbers of items that can be ranked."""
        for place, key in enumerate(keys):
            if self.live.items.item_class(key) is None:
                raise InputError(f"{name}[{place}] is {key!r}, which is not an item of this catalog")
        return self._mentioned(keys, name)

    def _mentioned(self, keys: Sequence[str], name: str, *, each: bool = False) -> NDArray[np.int32]:
        """The numbers of items, also of those that were deleted, unless they were new; `each` time one is named."""
        for place, key in enumerate(keys):
            if not self.live.items.mentioned(key):
                raise InputError(f"{name}[{place}] is {key!r}, which is not an item of this catalog")
        last = keys if each else [*dict.fromkeys(reversed(keys))][::-1]  # of an item that is named twice
        numbers = (self.live.number(key) for key in last)
        return np.array([number for number in numbers if number is not None], np.int32)

    def _candidates(
        self, history: History, found: Found, among: Among | None = None, new: NDArray[np.int64] | None = None
    ) -> Mapping[str, Items]:
        teachers, fresh = self.bundle.teachers, self.live.fresh
        found_by = candidates(teachers, self._index, as_known(history, fresh), found, PER_SOURCE, among=among)
        if not len(history.liked):
            return found_by
        return with_new(teachers, found_by, found, fresh, unseen(fresh, history) if new is None else new)

    def _by_score(self, history: History, found: Found, items: Items) -> Ranked:
        items = self.live.fresh.in_order(items)  # so are ties
        teachers, fresh = self.bundle.teachers, self.live.fresh
        x = mixed_features(teachers, history, found, items, fresh, repeats=self._repeats)
        beside = mixed_pairs(teachers, history, items, fresh) if self._ranker.attends else None
        probability = self._ranker.score(x, beside)
        order = np.lexsort((-agreed(x, teachers.also), -probability))
        return Ranked(items[order], probability[order])

    def _open(self, history: History, matching: Matching | None) -> tuple[Among | None, NDArray[np.int64]]:
        """What may come back: which of the bundle's items, None for all that are not closed; and which new ones."""
        fresh = self.live.fresh
        if matching is None:
            return None, unseen(fresh, history)
        closed = as_known(history, fresh).closed
        return Among.of(matching.mask, closed), unseen(fresh, history, matching.fresh)

    def _first(self, ranked: Ranked, n: int, closed: Items, others: Items) -> Ranked:
        """The first n; where the sources gave fewer, others, scored 0, that are not closed."""
        items, item_scores = ranked.items[:n], ranked.scores[:n]
        if len(items) < n:
            more = others[~np.isin(others, np.concatenate([items, closed]))][: n - len(items)]
            items = np.concatenate([items, more])
            item_scores = np.concatenate([item_scores, np.zeros(len(more), np.float32)])
        return Ranked(items, item_scores, ranked.found_by)

    def _answer(self, query: Query, history: History, ranked: Ranked, degraded: tuple[str, ...]) -> Answer:
        cold, items = not len(history.liked), self.live.items
        walk = Walk(self.bundle, self.live.fresh)
        explainer = Explainer(walk, self._name)
        start = origins(walk, history.liked[~np.isin(history.liked, items.deleted)])
        times = Counter(history.again.tolist())
        recommendations = tuple(
            Recommendation(
                id=walk.ref(item).key,
                name=self._name(item),
                rank=rank,
                score=round(score, 6),
                sources=tuple(name for name, ids in ranked.found_by.items() if item in ids),
                properties=self._properties(item),
                explanation=self._explained(explainer, start, item, cold, times[item]) if query.explain else None,
            )
            for rank, (item, score) in enumerate(zip(ranked.items.tolist(), ranked.scores.tolist(), strict=True), 1)
        )
        return Answer(
            recommendation_id=uuid.uuid4().hex,
            recommendations=recommendations,
            bundle_version=self.bundle.version,
            graph_version=str(self.bundle.manifest["snapshot"])[:16],
            cold=cold,
            degraded=degraded + self._new_items((*query.history, *query.seen)),
        )

    def _name(self, number: int) -> str:
        fresh, items = self.live.fresh, self.live.items
        return items.name_of(number) if number < fresh.first else items.name(fresh.refs[number - fresh.first])

    def _properties(self, number: int) -> Mapping[str, object]:
        fresh, items = self.live.fresh, self.live.items
        if number < fresh.first:
            return items.properties_of(number)
        item = items.live(fresh.refs[number - fresh.first])
        return {} if item is None else dict(item.properties)  # None: deleted while this answer is made

    def _explained(self, explainer: Explainer, start: Origins, item: int, cold: bool, times: int) -> Explanation:
        """The path, unless an edit has ended one of its triples since the bundle was made."""
        found = explainer.explain(start, item, cold=cold, times=times)
        return found if all(self.live.items.says(_triple(step)) for step in found.path) else Explanation(NO_PATH)

    def _new_items(self, keys: Sequence[str]) -> tuple[str, ...]:
        return (NEW_ITEMS,) if any(self.live.number(key) is None for key in keys) else ()

    def _step(self, start: Ref, triple: Triple) -> Step:
        inverse = triple.head != start
        end, relation = triple.head if inverse else triple.tail, self.bundle.ontology.relations[triple.relation]
        label = relation.inverse_label if inverse else relation.label
        return Step(self._node(start), triple.relation, self._node(end), inverse, label)

    def _node(self, ref: Ref) -> Node:
        return Node(ref.cls, ref.key, self.live.items.name(ref))


def _triple(step: Step) -> Triple:
    start, end = Ref(step.start.cls, step.start.key), Ref(step.end.cls, step.end.key)
    return Triple(end, step.relation, start) if step.inverse else Triple(start, step.relation, end)


def _share(popularity: NDArray[np.int64]) -> NDArray[np.float32]:
    """Popularity as a score from 0 to 1: the share of the most popular one."""
    return (popularity / max(1, int(popularity.max(initial=0)))).astype(np.float32)
