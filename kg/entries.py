"""What the journal holds, events and edits in one order, as rows of SQLite and back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from kg.triples import Interaction, Ref, Value
from ontology.errors import InputError

Op = Literal["put", "patch", "delete"]
INT64 = 2**63
"""Integers of SQLite and of graph stores are smaller than this."""

Record = tuple[object, ...]


@dataclass(frozen=True)
class Edit:
    """A change of one item, at `at` epoch milliseconds; `id` makes it idempotent.

    `put`: the item is what `properties` and `relations` (relation -> tails) say, and nothing else. `patch`: a property
    that is None goes, others are set; each relation that is named has these tails, and no others. `delete`: it is gone.
    """

    id: str
    op: Op
    item: Ref
    properties: Mapping[str, Value | None] = field(default_factory=dict)
    relations: Mapping[str, tuple[Ref, ...]] = field(default_factory=dict)
    at: int = 0


Entry = Interaction | Edit

APPEND_EVENT = """
INSERT INTO event (id, user_class, user_key, relation, item_class, item_key, value, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
"""
APPEND_EDIT = """
INSERT INTO edit (seq, id, op, item_class, item_key, said, at)
VALUES ((SELECT 1 + max(coalesce((SELECT max(seq) FROM edit), 0), seq) FROM sqlite_sequence WHERE name = 'event'),
        ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
"""
EDITED_AFTER = "SELECT 1 FROM edit WHERE seq > ? AND item_key = ? LIMIT 1"
GO_ON_AFTER_EDITS = """
UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(seq), 0) FROM edit)) WHERE name = 'event'
"""
"""Events and edits are numbered in one series: the next event comes after the last edit."""
SINCE = """
SELECT seq, 'event', id, user_class, user_key, relation, item_class, item_key, value, at FROM event WHERE seq > ?1
UNION ALL
SELECT seq, op, id, '', '', '', item_class, item_key, said, at FROM edit WHERE seq > ?1
ORDER BY seq LIMIT ?2
"""
LAST = "SELECT max(coalesce((SELECT max(seq) FROM event), 0), coalesce((SELECT max(seq) FROM edit), 0))"


def event_record(event: Interaction) -> Record:
    """The values of APPEND_EVENT. Raises InputError for what cannot be stored."""
    if not math.isfinite(event.value):
        raise InputError(f"event {event.id!r}: value {event.value} is not a finite number")
    return (event.id, *event.user, event.relation, *event.item, event.value, _time(f"event {event.id!r}", event.at))


def edit_record(edit: Edit) -> Record:
    """The values of APPEND_EDIT. Raises InputError for what cannot be stored."""
    for name, value in edit.properties.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"edit of {edit.item.key!r}: {name} {value} is not a finite number")
        if isinstance(value, int) and not -INT64 <= value < INT64:
            raise InputError(f"edit of {edit.item.key!r}: {name} {value} is not an integer of 64 bits")
    relations = {name: [list(tail) for tail in tails] for name, tails in edit.relations.items()}
    try:
        said = orjson.dumps({"properties": dict(edit.properties), "relations": relations}).decode()
    except TypeError as error:  # half a character, or no value at all
        raise InputError(f"edit of {edit.item.key!r}: {error}") from error
    return (edit.id, edit.op, *edit.item, said, _time(f"edit of {edit.item.key!r}", edit.at))


def entry(record: tuple[Any, ...]) -> Entry:
    """A row of SINCE, without its number."""
    kind, id_, user_class, user_key, relation, item_class, item_key, value, at = record
    item = Ref(item_class, item_key)
    if kind == "event":
        return Interaction(id_, Ref(user_class, user_key), relation, item, value, at)
    said = orjson.loads(value)
    relations = {name: tuple(Ref(*tail) for tail in tails) for name, tails in said["relations"].items()}
    return Edit(id_, kind, item, said["properties"], relations, at)


def _time(what: str, at: int) -> int:
    if not -INT64 <= at < INT64:
        raise InputError(f"{what}: at {at} is not a time in epoch milliseconds")
    return at
