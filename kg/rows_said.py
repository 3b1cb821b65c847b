"""What the rows of a block say by one rule: its entities, triples and interactions, column by column."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain, compress, repeat
from typing import Any, TypeVar, cast

import orjson

from kg.blocks import Block, EntityColumns, InteractionColumns, Origin, Said, TripleColumns
from kg.cells import BadCell, Cells, Keys, name
from kg.conversions import Lookups, number_parser, value_parser
from kg.cypher import Kind
from kg.mapping import ChosenRelation, EntityRule, InteractionRule, Reference, RowRule, TripleRule
from kg.triples import Ref
from ontology.model import Ontology

T = TypeVar("T")
C = TypeVar("C", EntityColumns, TripleColumns, InteractionColumns)
Rows = Sequence[int]


@dataclass(frozen=True)
class Reading:
    """What is the same for all rules of a file: the ontology, the tables looked up, the sign before decimals."""

    ontology: Ontology
    lookups: Lookups
    decimal: str


def rows_said(rule: RowRule, block: Block, reading: Reading) -> Said:
    """What the rows of a block say, whether its `when` fits them or not."""
    cells = Cells(block, reading.lookups)
    found = Said()
    if rule.entity:
        found.entities.append(_entity(rule.entity, cells, reading))
    for triple_rule in rule.triples:
        _add_triples(found, triple_rule, triple_rule.head or found.entities[0], cells)
    for interaction_rule in rule.interactions:
        found.interactions.extend(_interactions(interaction_rule, cells, reading))
    if not (rule.entity or rule.interactions):
        _refuse_silent(rule, found, cells)
    if not cells.bad:
        return found
    return Said(
        [without(columns, cells.bad) for columns in found.entities],
        [without(columns, cells.bad) for columns in found.triples],
        [without(columns, cells.bad) for columns in found.interactions],
        cells.refusals(),
    )


def interaction_id(user: Ref, relation: str, item: Ref, at: int) -> str:
    """32 hex digits that are the same for the same user, relation, item and millisecond, whatever the value.

    So a corrected value replaces the old one.
    """
    return blake2b(orjson.dumps([*user, relation, *item, at]), digest_size=16).hexdigest()


def _entity(rule: EntityRule, cells: Cells, reading: Reading) -> EntityColumns:
    datatypes = {named: reading.ontology.properties[named].datatype for named in rule.properties}
    properties = {
        named: cells.values(cell, value_parser(cell, datatypes[named], reading.decimal))
        for named, cell in rule.properties.items()
    }
    keys = cells.needed_keys(rule.key)
    return EntityColumns(rule.cls, keys, properties, cells.origin(cells.rows))


def _add_triples(found: Said, rule: TripleRule, head: Reference | EntityColumns, cells: Cells) -> None:
    """Add what a rule says, and the entities that it makes on the way. A row whose tail is empty says nothing."""
    tails = cells.keys_of(rule.tail, cells.rows)
    rows = cells.rows if all(tails) else [i for i, tail in enumerate(tails) if tail]
    heads = head.keys if isinstance(head, EntityColumns) else cells.keys_of(head, rows)
    if isinstance(head, Reference):
        reason = "is empty, but the row names something to join it with"
        cells.need(heads, rows, BadCell(name(head.key), "", "missing-key", reason))
    relations = _relations(rule.relation, cells, rows)
    for reference, keys in ((head, heads), (rule.tail, tails)):
        if isinstance(reference, Reference) and reference.create:
            found.entities.append(_made(reference.cls, keys, rows, cells))
    since, until = _interval(rule, cells, rows)
    named_in = (name(head.key) if isinstance(head, Reference) else "", name(rule.tail.key))
    for relation, its_rows in relations.items():
        its_heads, its_tails, from_rows = _pairs(heads, tails, its_rows, cells)
        begin, end = (column and cells.of(column, from_rows) for column in (since, until))
        kind = Kind(head.cls, relation, rule.tail.cls)
        origin, owned = cells.origin(from_rows), isinstance(head, EntityColumns)
        found.triples.append(TripleColumns(kind, its_heads, its_tails, origin, named_in, begin, end, owned))


def _interval(rule: TripleRule, cells: Cells, rows: Rows) -> list[Sequence[int | None] | None]:
    """When the triples of these rows hold: since, until."""
    since = cells.times(rule.since, rows) if rule.since else None
    until = cells.times(rule.until, rows) if rule.until else None
    if rule.until and since and until:
        ends = cells.column(rule.until.column)
        for i in rows:
            begin, end = since[i], until[i]
            if begin is not None and end is not None and end < begin:
                reason = "is before the time since when it holds"
                cells.refuse([i], BadCell(rule.until.column, ends[i], "ends-before-it-begins", reason))
    return [since, until]


def _made(cls: str, keys: Keys, rows: Rows, cells: Cells) -> EntityColumns:
    """The entities that a reference names."""
    lists = _lists(keys)
    origin = cells.origin([i for i in rows for _ in lists[i]])
    return EntityColumns(cls, list(chain.from_iterable(lists[i] for i in rows)), {}, origin, described=False)


def _pairs(heads: Keys, tails: Keys, rows: Rows, cells: Cells) -> tuple[Sequence[str], Sequence[str], Rows]:
    """Each head of a row with each tail of it, and the row of each."""
    if all(isinstance(keys[0], str) for keys in (heads, tails) if keys):
        one_each = [cells.of(cast(Sequence[str], keys), rows) for keys in (heads, tails)]
        return one_each[0], one_each[1], rows
    ends = zip(rows, cells.of(_lists(heads), rows), cells.of(_lists(tails), rows), strict=True)
    pairs = [(i, head, tail) for i, its_heads, its_tails in ends for head in its_heads for tail in its_tails]
    return [head for _, head, _ in pairs], [tail for _, _, tail in pairs], [i for i, _, _ in pairs]


def _lists(keys: Keys) -> list[tuple[str, ...]]:
    return [(key,) if isinstance(key, str) else key for key in keys]


def _interactions(rule: InteractionRule, cells: Cells, reading: Reading) -> Iterator[InteractionColumns]:
    users, items = (cells.needed_keys(ref.key) for ref in (rule.user, rule.item))
    relations = _relations(rule.relation, cells, cells.rows)
    amounts = cells.needed(rule.value, number_parser(rule.value, reading.decimal), "missing-value")
    at = cells.times(rule.at, cells.rows)
    cells.need(at, cells.rows, BadCell(rule.at.column, "", "missing-time", "is empty, and every row needs one"))
    ids = cells.needed_keys(rule.id) if rule.id else None
    named_in = (name(rule.user.key), name(rule.item.key))
    for relation, rows in relations.items():
        kind = Kind(rule.user.cls, relation, rule.item.cls)
        its = (cells.of(users, rows), cells.of(items, rows))
        its_at = cells.of(cast(Sequence[int], at), rows)
        its_ids = cells.of(ids, rows) if ids else _ids(kind, *its, its_at)
        yield InteractionColumns(kind, its_ids, *its, cells.of(amounts, rows), its_at, cells.origin(rows), named_in)


def _ids(kind: Kind, users: Sequence[str], items: Sequence[str], at: Sequence[int]) -> list[str]:
    relation = kind.relation
    refs = zip(map(Ref, repeat(kind.head), users), map(Ref, repeat(kind.tail), items), at, strict=True)
    return [interaction_id(user, relation, item, time) for user, item, time in refs]


def _relations(relation: str | ChosenRelation, cells: Cells, rows: Rows) -> Mapping[str, Rows]:
    """Relation -> those of the rows that have it."""
    if isinstance(relation, str):
        return {relation: rows} if rows else {}
    texts = cells.column(relation.column)
    saying: dict[str, list[int]] = defaultdict(list)
    for i in rows:
        saying[texts[i]].append(i)
    found: dict[str, list[int]] = defaultdict(list)
    for text, its_rows in saying.items():
        if text in relation.values:
            found[relation.values[text]] += its_rows
        else:
            reason = f"chooses no relation here; what it may be: {', '.join(relation.values)}"
            cells.refuse(its_rows, BadCell(relation.column, text, "unknown-relation", reason))
    return {name: sorted(its_rows) for name, its_rows in found.items()}


def _refuse_silent(rule: RowRule, found: Said, cells: Cells) -> None:
    """Refuse the rows that say nothing at all."""
    saying = set(chain.from_iterable(columns.origin.rows for columns in found.triples))
    if len(saying) < len(cells.rows):
        tails = ", ".join(sorted({name(r.tail.key) for r in rule.triples}))
        reason = "says nothing: no column that it could name something with is filled"
        cells.refuse([i for i in cells.rows if i not in saying], BadCell(tails, "", "says-nothing", reason))


def without(columns: C, bad: Container[int]) -> C:
    """The columns without the bad rows."""
    kept = [row not in bad for row in columns.origin.rows]
    if all(kept):
        return columns

    def of(column: Iterable[T]) -> list[T]:
        return list(compress(column, kept))

    found = {name: getattr(columns, name, None) for name in _BY_ROW}
    changed: dict[str, Any] = {name: of(column) for name, column in found.items() if column is not None}
    if isinstance(columns, EntityColumns):
        changed["properties"] = {name: of(column) for name, column in columns.properties.items()}
    origin = columns.origin
    return replace(columns, **changed, origin=Origin(origin.file, of(origin.lines), of(origin.rows)))


_BY_ROW = ("keys", "heads", "tails", "since", "until", "ids", "users", "items", "values", "at")
