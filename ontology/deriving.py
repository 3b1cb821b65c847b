"""Rules over triples in memory: everything that follows, to the last.

Semi-naive evaluation (Abiteboul, Hull, Vianu: Foundations of Databases, 13.1): in each round one pattern of a rule
meets only what is new since the last, so that no round does the work of another again.
"""

import operator
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ontology.closure import Entity, Pair
from ontology.constraints import Value
from ontology.reasoning import Statement
from ontology.rules import KEY, Compared, Condition, Different, OfClass, Pattern, Rule, steps

Binding = dict[str, Entity]
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Facts:
    """What rules are applied to: triples (interactions as well), and entities with the properties they have."""

    triples: Collection[Statement]
    properties: Mapping[Entity, Mapping[str, Value]] = field(default_factory=dict)


def derive(rules: Iterable[Rule], facts: Facts) -> dict[Statement, frozenset[str]]:
    """Every triple that follows and was not given, and the names of all rules that it follows from.

    Rules may build on what others derive, and on themselves. When a given triple goes, what follows from the rest is
    derived anew: the difference is what has to be withdrawn.
    """
    joins = [_Join(rule, start) for rule in rules for start in range(len(rule.patterns) or 1)]
    given, index = set(facts.triples), _Index(facts)
    found: defaultdict[Statement, set[str]] = defaultdict(set)
    fresh, first = given, True
    while first or fresh:
        new = _by_relation(fresh)
        # At first everything is new: one pattern of each rule is enough to begin with.
        asked = [join for join in joins if (join.start == 0 if first else join.rule.patterns)]
        concluded = {(statement, join.rule.name) for join in asked for statement in join.run(index, new)}
        for statement, name in concluded:
            if statement not in given:
                found[statement].add(name)
        fresh, first = {statement for statement, _ in concluded} - index.known, False
        index.add(fresh)
    return {statement: frozenset(names) for statement, names in found.items()}


class _Index:
    """What is known, to be found from both ends."""

    def __init__(self, facts: Facts) -> None:
        self.properties = facts.properties
        self.known: set[Statement] = set()
        self.tails: defaultdict[tuple[str, Entity], list[Entity]] = defaultdict(list)
        self.heads: defaultdict[tuple[str, Entity], list[Entity]] = defaultdict(list)
        self.add(set(facts.triples))

    def add(self, statements: set[Statement]) -> None:
        """Know more; none of it was known."""
        self.known |= statements
        for head, relation, tail in statements:
            self.tails[relation, head].append(tail)
            self.heads[relation, tail].append(head)

    def matching(self, relation: str, head: Entity | None, tail: Entity | None) -> Iterator[Pair]:
        """The pairs of a relation with these ends, at least one of which is given."""
        if head is not None and tail is not None:
            return iter([(head, tail)] if (head, relation, tail) in self.known else [])
        if head is not None:
            return ((head, other) for other in self.tails.get((relation, head), ()))
        assert tail is not None  # noqa: S101  # a rule's patterns are joined, so one end is known
        return ((other, tail) for other in self.heads.get((relation, tail), ()))

    def entities(self) -> set[Entity]:
        """All that is known of."""
        return {*self.properties, *(end for head, _, tail in self.known for end in (head, tail))}

    def keeps(self, binding: Binding, condition: Condition) -> bool:
        """Whether bound variables meet a condition."""
        if isinstance(condition, OfClass):
            return binding[condition.variable][0] in condition.kinds
        if isinstance(condition, Different):
            return binding[condition.one] != binding[condition.other]
        value = self._value(binding[condition.variable], condition)
        return value is not None and _COMPARE[condition.operator](value, condition.value)

    def _value(self, entity: Entity, condition: Compared) -> Value | None:
        return entity[1] if condition.name == KEY else self.properties.get(entity, {}).get(condition.name)


class _Join:
    """A rule, asked from one of its patterns on."""

    def __init__(self, rule: Rule, start: int) -> None:
        self.rule, self.start = rule, start
        self._steps = tuple(steps(rule, start))

    def run(self, index: _Index, new: Mapping[str, Sequence[Pair]]) -> Iterator[Statement]:
        """What is concluded where the first pattern meets something new."""
        for binding in self._begun(index, new):
            for met in self._met(index, 0, binding):
                for conclusion in self.rule.conclusions:
                    yield met[conclusion.head], conclusion.relation, met[conclusion.tail]

    def _begun(self, index: _Index, new: Mapping[str, Sequence[Pair]]) -> Iterator[Binding]:
        pattern = self._steps[0].pattern
        if pattern is not None:
            return _bound({}, pattern, new.get(pattern.relation, ()))
        (variable,) = self.rule.conditions[0].variables
        return ({variable: entity} for entity in index.entities())

    def _met(self, index: _Index, done: int, binding: Binding) -> Iterator[Binding]:
        """All bindings that meet the steps after `done`, whose pattern has been matched."""
        if not all(index.keeps(binding, condition) for condition in self._steps[done].conditions):
            return
        if done + 1 == len(self._steps):
            yield binding
            return
        pattern = self._steps[done + 1].pattern
        assert pattern is not None  # noqa: S101  # only a rule of one step has none
        pairs = index.matching(pattern.relation, binding.get(pattern.head), binding.get(pattern.tail))
        for extended in _bound(binding, pattern, pairs):
            yield from self._met(index, done + 1, extended)


def _bound(binding: Binding, pattern: Pattern, pairs: Iterable[Pair]) -> Iterator[Binding]:
    """The binding with the ends of each pair. A pattern with one variable wants both ends to be one."""
    once = pattern.head == pattern.tail
    return ({**binding, pattern.head: head, pattern.tail: tail} for head, tail in pairs if not once or head == tail)


def _by_relation(statements: Iterable[Statement]) -> dict[str, list[Pair]]:
    found: defaultdict[str, list[Pair]] = defaultdict(list)
    for head, relation, tail in statements:
        found[relation].append((head, tail))
    return found
