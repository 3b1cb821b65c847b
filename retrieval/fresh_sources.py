"""How new items take part in an answer: in histories, among the candidates, and in what the ranker sees."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from embed.teachers import Teachers
from retrieval.features import features, scores
from retrieval.fresh import Fresh
from retrieval.history import History
from retrieval.sources import Found, look

CONTENT = "content"
"""The source that finds new items: all others know likes only."""
PER_SOURCE = 200
"""How many candidates each source gives to the ranker."""

Items = NDArray[np.int64]


def as_known(history: History, fresh: Fresh) -> History:
    """A history that the bundle knows: the nearest stand-in of each new item is in its place; it is not closed."""
    closed = history.closed[history.closed < fresh.first]
    return History(_known(history.liked, fresh), _known(history.seen, fresh), closed)


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
    teachers: Teachers, history: History, found: Found, items: NDArray[np.integer], fresh: Fresh
) -> NDArray[np.float32]:
    """The features of candidates int (n,), known ones and new ones: float32 (n, f).

    What a source thinks of a new item is what it thinks of the stand-ins, by their shares.
    """
    liked, new = as_known(history, fresh).liked, np.flatnonzero(items >= fresh.first)
    place = items[new] - fresh.first
    stand_ins, share = fresh.stand_ins[place], fresh.share[place]
    nearest = items.copy()
    nearest[new] = stand_ins[:, 0]
    known = np.concatenate([nearest, stand_ins.ravel()])
    scored = _capped(scores(teachers, found, known), known, liked)
    mixed = {name: score[: len(items)] for name, score in scored.items()}
    for name, score in mixed.items():
        score[new] = (scored[name][len(items) :].reshape(share.shape) * share).sum(axis=1)
    mixed[CONTENT][new] = fresh.items[place] @ found.content
    return features(teachers, history, mixed, nearest)


def _capped(
    scored: dict[str, NDArray[np.float32]], items: NDArray[np.integer], liked: NDArray[np.int32]
) -> dict[str, NDArray[np.float32]]:
    """The scores of items, int (n,); those of what is liked are no better than the best of the others.

    A history is like itself beyond all that the ranker has learned from, so that it would say anything.
    """
    own = np.isin(items, liked)
    if not own.any() or own.all():
        return scored
    return {name: np.where(own, np.minimum(score, score[~own].max()), score) for name, score in scored.items()}
