"""Pairs and what follows from them by a symmetric or transitive relation, kept exact while pairs come and go.

A pair may have several supports (two relations may say it); it goes when the last of them does. A transitive closure
is extended by what reaches the new pair and what is reached from it. After a removal the walk is done anew, but only
from where the removed pair could be reached.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

Entity = tuple[str, str]
"""Class and key."""
Pair = tuple[Entity, Entity]


class Pairs:
    """Pairs as they are said: what holds is what has a support. `symmetric` makes a pair support its mirror too."""

    def __init__(self, symmetric: bool) -> None:
        self._symmetric = symmetric
        self._supports: Counter[Pair] = Counter()

    def add(self, supports: Iterable[Pair]) -> list[Pair]:
        """Give each pair one support more; the pairs that hold now and did not before."""
        fresh = []
        for pair in self._mirrored(supports):
            self._supports[pair] += 1
            if self._supports[pair] == 1:
                fresh.append(pair)
        return fresh

    def remove(self, supports: Iterable[Pair]) -> list[Pair]:
        """Take one support from each pair, which it must have; the pairs that hold no longer."""
        gone = []
        for pair in self._mirrored(supports):
            self._supports[pair] -= 1
            if not self._supports[pair]:
                del self._supports[pair]
                gone.append(pair)
        return gone

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._supports

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._supports)

    def _mirrored(self, pairs: Iterable[Pair]) -> Iterator[Pair]:
        for head, tail in pairs:
            yield head, tail
            if self._symmetric:
                yield tail, head


class Closure:
    """The transitive closure of pairs: the same methods as `Pairs`, over everything that a chain joins."""

    def __init__(self, symmetric: bool) -> None:
        self._said = Pairs(symmetric)
        self._next: defaultdict[Entity, set[Entity]] = defaultdict(set)
        self._after: defaultdict[Entity, set[Entity]] = defaultdict(set)
        self._before: defaultdict[Entity, set[Entity]] = defaultdict(set)

    def add(self, supports: Iterable[Pair]) -> list[Pair]:
        """Give each pair one support more; the pairs that hold now and did not before."""
        fresh: list[Pair] = []
        for head, tail in self._said.add(supports):
            self._next[head].add(tail)
            if tail not in self._after[head]:
                fresh += self._bridge(head, tail)
        return fresh

    def remove(self, supports: Iterable[Pair]) -> list[Pair]:
        """Take one support from each pair, which it must have; the pairs that hold no longer."""
        gone = self._said.remove(supports)
        starts = {start for head, _ in gone for start in (head, *self._before[head])}
        for head, tail in gone:
            self._next[head].discard(tail)
        return [pair for start in starts for pair in self._walk_again(start, starts)]

    def __contains__(self, pair: Pair) -> bool:
        head, tail = pair
        return tail in self._after.get(head, ())

    def __iter__(self) -> Iterator[Pair]:
        return ((head, tail) for head, tails in self._after.items() for tail in tails)

    def _bridge(self, head: Entity, tail: Entity) -> list[Pair]:
        """Join everything before the new pair to everything after it."""
        fresh = []
        after = {tail, *self._after[tail]}
        for start in (head, *self._before[head]):
            for end in after - self._after[start]:
                self._after[start].add(end)
                self._before[end].add(start)
                fresh.append((start, end))
        return fresh

    def _walk_again(self, start: Entity, touched: set[Entity]) -> list[Pair]:
        """Find what `start` still reaches. What is not `touched` reaches what it did."""
        reached: set[Entity] = set()
        ahead = list(self._next[start])
        while ahead:
            entity = ahead.pop()
            if entity in reached:
                continue
            reached.add(entity)
            if entity in touched:
                ahead += self._next[entity]
            else:
                reached |= self._after[entity]
        lost = self._after[start] - reached
        self._after[start] = reached
        for end in lost:
            self._before[end].discard(start)
        return [(start, end) for end in lost]
