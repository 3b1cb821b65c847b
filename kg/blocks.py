"""Rows by the thousand, column by column: what readers give, and what the rows say.

Every list in one of these has one element a row. Working on columns is what lets a load check everything and
still be limited by the database alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kg.cypher import Kind
from kg.triples import Refusal, Value

ROWS = 10_000
"""Rows of one block, at most."""


@dataclass(frozen=True)
class Block:
    """Rows of one file: column name -> the text of each row, "" where it has none; `lines` are their numbers from 1.

    `refused` are the records between them that could not be read as rows.
    """

    file: str
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    refused: Sequence[Refusal] = ()

    def row(self, i: int) -> dict[str, str]:
        """One row, column name -> text."""
        return {name: texts[i] for name, texts in self.columns.items()}

    def part(self, rows: Sequence[int]) -> "Block":
        """Some of its rows, and nothing of what was refused."""
        if len(rows) == len(self.lines):
            return Block(self.file, self.columns, self.lines)
        columns = {name: [texts[i] for i in rows] for name, texts in self.columns.items()}
        return Block(self.file, columns, [self.lines[i] for i in rows])


class Origin(NamedTuple):
    """Where statements come from: for each, the row's position in its block, so that a refusal can name its cell."""

    file: str
    lines: Sequence[int]
    rows: Sequence[int]


@dataclass(frozen=True)
class EntityColumns:
    """Entities of one class. A property that a row does not give is None.

    Those that rows only name (`described` is false) are made where they are missing, and stay as they are.
    """

    cls: str
    keys: Sequence[str]
    properties: Mapping[str, Sequence[Value | None]]
    origin: Origin
    described: bool = True


@dataclass(frozen=True)
class TripleColumns:
    """Triples of one kind; `named_in` are the columns that name the heads and the tails ("" for a constant).

    `since` and `until` say when each holds, in epoch milliseconds; None where it is not known, or of all. `owned`
    triples are said by the row of their head, so they go when that row says something else.
    """

    kind: Kind
    heads: Sequence[str]
    tails: Sequence[str]
    origin: Origin
    named_in: tuple[str, str] = ("", "")
    since: Sequence[int | None] | None = None
    until: Sequence[int | None] | None = None
    owned: bool = False


@dataclass(frozen=True)
class InteractionColumns:
    """Interactions of one kind; `at` in epoch milliseconds."""

    kind: Kind
    ids: Sequence[str]
    users: Sequence[str]
    items: Sequence[str]
    values: Sequence[float]
    at: Sequence[int]
    origin: Origin
    named_in: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Said:
    """What the rows of a block say. A row stands in `refused`, or in all that it says, or it says nothing."""

    entities: list[EntityColumns] = field(default_factory=list)
    triples: list[TripleColumns] = field(default_factory=list)
    interactions: list[InteractionColumns] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
