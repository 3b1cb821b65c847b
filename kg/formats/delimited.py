"""CSV and TSV. A record that is none costs its own line alone: the lines after it are read again."""

import csv
from collections.abc import Iterator, Sequence

from kg.blocks import Block
from kg.formats.dialect import Dialect
from kg.formats.encoding import lone
from kg.formats.limits import MAX_CELL, MAX_COLUMNS, MAX_LINE, MAX_RECORD_LINES
from kg.formats.lines import TOO_LONG, line_chunks
from kg.formats.records import Records
from kg.formats.rows import checked
from kg.formats.source import Input
from ontology.errors import InputError


def read_delimited(source: Input, dialect: Dialect) -> Iterator[Block]:
    """The rows of a table. Raises InputError where it cannot be read at all."""
    chunks = line_chunks(source, dialect.encoding)
    lines = next(chunks, [])
    names, used = _header(source.name, lines, dialect)
    table = _Table(source.name, names, dialect)
    rest, line = lines[used:], 1 + used
    following = next(chunks, None)
    while following is not None:
        block, left = table.read(rest, line, last=False)
        yield block
        line += len(rest) - len(left)
        rest, following = left + following, next(chunks, None)
    block, _ = table.read(rest, line, last=True)
    yield block


def header_of(source: Input, dialect: Dialect) -> tuple[str, ...]:
    """The names of the columns. Raises InputError."""
    return _header(source.name, next(line_chunks(source, dialect.encoding), []), dialect)[0]


def _header(file: str, lines: Sequence[str], dialect: Dialect) -> tuple[tuple[str, ...], int]:
    """The names of the columns, and how many lines they take."""
    reader = dialect.reader(line + "\n" for line in lines[:MAX_RECORD_LINES])
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise InputError(f"{file}, line 1: the header cannot be read: {error}") from error
    if not header:
        raise InputError(f"{file} has no header; its first line has to name the columns")
    names = tuple(name.strip() for name in header)
    if any(TOO_LONG in name for name in names):
        raise InputError(f"{file}, line 1: the header has a NUL character, or is longer than {MAX_LINE} characters")
    if any(lone(name) >= 0 for name in names):
        where = (
            "UTF-8; save the file as UTF-8, or give its encoding" if dialect.encoding == "utf-8" else dialect.encoding
        )
        raise InputError(f"{file}, line 1: the header is not {where}")
    if len(names) > MAX_COLUMNS:
        raise InputError(f"{file}, line 1: the header has {len(names)} columns; {MAX_COLUMNS} are allowed")
    _check_distinct(file, names)
    return names, reader.line_num


def _check_distinct(file: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not name or name in seen:
            found = f"names {name!r} twice" if name else "has a column without a name"
            raise InputError(f"{file}, line 1: the header {found}")
        seen.add(name)


class _Table:
    """Reads chunks of lines of one table: at once where they are clean, record by record where they are not."""

    def __init__(self, file: str, names: tuple[str, ...], dialect: Dialect) -> None:
        self.file, self.names, self.dialect = file, names, dialect

    def read(self, lines: list[str], start: int, *, last: bool) -> tuple[Block, list[str]]:
        """The rows of lines that begin at the number `start`, and the lines that wait for the next chunk."""
        columns = self.plain(lines) or self.quoted(lines)
        if columns is not None:
            named = dict(zip(self.names, columns, strict=True))
            return checked(self.file, named, range(start, start + len(lines)), (), self.dialect.encoding), []
        records = Records(self.file, len(self.names), self.dialect)
        left = records.read(lines, start, last=last)
        columns = list(zip(*records.rows, strict=True)) or [()] * len(self.names)
        named = dict(zip(self.names, columns, strict=True))
        return checked(self.file, named, records.lines, records.refused, self.dialect.encoding), left

    def plain(self, lines: list[str]) -> Sequence[Sequence[str]] | None:
        """The columns of lines without a quote that all have as many cells as the header; None for other lines.

        What the csv module would give, several times as fast: all lines are split at once. A cell that begins with
        a line feed is then the first of its line, and each first cell has to be one.
        """
        delimiter, width = self.dialect.delimiter, len(self.names)
        text = (delimiter + "\n").join(lines)
        if self.dialect.quote and self.dialect.quote in text:
            return None
        if "\r" in text:
            lines = [line.removesuffix("\r") for line in lines]
            text = (delimiter + "\n").join(lines)
        if not lines or "\r" in text or "\0" in text or max(map(len, lines)) > MAX_CELL or "" in lines:
            return None
        cells = text.split(delimiter)
        first = "".join(cells[::width])
        if len(cells) != width * len(lines) or first.count("\n") != len(lines) - 1:
            return None
        return [first.split("\n"), *(cells[i::width] for i in range(1, width))]

    def quoted(self, lines: list[str]) -> Sequence[Sequence[str]] | None:
        """The columns of lines that each are a whole record, as wide as the header; None for other lines."""
        try:
            rows = list(self.dialect.reader(lines))
        except csv.Error:
            return None
        # A record has at least one line, so as many as there are lines have one each.
        whole = len(rows) == len(lines) and set(map(len, rows)) == {len(self.names)}
        return list(zip(*rows, strict=True)) if whole and TOO_LONG not in lines else None
