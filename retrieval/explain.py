"""Why: the most telling path of triples from the history to an item, found in memory."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.answer import Explanation, Node, Step
from retrieval.walk import Walk

NO_PATH = "No path of triples joins this item to the history; users with similar histories liked it."
HISTORY = 100
"""How many of the newest liked items a path may start from."""

Hop = tuple[int, int, int]
"""From entity, signed relation (see Adjacency), to entity; numbers as in Walk."""


@dataclass(frozen=True)
class Origins:
    """Where paths may start: the history, and every entity that one triple joins to it.

    `near` maps an entity to the liked items that touch it, newest last.
    """

    history: tuple[int, ...]
    near: Mapping[int, Sequence[int]]

    def reach(self, entity: int, item: int) -> bool:
        """Whether a liked item other than `item` touches the entity."""
        return any(i != item for i in self.near.get(entity, ()))


def origins(graph: Walk, liked: NDArray[np.int32]) -> Origins:
    """Prepare a history, int32, newest last; done once per answer."""
    recent = liked[-HISTORY:]
    owner, touched = graph.gather(recent)
    near: dict[int, list[int]] = defaultdict(list)
    for entity, item in zip(touched.tolist(), recent[owner].tolist(), strict=True):
        near[entity].append(item)
    return Origins(tuple(recent.tolist()), near)


@dataclass(frozen=True)
class Explainer:
    """Finds paths in a graph and says them in the words of its ontology; `name` reads an entity's number."""

    graph: Walk
    name: Callable[[int], str]

    def explain(self, start: Origins, item: int, *, cold: bool = False, times: int = 0) -> Explanation:
        """The path to `item` through the rarest entity: one triple, two, or three where two entities are related.

        It starts at the liked item that is most like the other end, of those that touch the entity. An item that comes
        back, met so many `times`, needs no path.
        """
        if times:
            return Explanation(f"Part of this history already, {'once' if times == 1 else f'{times} times'}.")
        if cold:
            return Explanation("Popular with everybody: there is no history to explain it from.")
        hops = self._direct(start, item) or self._shared(start, item) or self._related(start, item)
        if not hops:
            return Explanation(NO_PATH)
        path = tuple(self._step(hop) for hop in hops)
        return Explanation(_words(path), path, *_cypher(path))

    def _direct(self, start: Origins, item: int) -> list[Hop]:
        near = {*self.graph.row(item)[0].tolist(), *start.near.get(item, ())}
        origin = next((h for h in reversed(start.history) if h in near), None)
        return [] if origin is None else [self._hop(origin, item)]

    def _shared(self, start: Origins, item: int) -> list[Hop]:
        near, _ = self.graph.row(item)
        shared = [e for e in near.tolist() if start.reach(e, item)]
        if not shared:
            return []
        entity = min(shared, key=self._commonness)
        return [self._hop(self._origin(start, entity, item), entity), self._hop(entity, item)]

    def _related(self, start: Origins, item: int) -> list[Hop]:
        n_items = self.graph.bundle.catalog.n_items
        near, _ = self.graph.row(item)
        entities = near[(near >= n_items) & (near < self.graph.fresh.first)]
        owner, reached = self.graph.gather(entities)
        other = reached >= n_items  # most of what an entity touches are items
        ends = zip(entities[owner[other]].tolist(), reached[other].tolist(), strict=True)
        pairs = [(last, first) for last, first in ends if start.reach(first, item)]
        if not pairs:
            return []
        last, first = min(pairs, key=lambda pair: self._commonness(pair[0]) + self._commonness(pair[1]))
        return [self._hop(self._origin(start, first, item), first), self._hop(first, last), self._hop(last, item)]

    def _origin(self, start: Origins, entity: int, item: int) -> int:
        """The liked item nearest to `item` (TransE), of those that touch the entity; the newest of equals."""
        liked = [i for i in reversed(start.near[entity]) if i != item]
        vectors = self.graph.vectors([*liked, item])
        return liked[int(np.argmax(vectors[:-1] @ vectors[-1]))]

    def _commonness(self, entity: int) -> int:
        return self.graph.degree(entity)

    def _hop(self, start: int, end: int) -> Hop:
        return start, self.graph.relation(start, end), end

    def _step(self, hop: Hop) -> Step:
        start, signed, end = hop
        inverse = signed < 0
        bundle = self.graph.bundle
        name = bundle.catalog.relations[-1 - signed if inverse else signed]
        relation = bundle.ontology.relations[name]
        label = relation.inverse_label if inverse else relation.label
        return Step(self._node(start), name, self._node(end), inverse, label)

    def _node(self, entity: int) -> Node:
        ref = self.graph.ref(entity)
        return Node(ref.cls, ref.key, self.name(entity))


def _words(path: tuple[Step, ...]) -> str:
    return path[0].start.name + "".join(f" – {step.label} – {step.end.name}" for step in path)


def _cypher(path: tuple[Step, ...]) -> tuple[str, dict[str, str]]:
    """The query that returns the keys along the same path, and its parameters.

    Labels and relation types cannot be parameters; they are names that the ontology has checked.
    """
    nodes = [path[0].start, *(step.end for step in path)]
    pattern = f"(n0:{nodes[0].cls} {{id: $n0}})"
    for i, step in enumerate(path, 1):
        arrow = f"<-[:{step.relation}]-" if step.inverse else f"-[:{step.relation}]->"
        pattern += f"{arrow}(n{i}:{nodes[i].cls} {{id: $n{i}}})"
    returned = ", ".join(f"n{i}.id AS n{i}" for i in range(len(nodes)))
    return f"MATCH {pattern} RETURN {returned} LIMIT 1", {f"n{i}": node.key for i, node in enumerate(nodes)}
