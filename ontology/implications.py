"""Which relations follow from which, up to direction: what a reasoner needs to know before it sees a triple.

Relations that imply each other, the same way round or swapped, are one group with one set of pairs: a relation and
its inverse always are. Each member has a direction in its group, 1 as stored or -1 swapped. Between groups there is
no circle, so one pass from below sees everything.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import networkx as nx

from ontology.model import Ontology, Relation

Signed = tuple[str, int]
"""A relation as stored (1) or swapped (-1)."""


@dataclass(frozen=True)
class Group:
    """Relations with the same pairs: name -> direction. `above` are the groups (by position) that follow from it."""

    members: Mapping[str, int]
    symmetric: bool
    transitive: bool
    above: tuple[tuple[int, int], ...]

    @property
    def derives(self) -> bool:
        """Whether a triple of this group makes others."""
        return len(self.members) > 1 or self.symmetric or self.transitive or bool(self.above)


def groups(ontology: Ontology) -> tuple[Group, ...]:
    """All groups, each before those that follow from it."""
    implied = _implied(ontology.relations.values())
    alike = {signed: frozenset(part) for part in nx.strongly_connected_components(implied) for signed in part}
    order = _from_below(implied)
    where = {name: position for position, names in enumerate(order) for name in names}
    sign = {name: 1 if (name, 1) in alike[names[0], 1] else -1 for names in order for name in names}
    return tuple(
        Group(
            members={name: sign[name] for name in names},
            symmetric=(names[0], -1) in alike[names[0], 1],
            transitive=any(ontology.relations[name].transitive for name in names),
            above=tuple(sorted(set(_above(implied, names, where, sign)))),
        )
        for names in order
    )


def reasoned(ontology: Ontology) -> frozenset[str]:
    """The relations that make triples or are made; all others hold as they are said, and nothing more."""
    found = groups(ontology)
    positions = {i for i, group in enumerate(found) if group.derives}
    positions |= {above for group in found for above, _ in group.above}
    return frozenset(name for i in positions for name in found[i].members)


def ways(ontology: Ontology, relation: str) -> frozenset[Signed]:
    """The relations each of whose triples is one of `relation`, as stored or swapped; itself among them."""
    implied = _implied(ontology.relations.values())
    return frozenset({(relation, 1), *nx.ancestors(implied, (relation, 1))})


def _implied(relations: Iterable[Relation]) -> "nx.DiGraph[Signed]":
    implied: nx.DiGraph[Signed] = nx.DiGraph()
    for relation in relations:
        for sign in (1, -1):
            implied.add_node((relation.name, sign))
            implied.add_edges_from(((relation.name, sign), (parent, sign)) for parent in relation.parents)
            if relation.inverse:
                implied.add_edge((relation.name, sign), (relation.inverse, -sign))
            if relation.symmetric:
                implied.add_edge((relation.name, sign), (relation.name, -sign))
    return implied


def _from_below(implied: "nx.DiGraph[Signed]") -> list[list[str]]:
    """Names of each group, sorted; each group before those that follow from it."""
    names: nx.DiGraph[str] = nx.DiGraph()
    names.add_nodes_from(name for name, _ in implied)
    names.add_edges_from((one, other) for (one, _), (other, _) in implied.edges)
    condensed = nx.condensation(names)
    return [sorted(condensed.nodes[part]["members"]) for part in nx.topological_sort(condensed)]


def _above(
    implied: "nx.DiGraph[Signed]", names: list[str], where: Mapping[str, int], sign: Mapping[str, int]
) -> Iterator[tuple[int, int]]:
    for name in names:
        for other, turned in implied.successors((name, 1)):
            if other not in names:
                yield where[other], sign[name] * turned * sign[other]
