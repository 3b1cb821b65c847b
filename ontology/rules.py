"""If-then rules over triples, and the order in which their conditions are best met."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ontology.constraints import Value

KEY = "id"
"""What a rule calls an entity's key, as if it were a property."""


@dataclass(frozen=True)
class Pattern:
    """Two variables and the relation that joins them."""

    head: str
    relation: str
    tail: str

    @property
    def variables(self) -> frozenset[str]:
        """The ends."""
        return frozenset({self.head, self.tail})


@dataclass(frozen=True)
class OfClass:
    """`?a a Film`: `kinds` are the class and its subclasses."""

    variable: str
    kinds: tuple[str, ...]

    @property
    def variables(self) -> frozenset[str]:
        """The one it asks about."""
        return frozenset({self.variable})


@dataclass(frozen=True)
class Different:
    """`?a != ?b`: not the same entity."""

    one: str
    other: str

    @property
    def variables(self) -> frozenset[str]:
        """Both."""
        return frozenset({self.one, self.other})


@dataclass(frozen=True)
class Compared:
    """`?a.year >= 1990`. An entity without the property keeps no comparison."""

    variable: str
    name: str
    operator: str
    value: Value

    @property
    def variables(self) -> frozenset[str]:
        """The one it asks about."""
        return frozenset({self.variable})


Condition = OfClass | Different | Compared


@dataclass(frozen=True)
class Rule:
    """Where all patterns and conditions are met, the conclusions hold. `label` says in words what they mean."""

    name: str
    iri: str
    label: str
    patterns: tuple[Pattern, ...]
    conditions: tuple[Condition, ...]
    conclusions: tuple[Pattern, ...]


@dataclass(frozen=True)
class Step:
    """The next pattern to match (None: any entity), and the conditions that can be asked as soon as it is."""

    pattern: Pattern | None
    conditions: tuple[Condition, ...]


def steps(rule: Rule, start: int = 0) -> Iterator[Step]:
    """All of a rule from one of its patterns on; each next pattern has as many known ends as can be."""
    known: frozenset[str] = frozenset()
    conditions = list(rule.conditions)
    ordered: Sequence[Pattern | None] = _ordered(rule.patterns, start) or [None]
    for pattern in ordered:
        known |= pattern.variables if pattern else conditions[0].variables
        met = [condition for condition in conditions if condition.variables <= known]
        conditions = [condition for condition in conditions if condition not in met]
        yield Step(pattern, tuple(met))


def _ordered(patterns: Sequence[Pattern], start: int) -> list[Pattern]:
    waiting = list(patterns)
    ordered: list[Pattern] = []
    known: frozenset[str] = frozenset()
    while waiting:
        best = waiting[start] if not ordered else max(waiting, key=lambda pattern: len(pattern.variables & known))
        waiting.remove(best)
        ordered.append(best)
        known |= best.variables
    return ordered
