"""What follows from the graph: by the ontology's inverse, symmetric, transitive and sub-relations, and by its rules.

It is said by a source of its own, so it is written, and withdrawn when it follows no longer, like what a file says.
Rules that build on what rules conclude are met in memory, all others by the database. Reasoning comes first, so rules
build on it; where it builds on what rules conclude, both are done in memory, in turns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from kg.blocks import Origin, Said, TripleColumns
from kg.cypher import Kind
from kg.ledger import Ledger
from kg.store import GraphStore
from kg.triples import Entity
from ontology.deriving import Facts, derive
from ontology.implications import reasoned
from ontology.model import Ontology
from ontology.reasoning import Entailment, Statement
from ontology.rule_cypher import cypher
from ontology.rules import Compared

REASONING, RULES = "(reasoning)", "(rules)"
"""The sources of what follows; no file of a mapping is called so."""


@dataclass(frozen=True)
class Following:
    """A triple that follows, and from what: the name of a rule."""

    statement: Statement
    reason: str


class Graph(Protocol):
    """What something follows from."""

    def said(self, relation: str) -> Iterator[Statement]:
        """The triples of a relation that do not only follow."""

    def entities(self, cls: str) -> Iterator[Entity]:
        """All entities of exactly this class."""


@dataclass(frozen=True)
class Stored:
    """The graph as it is in the store, and what its ledger knows of it."""

    ledger: Ledger
    store: GraphStore

    def said(self, relation: str) -> Iterator[Statement]:
        """The triples of a relation that do not only follow."""
        only = set(self.ledger.only_from({REASONING, RULES}, relation))
        for head, head_key, tail, tail_key in self.store.triples(relation):
            statement = ((head, head_key), relation, (tail, tail_key))
            if statement not in only:
                yield statement

    def entities(self, cls: str) -> Iterator[Entity]:
        """All entities of exactly this class."""
        return self.store.entities(cls)


def derives(ontology: Ontology) -> bool:
    """Whether anything can follow."""
    return bool(reasoned(ontology) or ontology.rules)


def by_reasoning(graph: Graph, ontology: Ontology) -> Iterator[Following]:
    """What follows from the characteristics of relations. Holds the triples of these relations in memory."""
    relations = reasoned(ontology)
    if not relations or _together(ontology):
        return
    entailment = Entailment(ontology)
    entailment.add(_said(graph, relations))
    for statement in entailment.derived():
        yield Following(statement, REASONING)


def by_rules(graph: Stored, ontology: Ontology) -> Iterator[Following]:
    """What follows by the rules of the ontology; and by reasoning as well, where one builds on the other."""
    if _in_turns(ontology):
        yield from _by_turns(graph, ontology)
        return
    for rule in ontology.rules:
        statement, parameters = cypher(rule, ontology)
        for row in graph.store.read(statement, parameters):
            for i, conclusion in enumerate(rule.conclusions):
                head, tail = (row[f"head_{i}"], row[f"head_id_{i}"]), (row[f"tail_{i}"], row[f"tail_id_{i}"])
                yield Following((head, conclusion.relation, tail), rule.name)


def by_rules_in_memory(graph: Graph, ontology: Ontology, also: Iterable[Statement]) -> Iterator[Following]:
    """What `by_rules` gives, where no database can be asked. `also`: what follows by reasoning."""
    if _in_turns(ontology):
        yield from _by_turns(graph, ontology)
    elif ontology.rules:
        known = {*_said(graph, _read(ontology)), *(statement for statement in also if statement[1] in _read(ontology))}
        yield from _concluded_from(known, _properties(graph, ontology), ontology)


def said_by(following: Iterable[Following]) -> Iterator[tuple[str, Said]]:
    """What follows, as a file would say it: the name of a rule, and columns."""

    def kind(x: Following) -> tuple[str, str, str, str]:
        head, relation, tail = x.statement
        return x.reason, head[0], relation, tail[0]

    for (reason, *names), same in groupby(sorted(following, key=lambda x: (kind(x), x.statement)), kind):
        ends = [(x.statement[0][1], x.statement[2][1]) for x in same]
        heads, tails = [head for head, _ in ends], [tail for _, tail in ends]
        origin = Origin(reason, range(1, len(ends) + 1), range(len(ends)))
        yield reason, Said(triples=[TripleColumns(Kind(*names), heads, tails, origin)])


def _read(ontology: Ontology) -> set[str]:
    """The relations that rules build on."""
    return {pattern.relation for rule in ontology.rules for pattern in rule.patterns}


def _concluded(ontology: Ontology) -> set[str]:
    """The relations that rules conclude."""
    return {conclusion.relation for rule in ontology.rules for conclusion in rule.conclusions}


def _together(ontology: Ontology) -> bool:
    """Whether reasoning builds on what rules conclude, or rules that build on each other on what is reasoned."""
    on_each_other = bool(_read(ontology) & _concluded(ontology))
    return bool(reasoned(ontology) & (_concluded(ontology) | (_read(ontology) if on_each_other else set())))


def _in_turns(ontology: Ontology) -> bool:
    """Whether rules have to be met again after what they conclude."""
    return _together(ontology) or bool(_read(ontology) & _concluded(ontology))


def _by_turns(graph: Graph, ontology: Ontology) -> Iterator[Following]:
    """What follows by rules and by reasoning, in turns until there is nothing more."""
    by_reason = reasoned(ontology) if _together(ontology) else frozenset()
    entailment = Entailment(ontology)
    said = set(_said(graph, _read(ontology) | by_reason))
    known, properties = set(said), _properties(graph, ontology)
    new: Iterable[Statement] = known
    while new:
        followed = set(entailment.add(s for s in new if s[1] in by_reason)) - known
        yield from (Following(statement, REASONING) for statement in followed)
        known |= followed
        concluded = list(_concluded_from(known, properties, ontology))
        yield from concluded
        new = {following.statement for following in concluded}
        known |= new


Properties = dict[tuple[str, str], dict[str, str | int | float | bool]]


def _concluded_from(known: set[Statement], properties: Properties, ontology: Ontology) -> Iterator[Following]:
    for statement, names in derive(ontology.rules, Facts(known, properties)).items():
        yield Following(statement, min(names))


def _said(graph: Graph, relations: Iterable[str]) -> Iterator[Statement]:
    for relation in sorted(relations):
        yield from graph.said(relation)


def compared(ontology: Ontology) -> frozenset[str]:
    """The properties that rules compare."""
    return frozenset(c.name for rule in ontology.rules for c in rule.conditions if isinstance(c, Compared))


def builds_on(ontology: Ontology) -> frozenset[str]:
    """The relations that anything follows from."""
    return reasoned(ontology) | _read(ontology)


def asks_entities(ontology: Ontology) -> bool:
    """Whether rules ask for more than triples."""
    return bool(compared(ontology)) or not all(rule.patterns for rule in ontology.rules)


def _properties(graph: Graph, ontology: Ontology) -> Properties:
    """The entities, with the properties that rules compare; none where rules ask for triples alone."""
    if not asks_entities(ontology):
        return {}
    names = compared(ontology)
    return {
        (cls, entity.key): {name: value for name, value in entity.properties.items() if name in names}
        for cls in ontology.classes
        for entity in graph.entities(cls)
    }
