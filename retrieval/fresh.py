"""Items that are newer than the bundle: composed from what is said of them, when it is said.

A new item has a content vector like any other (embed/content.py). For what needs likes, such as the likes of users
with the same taste, a few known items speak for it: those whose content promises the same likes, its stand-ins.
What follows from what is said of it by the ontology is not part of it before the next training. An item of the bundle,
also one that is deleted and put again, keeps the bundle's vectors until then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embed.bundle import Bundle
from embed.said import Said, kinds_of, text_of
from kg.triples import Ref, Triple
from retrieval.items import Items, LiveItem

STAND_INS = 8
"""So many known items speak for a new one."""
_STEPS = 10_000
"""Of a cosine from 0 to 1."""
_AT_ONCE = 256
"""So many new items are compared with all others at once, which bounds memory."""

Vectors = NDArray[np.float32]
Row = tuple[NDArray[np.int32], NDArray[np.int16]]
"""What triples join an item to, in order, and by which signed relations: as a row of Adjacency."""


@dataclass(frozen=True)
class Fresh:
    """New items, in order of arrival. The number of one is `first` + its place; it keeps it as long as a worker lives.

    `place` is where each of `refs` stands; `number` has those that are there now, by key, and `there` bool (n,) says
    which those are. `items` and `fold_in` float32 (n, r) are content vectors; `transe` float32 (n, d); `stand_ins`
    int32 (n, STAND_INS) are numbers of the bundle, the nearest first, and `share` float32 (n, STAND_INS) how much each
    of them counts, 1 together.
    """

    first: int
    refs: tuple[Ref, ...]
    place: Mapping[Ref, int]
    number: Mapping[str, int]
    there: NDArray[np.bool_]
    items: Vectors
    fold_in: Vectors
    transe: Vectors
    stand_ins: NDArray[np.int32]
    share: Vectors
    rows: tuple[Row, ...]

    def numbers(self) -> NDArray[np.int64]:
        """The numbers of those that are there, in order of their keys."""
        return self.in_order(self.first + np.flatnonzero(self.there))

    def in_order(self, numbers: NDArray[np.integer]) -> NDArray[np.int64]:
        """Numbers int (m,), of known items first, in order; then those of new items in order of their keys.

        Numbers of new items tell only when a worker met them. This order is the same in every worker.
        """
        new = numbers[numbers >= self.first] - self.first
        known = np.sort(numbers[numbers < self.first])
        return np.concatenate([known, self.first + new[np.argsort(self._rank[new])]]).astype(np.int64)

    @cached_property
    def _rank(self) -> NDArray[np.int64]:
        """Where each of `refs` stands among all, by key."""
        in_order = sorted(range(len(self.refs)), key=lambda i: (self.refs[i].key, self.refs[i].cls))
        rank = np.empty(len(in_order), np.int64)
        rank[in_order] = np.arange(len(in_order))
        return rank


def no_fresh(bundle: Bundle) -> Fresh:
    """Before anything is said."""
    teachers = bundle.teachers
    width, dim = teachers.content.items.shape[1], teachers.transe_entities.shape[1]
    none, vectors = np.zeros((0, STAND_INS)), np.zeros((0, width), np.float32)
    return Fresh(
        first=len(bundle.catalog.keys),
        refs=(),
        place={},
        number={},
        there=np.zeros(0, np.bool_),
        items=vectors,
        fold_in=vectors,
        transe=np.zeros((0, dim), np.float32),
        stand_ins=none.astype(np.int32),
        share=none.astype(np.float32),
        rows=(),
    )


class Composer:
    """Makes vectors of what is said, by the teachers of a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._relation = {name: i for i, name in enumerate(bundle.catalog.relations)}
        catalog = bundle.catalog
        self._kinds = kinds_of(bundle.ontology, catalog.classes, catalog.entity_class[: catalog.n_items])

    def after(self, fresh: Fresh, items: Items, touched: Iterable[Ref]) -> Fresh:
        """The new items as they stand after edits, which touched some items, in this order."""
        new = [ref for ref in touched if items.is_new(ref)]
        fresh = _grown(fresh, [ref for ref in new if ref not in fresh.place and items.has(ref)])
        changed = {fresh.place[ref]: item for ref in new if (item := items.live(ref))}
        gone = [fresh.place[ref] for ref in new if ref in fresh.place and not items.has(ref)]
        said = [self._said(item, items, fresh) for item in changed.values()]
        at, rows = list(changed), list(fresh.rows)
        for i, (_, row) in zip(at, said, strict=True):
            rows[i] = row
        there = fresh.there.copy()
        there[gone], there[at] = False, True
        ended = {fresh.first + i for i in gone}
        number = {key: n for key, n in fresh.number.items() if n not in ended} if ended else dict(fresh.number)
        number |= {fresh.refs[i].key: fresh.first + i for i in at}
        after = replace(fresh, rows=tuple(rows), there=there, number=number)
        return self._with_vectors(after, at, [one for one, _ in said])

    def _with_vectors(self, fresh: Fresh, at: list[int], said: list[Said]) -> Fresh:
        """New vectors for the items at these places."""
        if not at:
            return fresh
        alone = [self._bundle.teachers.content.compose([one]) for one in said]
        # The last bit of a product depends on how many rows there are, and would decide ties.
        items, fold_in = (np.concatenate(vectors) for vectors in zip(*alone, strict=True))
        stand_ins, share = self._stand_ins(items)
        made = {"items": items, "fold_in": fold_in, "stand_ins": stand_ins, "share": share}
        made["transe"] = np.stack([self._transe(fresh.rows[i]) for i in at])
        arrays = {name: getattr(fresh, name).copy() for name in made}
        for name, array in arrays.items():
            array[at] = made[name]
        return replace(fresh, **arrays)

    def _said(self, item: LiveItem, items: Items, fresh: Fresh) -> tuple[Said, Row]:
        """What its triples say, as numbers; ends that have none count by their names alone.

        Triples of relations that are newer than the bundle say nothing to it yet.
        """
        triples = [t for t in items.triples(item) if t.relation in self._relation]
        ends = [t.tail if t.head == item.ref else t.head for t in triples]
        signed = [self._signed(t, item.ref) for t in triples]
        number = [fresh.first + fresh.place[end] if end in fresh.place else items.entity(end) for end in ends]
        known = sorted((n, r) for n, r in zip(number, signed, strict=True) if n is not None)
        row = (np.array([n for n, _ in known], np.int32), np.array([r for _, r in known], np.int16))
        joined = tuple(dict.fromkeys(n for n, _ in known if n < len(self._bundle.catalog.keys)))
        counted = {r: signed.count(r) for r in set(signed)}
        text = text_of(item.properties, map(items.name, ends), self._kinds.get(item.ref.cls, ""))
        return Said(item.properties, joined, counted, text), row

    def _signed(self, triple: Triple, start: Ref) -> int:
        relation = self._relation[triple.relation]
        return relation if triple.head == start else -1 - relation

    def _transe(self, row: Row) -> Vectors:
        """Where triples say that an item lies: near each tail - relation, and near each head + relation; float32 (d,).

        Vectors of entities have length 1, so this has, too; 0 where nothing known is said.
        """
        ends, signed = row
        known = ends < len(self._bundle.catalog.keys)
        ends, signed = ends[known], signed[known].astype(np.int64)
        entities, relations = self._bundle.teachers.transe_entities, self._bundle.teachers.transe_relations
        moved = np.where((signed >= 0)[:, None], -relations[signed], relations[-1 - signed])
        vector = (entities[ends] + moved).sum(axis=0)
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)

    def _stand_ins(self, items: Vectors) -> tuple[NDArray[np.int32], Vectors]:
        """The liked items of the bundle whose vectors point the same way (cosine), and how much each counts.

        Cosines are rounded, and equal ones are in order of the number: a worker that meets new items one by one, and
        one that meets all of them when it starts, would else be led apart by the last bit of a product.
        """
        numbers, vectors = self._liked
        n = min(STAND_INS, len(numbers))
        found, cosines = [], []
        for block in np.array_split(_unit(items), -(-len(items) // _AT_ONCE)):
            cosine = np.rint((block @ vectors.T) * _STEPS).astype(np.int64)
            order = cosine * len(numbers) - np.arange(len(numbers))
            best = np.argpartition(-order, n - 1, axis=1)[:, :n]
            best = np.take_along_axis(best, np.argsort(-np.take_along_axis(order, best, axis=1), axis=1), axis=1)
            found.append(numbers[best])
            cosines.append(np.take_along_axis(cosine, best, axis=1))
        missing = ((0, 0), (0, STAND_INS - n))  # a catalog may have fewer liked items
        weight = np.pad(np.maximum(np.concatenate(cosines), 1), missing).astype(np.float32)
        return np.pad(np.concatenate(found), missing, mode="edge"), weight / weight.sum(axis=1, keepdims=True)

    @cached_property
    def _liked(self) -> tuple[NDArray[np.int32], Vectors]:
        """Items that somebody likes, or all where nobody likes any: numbers int32 (l,), vectors of length 1."""
        popularity = self._bundle.teachers.popularity
        liked = np.flatnonzero(popularity > 0) if popularity.any() else np.arange(len(popularity))
        return liked.astype(np.int32), _unit(self._bundle.teachers.content.items[liked])


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


def _grown(fresh: Fresh, added: list[Ref]) -> Fresh:
    """With room for more items."""
    if not added:
        return fresh
    n = len(added)
    empty = (np.empty(0, np.int32), np.empty(0, np.int16))
    return replace(
        fresh,
        refs=fresh.refs + tuple(added),
        place=dict(fresh.place) | {ref: len(fresh.refs) + i for i, ref in enumerate(added)},
        rows=fresh.rows + (empty,) * n,
        there=_longer(fresh.there, n),
        items=_longer(fresh.items, n),
        fold_in=_longer(fresh.fold_in, n),
        transe=_longer(fresh.transe, n),
        stand_ins=_longer(fresh.stand_ins, n),
        share=_longer(fresh.share, n),
    )


def _longer(array: NDArray[Any], n: int) -> NDArray[Any]:
    return np.concatenate([array, np.zeros((n, *array.shape[1:]), array.dtype)])
