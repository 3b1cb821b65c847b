"""What a row says, found out in the plainest way: one row at a time. `kg.statements.said` has to agree."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

from kg import values
from kg.blocks import Block, Said
from kg.formats.encoding import shown
from kg.mapping import ChosenRelation, FileRule, InteractionRule, Reference, RowRule, TripleRule
from kg.mapping_cells import Cell, Time
from kg.statements import interaction_id
from kg.triples import Ref, Value
from ontology.model import Ontology

Statement = tuple[object, ...]


class Bad(Exception):  # noqa: N818
    pass


TABLE = {"1": "one", "x": " y ", "y": "", "77": "long" * 200}
"""What every lookup of the tests finds."""


def by_row(rule: FileRule, block: Block, ontology: Ontology) -> tuple[list[Statement], list[Statement]]:
    """What is said, and what is refused: (line, column, value, rule)."""
    said: list[Statement] = []
    refused: list[Statement] = []
    for i, line in enumerate(block.lines):
        try:
            said += [(line, *statement) for statement in _file_row(rule, block.row(i), ontology)]
        except Bad as bad:
            column, value, broken = bad.args
            refused.append((line, column, shown(value), broken))
    return sorted(said, key=repr), refused


def flat(found: Said) -> tuple[list[Statement], list[Statement]]:
    """The same of what `said` gives; keeps the promise that every column has one element a row."""
    said: list[Statement] = []
    for e in found.entities:
        for i, (line, key) in enumerate(zip(e.origin.lines, e.keys, strict=True)):
            properties = {name: column[i] for name, column in e.properties.items() if column[i] is not None}
            said.append((line, "entity", e.cls, key, properties))
    for t in found.triples:
        nothing = [None] * len(t.heads)
        for line, head, tail, *when in zip(
            t.origin.lines, t.heads, t.tails, t.since or nothing, t.until or nothing, strict=True
        ):
            said.append((line, "triple", *t.kind, head, tail, *when))
    for x in found.interactions:
        columns = (x.origin.lines, x.ids, x.users, x.items, x.values, x.at)
        said += [(line, "interaction", *x.kind, *rest) for line, *rest in zip(*columns, strict=True)]
    return sorted(said, key=repr), [(r.line, r.column, r.value, r.rule) for r in found.refused]


def _file_row(rule: FileRule, row: dict[str, str], ontology: Ontology) -> list[Statement]:
    if rule.unknown_columns == "refuse":
        for name, text in row.items():
            if text.strip() and name not in rule.columns:
                raise Bad(name, text, "unknown-column")
    rules = rule.rules or [rule]
    for row_rule in rules:
        wanted = [(column, [t] if isinstance(t, str) else t) for column, t in row_rule.when.items()]
        if all(row.get(column, "").strip() in texts for column, texts in wanted):
            return _row(row_rule, row, ontology, rule.decimal) if row_rule.says_something else []
    column = next(column for row_rule in rules for column in row_rule.when)
    raise Bad(column, row.get(column, ""), "no-rule")


def _row(rule: RowRule, row: dict[str, str], ontology: Ontology, decimal: str) -> list[Statement]:
    said: list[Statement] = []
    key = ""
    if rule.entity:
        properties = {}
        for name, cell in rule.entity.properties.items():
            value = _value(cell, row, ontology.properties[name].datatype, decimal)
            if value is not None:
                properties[name] = value
        key = _key(rule.entity.key, row)
        said.append(("entity", rule.entity.cls, key, properties))
    for triple in rule.triples:
        if tails := _keys(triple.tail, row):
            said += _triples(triple, triple.head or Ref(rule.entity.cls, key), tails, row)
    said += [_interaction(x, row, decimal) for x in rule.interactions]
    if not said:
        raise Bad(", ".join(sorted({_column(t.tail.key) for t in rule.triples})), "", "says-nothing")
    return said


def _triples(rule: TripleRule, head: Reference | Ref, tails: list[str], row: dict[str, str]) -> list[Statement]:
    heads = _keys(head, row) if isinstance(head, Reference) else [head.key]
    if not heads:
        raise Bad(_column(head.key), "", "missing-key")
    relation = _relation(rule.relation, row)
    since, until = _time(rule.since, row), _time(rule.until, row)
    if since is not None and until is not None and until < since:
        raise Bad(rule.until.column, row[rule.until.column].strip(), "ends-before-it-begins")
    said = [("entity", head.cls, k, {}) for k in heads if getattr(head, "create", False)]
    said += [("entity", rule.tail.cls, k, {}) for k in tails if rule.tail.create]
    return said + [("triple", head.cls, relation, rule.tail.cls, h, t, since, until) for h in heads for t in tails]


def _interaction(rule: InteractionRule, row: dict[str, str], decimal: str) -> Statement:
    user, item = Ref(rule.user.cls, _key(rule.user.key, row)), Ref(rule.item.cls, _key(rule.item.key, row))
    relation = _relation(rule.relation, row)
    value = _value(rule.value, row, "number", decimal)
    if value is None:
        raise Bad(_column(rule.value), "", "missing-value")
    at = _time(rule.at, row)
    if at is None:
        raise Bad(rule.at.column, "", "missing-time")
    id_ = _key(rule.id, row) if rule.id else interaction_id(user, relation, item, at)
    return ("interaction", user.cls, relation, item.cls, id_, user.key, item.key, value, at)


def _relation(relation: str | ChosenRelation, row: dict[str, str]) -> str:
    if isinstance(relation, str):
        return relation
    text = row.get(relation.column, "").strip()
    if text not in relation.values:
        raise Bad(relation.column, text, "unknown-relation")
    return relation.values[text]


def _keys(reference: Reference, row: dict[str, str]) -> list[str]:
    text = _text(reference.key, row)
    parts = [text]
    if text and reference.split == "json" and text.lstrip()[0] in "[{":
        try:
            parts = json.loads(text)
        except ValueError:
            parts = None
        if not isinstance(parts, list) or any(type(part) not in (str, int) for part in parts):
            raise Bad(_column(reference.key), text, "not-a-json-list")
    elif text and reference.split and reference.split != "json":
        parts = text.split(reference.split)
    kept = {_converted(reference.key, part): None for part in map(str.strip, map(str, parts)) if part}
    for key in kept:
        if len(key) > 500:
            raise Bad(_column(reference.key), key, "key-too-long")
    return [key for key in kept if key]


def _key(cell: Cell, row: dict[str, str]) -> str:
    for key in _keys(Reference.model_validate({"class": "C", "key": cell}), row):
        return key
    raise Bad(_column(cell), "", "missing-key")


def _value(cell: Cell, row: dict[str, str], datatype: str, decimal: str) -> Value | None:
    if not (text := _text(cell, row)) or not (found := _converted(cell, text)):
        return None
    try:
        if datatype == "number":
            if (cell.decimal or decimal) == ",":
                found = _comma(found)
            number = values.number(found)
            return number if cell.factor is None else float(Decimal(found) * Decimal(str(cell.factor)))
        if datatype == "date":
            return _instant(found, cell.unit, cell.format)
        return values.PROPERTY[datatype](found)
    except values.WrongValueError as error:
        raise Bad(_column(cell), text, error.rule) from error


def _comma(text: str) -> str:
    if re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,.*)?", text):
        text = text.replace(".", "")
    if "." in text:
        raise values.WrongValueError("not-a-number", "has a point")
    return text.replace(",", ".")


def _time(time: Time | None, row: dict[str, str]) -> int | None:
    text = row.get(time.column, "").strip() if time else ""
    if not time or not text:
        return None
    try:
        return _instant(text, time.unit, time.format)
    except values.WrongValueError as error:
        raise Bad(time.column, text, error.rule) from error


def _instant(text: str, unit: str | None, written: str | None) -> int:
    if not written:
        return values.TIME[unit or "iso"](text)
    try:
        return round(datetime.strptime(text, written).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError as error:
        raise values.WrongValueError("not-a-time", "is not") from error


def _converted(cell: Cell, text: str) -> str:
    found = text
    for rule, table in (("not-in-lookup", cell.lookup and TABLE), ("", cell.pattern), ("not-in-values", cell.values)):
        if table and found and isinstance(table, str):
            match = re.fullmatch(table, found)
            if not match:
                raise Bad(_column(cell), text, "no-pattern-match")
            found = (match[match.re.groups] or "").strip()
        elif table and found:
            if found not in table:
                raise Bad(_column(cell), text, rule)
            found = table[found].strip()
    return found


def _text(cell: Cell, row: dict[str, str]) -> str:
    if cell.template is not None:
        texts = {column: row.get(column, "").strip() for column in cell.columns}
        filled = all(texts.values())
        return re.sub(r"\{([^{}]+)\}", lambda m: texts[m[1]], cell.template) if filled else ""
    if cell.constant is not None:
        return str(cell.constant)
    return row.get(_column(cell), "").strip()


def _column(cell: Cell) -> str:
    return ", ".join(cell.columns)
