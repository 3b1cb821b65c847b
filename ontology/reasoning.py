"""What follows from triples: by sub-relations, inverses, symmetric and transitive relations, and subclasses.

It is what OWL 2 RL derives between entities (rules prp-spo1, prp-inv1, prp-inv2, prp-symp, prp-trp, cax-sco of the
OWL 2 Profiles), with keys as names: two entities are never found to be one.
"""

from collections.abc import Iterable, Iterator

from ontology.closure import Closure, Entity, Pair, Pairs
from ontology.errors import InputError
from ontology.implications import groups
from ontology.model import Ontology

Statement = tuple[Entity, str, Entity]
"""Head, relation, tail."""


class Entailment:
    """Triples and all that follows from them, kept exact while triples are added and removed."""

    def __init__(self, ontology: Ontology) -> None:
        self._ontology = ontology
        self._groups = groups(ontology)
        self._pairs = [(Closure if g.transitive else Pairs)(g.symmetric) for g in self._groups]
        self._where = {name: (i, sign) for i, group in enumerate(self._groups) for name, sign in group.members.items()}
        self._said: set[Statement] = set()
        self._fitting: set[tuple[str, str, str]] = set()

    def add(self, triples: Iterable[Statement]) -> list[Statement]:
        """Say triples; give what holds now and did not before, in no order. Raises InputError, and says nothing then.

        A triple's relation has to be in the ontology, and its ends of the classes that the relation joins.
        """
        fresh = {_plain(triple) for triple in triples} - self._said
        for kind in {(head[0], relation, tail[0]) for head, relation, tail in fresh} - self._fitting:
            self._check(kind)
        self._said |= fresh
        return self._changed(fresh, adding=True)

    def remove(self, triples: Iterable[Statement]) -> list[Statement]:
        """Take back triples that were said (others are passed over); give what holds no longer, in no order."""
        gone = {_plain(triple) for triple in triples} & self._said
        self._said -= gone
        return self._changed(gone, adding=False)

    def holds(self, triple: Statement) -> bool:
        """Whether a triple was said or follows."""
        head, relation, tail = triple
        if relation not in self._where:
            return False
        position, sign = self._where[relation]
        return _turned((head, tail), sign) in self._pairs[position]

    def triples(self) -> Iterator[Statement]:
        """All that was said and all that follows, each once."""
        for group, pairs in zip(self._groups, self._pairs, strict=True):
            for pair in pairs:
                for name, sign in group.members.items():
                    yield _triple(pair, name, sign)

    def derived(self) -> Iterator[Statement]:
        """What follows and was not said."""
        return (triple for triple in self.triples() if triple not in self._said)

    def types_of(self, entity: Entity) -> tuple[str, ...]:
        """All classes of an entity, its own first. Relations add none: their ends were checked."""
        return self._ontology.ancestors(entity[0])

    def _changed(self, triples: set[Statement], adding: bool) -> list[Statement]:
        """Pass a change on from below, each group once; give the triples that appear or vanish."""
        waiting: list[list[Pair]] = [[] for _ in self._groups]
        for head, relation, tail in triples:
            position, sign = self._where[relation]
            waiting[position].append(_turned((head, tail), sign))
        changed: list[Statement] = []
        for group, pairs, supports in zip(self._groups, self._pairs, waiting, strict=True):
            moved = (pairs.add if adding else pairs.remove)(supports)
            for above, sign in group.above:
                waiting[above] += [_turned(pair, sign) for pair in moved]
            changed += [_triple(pair, name, sign) for name, sign in group.members.items() for pair in moved]
        return changed

    def _check(self, kind: tuple[str, str, str]) -> None:
        head, name, tail = kind
        self._ontology.super_relations(name)  # raises where there is no such relation
        relation = self._ontology.relations[name]
        for cls, wanted, end in ((head, relation.domain, "head"), (tail, relation.range, "tail")):
            if not self._ontology.is_a(cls, wanted):
                raise InputError(f"a triple of {name} has a {end} of class {cls!r}; {name} wants a {wanted!r} there")
        self._fitting.add(kind)


def _plain(triple: Statement) -> Statement:
    head, relation, tail = triple
    return (head[0], head[1]), relation, (tail[0], tail[1])


def _turned(pair: Pair, sign: int) -> Pair:
    return pair if sign > 0 else (pair[1], pair[0])


def _triple(pair: Pair, relation: str, sign: int) -> Statement:
    head, tail = _turned(pair, sign)
    return head, relation, tail
