"""Functional and inverse functional relations in edits: a second tail of a head, or head of a tail, is refused.

Inverses and sub-relations count, as they do in a load. What only followed from something that an edit has ended does
not stand in the way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kg.entries import Edit
from kg.formats.encoding import shown
from kg.planned import Known, Standing
from kg.triples import Ref, Triple
from ontology.implications import Signed, ways
from ontology.model import Ontology


@dataclass(frozen=True)
class _Limit:
    """One tail of each head of a relation, or one head of each tail; `ways`: whose triples are some of it."""

    relation: str
    of_head: bool
    ways: frozenset[Signed]

    def claim(self, triple: Triple, sign: int) -> tuple[Ref, Ref]:
        """Who can have one only, and which one this triple gives it, read as stored (1) or swapped (-1)."""
        forward = self.of_head == (sign > 0)
        return (triple.head, triple.tail) if forward else (triple.tail, triple.head)

    def others(self, triples: Sequence[Triple], owner: Ref) -> set[Ref]:
        """What these triples give it."""
        ways = [(triple, sign) for triple in triples for sign in (1, -1) if (triple.relation, sign) in self.ways]
        claims = [self.claim(triple, sign) for triple, sign in ways]
        return {other for whose, other in claims if whose == owner}


class Limits:
    """All that an ontology allows one of."""

    def __init__(self, ontology: Ontology) -> None:
        self._limits = [
            _Limit(relation.name, of_head, ways(ontology, relation.name))
            for relation in ontology.relations.values()
            for asked, of_head in ((relation.functional, True), (relation.inverse_functional, False))
            if asked
        ]
        names = {name for limit in self._limits for name, _ in limit.ways}
        self._ways = {name: ways(ontology, name) for name in names}

    def broken(self, edit: Edit, known: Known) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Where the edit says a second one, and what is there. `known`: what stands after the edit."""
        for limit in self._limits:
            for name, sign in sorted(limit.ways):
                for position, tail in enumerate(edit.relations.get(name, ())):
                    owner, one = limit.claim(Triple(edit.item, name, tail), sign)
                    if others := limit.others(self._there(known.about(owner)), owner) - {one}:
                        yield ("relations", name, position), _reason(limit, owner, min(others))

    def _there(self, standing: Standing) -> list[Triple]:
        """Without what only followed from what has ended."""
        stored = (triple for triple in standing.stored if not any(self._follows(triple, x) for x in standing.ended))
        return [*standing.said, *stored]

    def _follows(self, triple: Triple, other: Triple) -> bool:
        """Whether a triple follows from another one."""
        found = self._ways.get(triple.relation, frozenset())
        if (other.head, other.tail) == (triple.head, triple.tail) and (other.relation, 1) in found:
            return True
        return (other.tail, other.head) == (triple.head, triple.tail) and (other.relation, -1) in found


def _reason(limit: _Limit, owner: Ref, there: Ref) -> str:
    has = f"{owner.cls} {shown(owner.key)!r} has {there.cls} {shown(there.key)!r} already"
    return f"{has}, and {limit.relation} allows one; keep one of the two"
