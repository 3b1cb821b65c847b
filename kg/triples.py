"""The nouns of the way in: a catalog row, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Value = str | int | float | bool
"""A property's value. Times are epoch milliseconds (int)."""


@dataclass(frozen=True)
class Row:
    """One line of a catalog file: column name -> text, with its file and line number (from 1)."""

    values: Mapping[str, str]
    file: str
    line: int


@dataclass(frozen=True)
class Entity:
    """A thing in the graph, identified by its class and key."""

    cls: str
    key: str
    properties: Mapping[str, Value] = field(default_factory=dict)


class Ref(NamedTuple):
    """Names an entity by its class and key."""

    cls: str
    key: str


@dataclass(frozen=True)
class Triple:
    """A statement: head, relation, tail."""

    head: Ref
    relation: str
    tail: Ref


@dataclass(frozen=True)
class Interaction:
    """What a user did with an item: `relation` is its kind, `at` epoch milliseconds, `id` makes it idempotent."""

    id: str
    user: Ref
    relation: str
    item: Ref
    value: float
    at: int


@dataclass(frozen=True)
class Refusal:
    """A row, or a part of one, that was not loaded, and why.

    `rule` is the rule it breaks, in one hyphenated word such as `not-a-number`; `reason` says what was found and what
    would work. `row` is the row's cells, None where the line could not be read as a row.
    """

    file: str
    line: int
    column: str
    value: str
    reason: str
    rule: str = ""
    row: Mapping[str, str] | None = None
