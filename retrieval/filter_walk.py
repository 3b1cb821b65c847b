"""Walks along relations with all that follows: sub-relations, inverses, symmetric and transitive relations.

It is what `ontology.reasoning` derives, seen from a set of tails: which heads have one of them?
"""

from collections.abc import Callable

import numpy as np

from ontology.implications import groups
from ontology.model import Ontology
from retrieval.filter_columns import Mask
from retrieval.filter_world import World


class Walks:
    """The relations of an ontology, to be walked from masks of entities to masks of entities."""

    def __init__(self, ontology: Ontology) -> None:
        self._groups = groups(ontology)
        self._where = {name: (i, sign) for i, group in enumerate(self._groups) for name, sign in group.members.items()}
        self._below: list[list[tuple[int, int]]] = [[] for _ in self._groups]
        for position, group in enumerate(self._groups):
            for above, sign in group.above:
                self._below[above].append((position, sign))

    def heads(self, world: World, relation: str, tails: Mask, *, inverse: bool = False) -> Mask:
        """The entities that the relation joins to one of `tails`, bool (n,): their heads, or with `inverse` theirs."""
        position, sign = self._where[relation]
        return self._reached(world, position, -sign if inverse else sign, tails)

    def _reached(self, world: World, position: int, sign: int, ends: Mask) -> Mask:
        def once(some: Mask) -> Mask:
            return self._joined(world, position, sign, some)

        return chain(once, ends) if self._groups[position].transitive else once(ends)

    def _joined(self, world: World, position: int, sign: int, ends: Mask) -> Mask:
        """What one triple joins, that was said or follows from another relation."""
        group, found = self._groups[position], np.zeros(world.n, np.bool_)
        for turn in (sign, -sign) if group.symmetric else (sign,):
            for name, direction in group.members.items():
                head, tail = world.pairs(name)
                start, end = (head, tail) if direction == turn else (tail, head)
                found[start[ends[end]]] = True
            for below, direction in self._below[position]:
                found |= self._reached(world, below, direction * turn, ends)
        return found


def chain(once: Callable[[Mask], Mask], ends: Mask) -> Mask:
    """Everything that one step or several lead to; `ends` themselves only where a step leads to them."""
    found = new = once(ends)
    while new.any():
        new = once(new) & ~found
        found = found | new
    return found
