"""What a catalog row says, by the rule of the mapping for its file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

import orjson

from kg import values
from kg.mapping import Cell, ChosenRelation, EntityRule, FileRule, InteractionRule, Reference, TripleRule
from kg.readers import refusal
from kg.triples import Entity, Interaction, Ref, Refusal, Row, Triple, Value
from ontology.model import Ontology

JSON_LIST = "json"
"""The `split` of a cell that holds a JSON list."""
V = TypeVar("V")


@dataclass(frozen=True)
class Statements:
    """What one row says."""

    entities: tuple[Entity, ...]
    triples: tuple[Triple, ...]
    interactions: tuple[Interaction, ...]


class BadCellError(Exception):
    """A cell is not what the mapping says it is, so its row is refused. `reason` begins with a verb."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        """Name the cell."""
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


def statements(rule: FileRule, row: Row, ontology: Ontology) -> Statements | Refusal:
    """What the row says. A row with one bad cell is refused as a whole: half an entity is never loaded.

    The rule must have passed `kg.check.check_rule`.
    """
    try:
        entity = _entity(rule.entity, row, ontology) if rule.entity else None
        made: list[Entity] = [entity] if entity else []
        triples: list[Triple] = []
        for triple_rule in rule.triples:
            triples += _triples(triple_rule, row, entity, made)
        interactions = tuple(_interaction(i, row) for i in rule.interactions)
    except BadCellError as error:
        return refusal(row, error.column, error.value, error.reason)
    if not (made or triples or interactions):
        tails = ", ".join(sorted({r.tail.key.column or "" for r in rule.triples}))
        return refusal(row, tails, "", "says nothing: no column that it could name something with is filled")
    return Statements(tuple(made), tuple(triples), interactions)


def column_naming(rule: FileRule, row: Row, ref: Ref) -> str:
    """The column in which the row names an entity; "" when a constant does."""
    references: list[Reference] = [r for t in rule.triples for r in (t.head, t.tail) if r]
    references += [r for i in rule.interactions for r in (i.user, i.item)]
    named = (r for r in references if r.cls == ref.cls and ref.key in _keys(r, row))
    return next((r.key.column or "" for r in named), "")


def _entity(rule: EntityRule, row: Row, ontology: Ontology) -> Entity:
    properties: dict[str, Value] = {}
    for name, cell in rule.properties.items():
        if text := _text(cell, row):
            properties[name] = _parsed(values.PROPERTY[ontology.properties[name].datatype], cell, text)
    return Entity(rule.cls, _key(rule.key, row), properties)


def _triples(rule: TripleRule, row: Row, entity: Entity | None, made: list[Entity]) -> Iterator[Triple]:
    tails = [Ref(rule.tail.cls, key) for key in _keys(rule.tail, row)]
    if not tails:
        return
    if rule.head is None:
        heads = [Ref(entity.cls, entity.key)] if entity else []
    else:
        heads = [Ref(rule.head.cls, key) for key in _keys(rule.head, row)]
        if not heads:
            raise BadCellError(rule.head.key.column or "", "", "is empty, but the row names something to join it with")
    for reference, refs in ((rule.head, heads), (rule.tail, tails)):
        if reference and reference.create:
            made += [Entity(ref.cls, ref.key) for ref in refs]
    relation = _relation(rule.relation, row)
    for head in heads:
        for tail in tails:
            yield Triple(head, relation, tail)


def _interaction(rule: InteractionRule, row: Row) -> Interaction:
    user = Ref(rule.user.cls, _key(rule.user.key, row))
    item = Ref(rule.item.cls, _key(rule.item.key, row))
    relation = _relation(rule.relation, row)
    value = _parsed(values.number, rule.value, _needed(rule.value, row))
    at = _parsed(values.TIME[rule.at.unit], rule.at.column, _needed(rule.at.column, row))
    key = _key(rule.id, row) if rule.id else interaction_id(user, relation, item, at)
    return Interaction(key, user, relation, item, value, at)


def interaction_id(user: Ref, relation: str, item: Ref, at: int) -> str:
    """32 hex digits that are the same for the same user, relation, item and millisecond, whatever the value.

    So a corrected value replaces the old one.
    """
    return blake2b(orjson.dumps([*user, relation, *item, at]), digest_size=16).hexdigest()


def _relation(relation: str | ChosenRelation, row: Row) -> str:
    if isinstance(relation, str):
        return relation
    text = row.values.get(relation.column, "").strip()
    if text not in relation.values:
        known = ", ".join(relation.values)
        raise BadCellError(relation.column, text, f"chooses no relation here; what it may be: {known}")
    return relation.values[text]


def _keys(reference: Reference, row: Row) -> list[str]:
    """The keys a cell names, each once, in the cell's order. An empty cell names none."""
    text = _text(reference.key, row)
    if reference.split is None or not text:
        parts = [text]
    elif reference.split == JSON_LIST:
        parts = _json_list(reference.key, text)
    else:
        parts = text.split(reference.split)
    kept = dict.fromkeys(part.strip() for part in parts)
    return [_parsed(values.key, reference.key, part) for part in kept if part]


def _json_list(cell: Cell, text: str) -> list[str]:
    try:
        parts = orjson.loads(text)
    except orjson.JSONDecodeError:
        parts = None
    if not isinstance(parts, list) or not all(isinstance(p, str | int) and not isinstance(p, bool) for p in parts):
        raise BadCellError(_column(cell), text, 'is not a JSON list of texts, for example ["a", "b"]')
    return [str(part) for part in parts]


def _key(cell: Cell | str, row: Row) -> str:
    return _parsed(values.key, cell, _needed(cell, row))


def _needed(cell: Cell | str, row: Row) -> str:
    if text := _text(cell, row):
        return text
    raise BadCellError(_column(cell), "", "is empty")


def _text(cell: Cell | str, row: Row) -> str:
    """The text of a cell; a plain name is a column."""
    column = cell if isinstance(cell, str) else cell.column
    if column is None:
        return str(cell.constant) if isinstance(cell, Cell) else ""
    return row.values.get(column, "").strip()


def _column(cell: Cell | str) -> str:
    return cell if isinstance(cell, str) else cell.column or ""


def _parsed(parse: Callable[[str], V], cell: Cell | str, text: str) -> V:
    try:
        return parse(text)
    except ValueError as error:
        raise BadCellError(_column(cell), text, str(error)) from error
