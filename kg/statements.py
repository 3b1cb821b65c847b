"""What the rows of a block say, by the rules of the mapping for their file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from kg.blocks import Block, EntityColumns, InteractionColumns, Said, TripleColumns
from kg.cells import json_list
from kg.check import unknown_columns
from kg.conversions import Lookups
from kg.formats.encoding import shown
from kg.lookups import contradicting
from kg.mapping import FileRule, RowRule
from kg.rows_said import Reading, interaction_id, rows_said
from kg.triples import Refusal
from kg.values import WrongValueError
from ontology.model import Ontology

__all__ = ["fitted", "interaction_id", "said"]

C = TypeVar("C", EntityColumns, TripleColumns, InteractionColumns)
Rows = Sequence[int]


def said(rule: FileRule, block: Block, ontology: Ontology, lookups: Lookups | None = None) -> Said:
    """What the rows of a block say. A row with one bad cell is refused as a whole: half an entity is never loaded.

    The rule must have passed `kg.check.check_mapping`; `lookups` are those of `kg.lookups.load_lookups`. A row that
    fits a rule with `skip` says nothing. What the reader refused (`block.refused`) is not repeated.
    """
    reading = Reading(ontology, lookups or {}, rule.decimal)
    found = Said()
    left = _refuse_second(rule, block, reading.lookups, _refuse_unknown(rule, block, found), found)
    for row_rule in rule.row_rules:
        rows = _fitting(row_rule, block, left)
        if len(rows) == len(block.lines):
            return _one_rule(row_rule, block, reading)
        if rows:
            taken = set(rows)
            left = [i for i in left if i not in taken]
            _add(found, _one_rule(row_rule, block.part(rows), reading), rows)
    _refuse_left(rule, block, left, found)
    return replace(found, refused=sorted(found.refused, key=lambda refusal: refusal.line))


def fitted(rule: FileRule, block: Block) -> Iterator[tuple[RowRule, Rows]]:
    """The rules of a file with the rows of a block that each of them takes."""
    left: Rows = range(len(block.lines))
    for row_rule in rule.row_rules:
        if rows := _fitting(row_rule, block, left):
            taken = set(rows)
            left = [i for i in left if i not in taken] if len(rows) < len(left) else []
            yield row_rule, rows


def _one_rule(rule: RowRule, block: Block, reading: Reading) -> Said:
    return rows_said(rule, block, reading) if rule.says_something else Said()


def _fitting(rule: RowRule, block: Block, rows: Rows) -> Rows:
    """Those of the rows whose columns say what the rule wants."""
    for column, wanted in rule.when.items():
        texts = block.columns.get(column)
        one_of = {wanted} if isinstance(wanted, str) else set(wanted)
        rows = [i for i in rows if _says(texts[i].strip() if texts else "", one_of)]
    return rows


def _says(text: str, one_of: set[str]) -> bool:
    """Whether a cell, or a text of the JSON list in it, is one of these."""
    try:
        return text in one_of or (text.startswith("[") and not one_of.isdisjoint(json_list(text)))
    except WrongValueError:
        return False


def _add(found: Said, part: Said, rows: Rows) -> None:
    """Add what some rows say; their positions become those in the whole block."""
    found.entities.extend(_at(columns, rows) for columns in part.entities)
    found.triples.extend(_at(columns, rows) for columns in part.triples)
    found.interactions.extend(_at(columns, rows) for columns in part.interactions)
    found.refused.extend(part.refused)


def _at(columns: C, rows: Rows) -> C:
    origin = columns.origin
    return replace(columns, origin=origin._replace(rows=[rows[i] for i in origin.rows]))


def _refuse_unknown(rule: FileRule, block: Block, found: Said) -> Rows:
    """Refuse the rows that fill a column which no rule reads, where the mapping says so; give the others."""
    rows = range(len(block.lines))
    unknown = unknown_columns(rule, block.columns) if rule.unknown_columns == "refuse" else ()
    if not any(any(block.columns[column]) for column in unknown):
        return rows
    left = []
    for i in rows:
        column = next((c for c in unknown if block.columns[c][i].strip()), None)
        if column is None:
            left.append(i)
        else:
            reason = "stands in a column that the mapping does not read; name it there, or set unknown_columns: ignore"
            found.refused.append(_refusal(block, i, column, "unknown-column", reason))
    return left


def _refuse_second(rule: FileRule, block: Block, lookups: Lookups, rows: Rows, found: Said) -> Rows:
    """Refuse the rows that say a second thing of a key which is looked up here; give the others."""
    for lookup in rule.looked_up:
        second = set(contradicting(block, lookup, lookups.get(lookup, {})))
        for i in second.intersection(rows):
            key = block.columns[lookup.key][i].strip()
            there = f"{lookup.key} {shown(key)!r} has {shown(lookups[lookup][key])!r} already"
            reason = f"{there}, and a key that is looked up says one thing; keep one of the rows"
            found.refused.append(_refusal(block, i, lookup.column, "second-text-of-a-key", reason))
        if second:
            rows = [i for i in rows if i not in second]
    return rows


def _refuse_left(rule: FileRule, block: Block, rows: Rows, found: Said) -> None:
    """Refuse the rows that no rule takes."""
    columns = list(dict.fromkeys(column for row_rule in rule.row_rules for column in row_rule.when))
    for i in rows:
        reason = f"fits no rule of the mapping; {_wanted(rule, columns[0])}"
        found.refused.append(_refusal(block, i, columns[0], "no-rule", reason))


def _wanted(rule: FileRule, column: str) -> str:
    wanted = [row_rule.when[column] for row_rule in rule.row_rules if column in row_rule.when]
    texts = [text for texts in wanted for text in ([texts] if isinstance(texts, str) else texts)]
    return f"{column} may be {', '.join(map(repr, dict.fromkeys(texts)))}"


def _refusal(block: Block, row: int, column: str, rule: str, reason: str) -> Refusal:
    cells = block.row(row)
    return Refusal(block.file, block.lines[row], column, shown(cells.get(column, "")), reason, rule, cells)
