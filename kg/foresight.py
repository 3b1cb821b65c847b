"""What would follow from a load that is not done: a dry run tells of it what the load itself would tell.

The graph is read as it would be, less what would go and with what would come. Rules are met in memory here, also those
that a load leaves to the database, so all triples that they build on are held.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from kg.cypher import Kind
from kg.derived import REASONING, RULES, asks_entities, builds_on, by_reasoning, by_rules_in_memory, compared
from kg.difference import Difference
from kg.ledger import Ledger
from kg.store import GraphStore
from kg.triples import Entity, Value
from kg.writing import Changes
from ontology.model import Ontology
from ontology.reasoning import Statement

AFTER = """(SELECT kind, head, tail, source FROM main.triple
    ANTI JOIN stage.triple_lost USING (kind, head, tail, source)
UNION SELECT kind, head, tail, source FROM stage.triple)"""
"""What each source would say."""
SAID = f"""
SELECT k.head, t.head, k.relation, k.tail, t.tail FROM {AFTER} t JOIN main.kind k ON k.id = t.kind
    JOIN main.source s ON s.id = t.source WHERE"""  # noqa: S608 our names


def foreseen(difference: Difference, store: GraphStore, ontology: Ontology) -> Changes:
    """What would be derived, and withdrawn, after a load that has been compared and is not written."""
    ledger = difference.ledger
    graph = _Ahead(difference, store, ontology)
    reasoned = {found.statement for found in by_reasoning(graph, ontology)}
    ruled = {found.statement for found in by_rules_in_memory(graph, ontology, reasoned)}
    was_reasoned, was_ruled = (set(_said(ledger, "s.name = $source", source=source)) for source in (REASONING, RULES))
    said = set(_said_among(ledger, reasoned | ruled | was_reasoned | was_ruled))
    changes = Changes()  # first by reasoning, beside what the rules said before; then by rules
    for now, before, others in ((reasoned, was_reasoned, said | was_ruled), (ruled, was_ruled, said | reasoned)):
        changes.added.update(relation for _, relation, _ in now - before - others)
        changes.removed.update(relation for _, relation, _ in before - now - others)
    return changes


def _said(ledger: Ledger, where: str, **values: str) -> Iterator[Statement]:
    for head, head_key, relation, tail, tail_key in ledger.tables.stream(f"{SAID} {where}", **values):
        yield (head, head_key), relation, (tail, tail_key)


def _said_among(ledger: Ledger, statements: set[Statement]) -> Iterator[Statement]:
    """Those of the statements that a file would say."""
    for relation in sorted({relation for _, relation, _ in statements}):
        said = _said(ledger, "k.relation = $relation AND s.name NOT LIKE '(%)'", relation=relation)
        yield from (statement for statement in said if statement in statements)


class _Ahead:
    """The graph as it would be. Of what the load changes, it holds what something follows from."""

    def __init__(self, difference: Difference, store: GraphStore, ontology: Ontology) -> None:
        self._ledger, self._store, self._ontology = difference.ledger, store, ontology
        asked = {"", *builds_on(ontology)}  # entities have no relation
        kinds = {number: kind for number, kind in self._ledger.kinds().items() if kind.relation in asked}

        def rows(table: str, columns: str) -> Iterator[tuple[Any, ...]]:
            for number, *values in difference.rows(table, f"kind, {columns}"):
                if number in kinds:
                    yield kinds[number], *values

        self._gone = {(kind.head, key) for kind, key in rows("gone", "key")}
        self._lost = {_statement(*row) for row in rows("triple_gone", "head, tail")}
        self._moved = {id_ for table in ("interaction_gone", "interaction_todo") for _, id_ in rows(table, "id")}
        self._new: dict[str, set[Statement]] = defaultdict(set)
        for table in ("triple_todo", "interaction_todo"):
            for kind, head, tail in rows(table, "head, tail"):
                self._new[kind.relation].add(_statement(kind, head, tail))
        names = compared(ontology)
        self._set: dict[str, dict[str, dict[str, Value | None]]] = defaultdict(dict)
        for change in difference.entity_changes() if asks_entities(ontology) else ():
            its = {name: value for name, value in change.set.items() if name in names}
            self._set[kinds[change.kind].head][change.key] = its

    def said(self, relation: str) -> Iterator[Statement]:
        """The triples of a relation that would not only follow."""
        only = set(self._ledger.only_from({REASONING, RULES}, relation, AFTER))
        new = self._new[relation]
        yield from new
        for statement in self._there(relation):
            if statement not in only and statement not in new:
                yield statement

    def entities(self, cls: str) -> Iterator[Entity]:
        """All entities of a class that would be there."""
        new = dict(self._set[cls])
        for entity in self._store.entities(cls):
            if (cls, entity.key) not in self._gone:
                yield _changed(entity, new.pop(entity.key, {}))
        yield from (_changed(Entity(cls, key), its) for key, its in new.items())

    def _there(self, relation: str) -> Iterator[Statement]:
        """What is there now and would stay."""
        found: Iterable[Statement]
        if self._ontology.is_interaction(relation):
            interactions = (x for x in self._store.interactions(relation) if x.id not in self._moved)
            found = ((x.user, relation, x.item) for x in interactions)
        else:
            triples = (((h, hk), relation, (t, tk)) for h, hk, t, tk in self._store.triples(relation))
            found = (statement for statement in triples if statement not in self._lost)
        for head, _, tail in found:
            if head not in self._gone and tail not in self._gone:
                yield head, relation, tail


def _statement(kind: Kind, head: str, tail: str) -> Statement:
    return (kind.head, head), kind.relation, (kind.tail, tail)


def _changed(entity: Entity, its: dict[str, Value | None]) -> Entity:
    after = {**entity.properties, **its}
    return Entity(entity.cls, entity.key, {name: value for name, value in after.items() if value is not None})
