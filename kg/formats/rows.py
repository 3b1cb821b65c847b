"""Rows into blocks: cells as columns, checked column by column, and looked at one by one only where one is bad."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from kg.blocks import ROWS, Block
from kg.formats.encoding import lone, readable, shown
from kg.formats.limits import CHUNK, MAX_CELLS, MAX_COLUMNS, MAX_LINE
from kg.triples import Refusal


class Row(NamedTuple):
    """A row of a format whose rows name their own columns; `line` is its line, or its ordinal from 1."""

    line: int
    cells: Mapping[str, str]


def refused_line(file: str, line: int, text: str, rule: str, reason: str) -> Refusal:
    """A record that could not be read as a row."""
    return Refusal(file, line, "", shown(text.rstrip("\r\n")), reason, rule)


def checked(
    file: str,
    columns: Mapping[str, Sequence[str]],
    lines: Sequence[int],
    refused: Sequence[Refusal] = (),
    encoding: str = "utf-8",
) -> Block:
    """A block without the rows that no graph could hold, which it refuses: NUL, what is no text, or long."""
    bad: dict[int, Refusal] = {}
    for name, texts in columns.items():
        joined = "".join(texts)
        if "\0" not in joined and lone(joined) < 0 and len(joined) <= MAX_LINE:
            continue
        for i, text in enumerate(texts):
            if i not in bad and (found := _unusable(text, encoding)):
                row = {readable(n): readable(t[i]) for n, t in columns.items()}
                bad[i] = Refusal(file, lines[i], readable(name), shown(text), found[1], found[0], row)
    if not bad:
        return Block(file, columns, lines, refused)
    good = [i for i in range(len(lines)) if i not in bad]
    kept = {name: [texts[i] for i in good] for name, texts in columns.items()}
    both = sorted([*refused, *bad.values()], key=lambda refusal: refusal.line)
    return Block(file, kept, [lines[i] for i in good], both)


def _unusable(text: str, encoding: str) -> tuple[str, str] | None:
    """The rule that a cell breaks, and the reason."""
    if len(text) > MAX_LINE:
        return "cell-too-long", f"is longer than {MAX_LINE} characters"
    if "\0" in text:
        return "nul-character", "has a NUL character"
    if (place := lone(text)) < 0:
        return None
    if encoding == "utf-8":
        return "not-utf8", f"is not UTF-8 (character {place + 1}); save the file as UTF-8, or give its encoding"
    return "not-in-encoding", f"is not {encoding} (character {place + 1}); give the right encoding"


def block_of(file: str, rows: Sequence[Row], refused: Sequence[Refusal] = ()) -> Block:
    """Rows as columns, in the order in which they first appear."""
    names = dict.fromkeys(chain.from_iterable(row.cells for row in rows))
    columns = {name: [row.cells.get(name, "") for row in rows] for name in names}
    return checked(file, columns, [row.line for row in rows], refused)


def blocks_of(file: str, records: Iterable[Row | Refusal]) -> Iterator[Block]:
    """Records as blocks. A block ends early where its rows are long or name ever new columns."""
    rows: list[Row] = []
    refused: list[Refusal] = []
    names: set[str] = set()
    size = 0
    for record in records:
        if isinstance(record, Refusal):
            refused.append(record)
        elif len(record.cells) > MAX_COLUMNS:
            refused.append(_too_many_columns(file, record))
        else:
            rows.append(record)
            names.update(record.cells)
            size += sum(map(len, record.cells.values()))
        full = len(rows) + len(refused) >= ROWS or size > CHUNK or len(rows) * len(names) > MAX_CELLS
        if full:
            yield block_of(file, rows, refused)
            rows, refused, size = [], [], 0
            names.clear()
    if rows or refused:
        yield block_of(file, rows, refused)


def _too_many_columns(file: str, row: Row) -> Refusal:
    """A record with more cells than a file may have columns."""
    reason = f"has {len(row.cells)} columns; {MAX_COLUMNS} are allowed"
    return Refusal(file, row.line, "", shown(next(iter(row.cells))), reason, "too-many-columns")
