"""How new items take part in an answer: in histories, among the candidates, and in what the ranker sees."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embed.teachers import Teachers
from retrieval.features import features, met, scores
from retrieval.fresh import Fresh
from retrieval.history import History
from retrieval.pairs import pair_scores, pairs
from retrieval.sources import Found, look

CONTENT = "content"
"""The source that finds new items: all others know likes only."""
PER_SOURCE = 200
"""How many candidates each source gives to the ranker."""

Items = NDArray[np.int64]


def as_known(history: History, fresh: Fresh) -> History:
    """A history that the bundle knows: the nearest stand-in of each new item is in its place; it is not closed."""
    closed = history.closed[history.closed < fresh.first]
    again = history.again[history.again < fresh.first]
    return History(_known(history.liked, fresh), _known(history.seen, fresh), closed, again)


def _known(items: NDArray[np.int32], fresh: Fresh) -> NDArray[np.int32]:
    """With stand-ins; of an item that comes twice then, the last counts."""
    new = items >= fresh.first
    if not new.any():
        return items
    known = items.copy()
    known[new] = fresh.stand_ins[items[new] - fresh.first, 0]
    last = len(known) - 1 - np.unique(known[::-1], return_index=True)[1]
    return known[np.sort(last)]


def look_at(teachers: Teachers, history: History, fresh: Fresh) -> Found:
    """Let every source read a history that may have new items: their stand-ins, and in `content` their own content.

    A stand-in is what is most like a new item, and may come back. No item has a weight on itself, so it gets the best.
    """
    known, new = as_known(history, fresh), history.liked >= fresh.first
    if not new.any():
        return look(teachers, known)
    fold_in = (teachers.content.fold_in[history.liked[~new]], fresh.fold_in[history.liked[new] - fresh.first])
    found = look(teachers, known, teachers.content.user(np.concatenate(fold_in)))
    stand_ins = np.setdiff1d(known.liked, history.liked)
    for by_weight in (found.item_to_item, found.linear, found.transitions):
        by_weight[stand_ins] = by_weight.max()
    return found


def with_new(
    teachers: Teachers, found_by: Mapping[str, Items], found: Found, fresh: Fresh, new: Items
) -> dict[str, Items]:
    """The candidates of each source, with those `new` numbers, int64 (m,) by key, whose content fits as well."""
    if not len(new):
        return dict(found_by)
    known, score = found_by[CONTENT], fresh.items[new - fresh.first] @ found.content
    best = np.argsort(-score, kind="stable")[:PER_SOURCE]
    numbers = np.concatenate([known, new[np.sort(best)]])
    score = np.concatenate([teachers.content.items[known] @ found.content, score[np.sort(best)]])
    return {**found_by, CONTENT: numbers[np.argsort(-score, kind="stable")[:PER_SOURCE]]}


def unseen(fresh: Fresh, history: History, matching: Iterable[str] | None = None) -> Items:
    """The numbers of the new items that may come back, of those with the keys `matching`: int64 (m,), by key."""
    if matching is None:
        numbers = fresh.numbers()
    else:
        there = (fresh.number.get(key) for key in matching)
        numbers = fresh.in_order(np.array([number for number in there if number is not None], np.int64))
    return numbers[~np.isin(numbers, history.closed)] if len(numbers) else numbers


def mixed_features(
    teachers: Teachers, history: History, found: Found, items: NDArray[np.integer], fresh: Fresh, *, repeats: bool
) -> NDArray[np.float32]:
    """The features of candidates int (n,), known ones and new ones: float32 (n, f).

    What a source thinks of a new item is what it thinks of the stand-ins, by their shares. Where an interaction
    `repeats`, it is known how they were met before.
    """
    by = _StandIns.of(items, as_known(history, fresh), fresh)
    mixed = {name: by.mixed(score) for name, score in scores(teachers, found, by.known).items()}
    mixed[CONTENT][by.new] = fresh.items[items[by.new] - fresh.first] @ found.content
    before = met(history, items) if repeats else None
    return features(teachers, history, mixed, by.known[: len(items)], before)


def mixed_pairs(teachers: Teachers, history: History, items: NDArray[np.integer], fresh: Fresh) -> NDArray[np.float32]:
    """How candidates int (n,), known ones and new ones, go with each item of the history: float32 (n, h)."""
    known = as_known(history, fresh)
    by = _StandIns.of(items, known, fresh)
    return pairs(by.mixed(pair_scores(teachers, known, by.known)))


class _StandIns(NamedTuple):
    """Known items in the place of candidates: `known` int (n + m * s,) are n, the nearest stand-in for each new one,
    and all s stand-ins of those m. `new` int (m,) is where those stand, `share` float32 (m, s) how much each counts.
    `own` bool (n + m * s,) are those that the history has, less the candidates that it meets again.
    """

    known: NDArray[np.integer]
    new: NDArray[np.int64]
    share: NDArray[np.float32]
    own: NDArray[np.bool_]

    @classmethod
    def of(cls, items: NDArray[np.integer], history: History, fresh: Fresh) -> "_StandIns":
        """Of candidates, int (n,), for a history that the bundle knows."""
        new = np.flatnonzero(items >= fresh.first)
        place = items[new] - fresh.first
        stand_ins = fresh.stand_ins[place]
        nearest = items.copy()
        nearest[new] = stand_ins[:, 0]
        known = np.concatenate([nearest, stand_ins.ravel()])
        own = np.isin(known, history.liked)
        own[: len(items)] &= ~np.isin(items, history.again)
        return cls(known, new, fresh.share[place], own)

    def mixed(self, score: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scores of the candidates, (n, …), of those of the `known`."""
        score, m = self._capped(score), self.share.size
        n = len(score) - m
        mixed, weight = score[:n], self.share.reshape(self.share.shape + (1,) * (score.ndim - 1))
        mixed[self.new] = (score[n:].reshape(self.share.shape + score.shape[1:]) * weight).sum(axis=1)
        return mixed

    def _capped(self, score: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is liked is scored no better than the best of the others.

        A history is like itself beyond all that the ranker has learned from, so that it would say anything; but for
        what is met again, from which it has learned.
        """
        if not self.own.any() or self.own.all():
            return score
        capped = score.copy()
        capped[self.own] = np.minimum(score[self.own], score[~self.own].max(axis=0))
        return capped
