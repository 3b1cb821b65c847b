"""Catalog files as rows: CSV, TSV and JSON Lines, streamed, in UTF-8 (with or without a byte order mark).

Each record comes out exactly once, as a `Row` or, when it cannot be read, as a `Refusal` with its line; blank lines are
none. A file that cannot be read at all raises InputError.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import orjson

from kg.lines import MAX_LINE, TOO_LONG, Lines
from kg.triples import Refusal, Row
from ontology.errors import InputError

Record = Row | Refusal

MAX_SHOWN = 200
"""Characters of a refused value that are kept."""


def read(path: Path) -> Iterator[Record]:
    """The records of a file, by its ending. Raises InputError."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: the ending {path.suffix!r} is not known; known are {', '.join(READERS)}")
    return reader(path)


def columns(path: Path) -> tuple[str, ...] | None:
    """The header of a CSV or TSV file; None for JSON Lines, where each line names its own. Raises InputError."""
    if path.suffix.lower() not in DELIMITERS:
        return None
    with Lines(path) as lines:
        return _header(path, csv.reader(lines, delimiter=DELIMITERS[path.suffix.lower()], strict=True))


def refusal(row: Row, column: str, value: str, reason: str) -> Refusal:
    """Why a row was not loaded; a long value is cut, what is not UTF-8 is shown as \\xNN."""
    return Refusal(row.file, row.line, column, shown(value), reason)


def shown(value: str) -> str:
    """A value as it can be written to a report."""
    # Bytes that are no UTF-8 came in as surrogates, see kg/lines.py.
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _read_delimited(path: Path) -> Iterator[Record]:
    with Lines(path) as lines:
        reader = csv.reader(lines, delimiter=DELIMITERS[path.suffix.lower()], strict=True)
        header = _header(path, reader)
        while True:
            line = lines.start_record()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield _refused_line(path, line, lines.back_to_second(), f"is not a CSV line: {error}")
                continue
            if len(cells) == len(header) and not lines.too_long:
                yield _checked(Row(dict(zip(header, cells, strict=True)), str(path), line))
            elif cells:
                # A quote that is never closed swallows the lines after it: only its own line is refused.
                reason = f"does not have as many columns ({len(cells)}) as the header ({len(header)})"
                yield _refused_line(path, line, lines.back_to_second(), reason)


def _refused_line(path: Path, line: int, text: str, reason: str) -> Refusal:
    if text is TOO_LONG:
        return Refusal(str(path), line, "", "", f"the line is longer than {MAX_LINE} bytes")
    return Refusal(str(path), line, "", shown(text.rstrip("\r\n")), reason)


def _header(path: Path, reader: Iterator[list[str]]) -> tuple[str, ...]:
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise InputError(f"{path}, line 1: the header cannot be read: {error}") from error
    if not header:
        raise InputError(f"{path} has no header; its first line has to name the columns")
    names = tuple(name.strip() for name in header)
    if any("\udc80" <= c <= "\udcff" for name in names for c in name):
        raise InputError(f"{path}, line 1: the header is not UTF-8; save the file as UTF-8")
    if wrong := [name for i, name in enumerate(names) if not name or name in names[:i]]:
        found = f"names {wrong[0]!r} twice" if wrong[0] else "has a column without a name"
        raise InputError(f"{path}, line 1: the header {found}")
    return names


def _checked(row: Row) -> Record:
    """The row, or the refusal of the first cell that no graph could hold."""
    for column, text in row.values.items():
        if not text.isprintable() and (reason := _unusable(text)):
            return refusal(row, column, text, reason)
    return row


def _unusable(text: str) -> str | None:
    if "\0" in text:
        return "has a NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"is not UTF-8 (character {error.start + 1}); save the file as UTF-8"
    return None


def _read_json_lines(path: Path) -> Iterator[Record]:
    with Lines(path) as lines:
        while True:
            line = lines.start_record()
            text = next(lines, None)
            if text is None:
                return
            if text.strip():
                yield _object(path, line, text)


def _object(path: Path, line: int, text: str) -> Record:
    try:
        value = orjson.loads(text.encode("utf-8", "surrogateescape"))
    except orjson.JSONDecodeError as error:
        return _refused_line(path, line, text, f"is not JSON: {error.msg} (column {error.colno})")
    if not isinstance(value, dict):
        return _refused_line(path, line, text, "is not a JSON object; each line has to be one: {…}")
    return _checked(Row({name: _text(item) for name, item in value.items()}, str(path), line))


def _text(value: object) -> str:
    """A JSON value as the text of a cell: lists and objects stay JSON, null is an empty cell."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


DELIMITERS: Mapping[str, str] = {".csv": ",", ".tsv": "\t"}
READERS: Mapping[str, Callable[[Path], Iterator[Record]]] = {
    ".csv": _read_delimited,
    ".tsv": _read_delimited,
    ".jsonl": _read_json_lines,
}
