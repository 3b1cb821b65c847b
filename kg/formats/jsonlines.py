"""JSON Lines: each line is an object."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import count

import orjson

from kg.blocks import Block
from kg.formats.encoding import found
from kg.formats.form import Format
from kg.formats.limits import MAX_LINE
from kg.formats.lines import TOO_LONG, line_chunks
from kg.formats.objects import columns_of, flat
from kg.formats.rows import Row, blocks_of, checked, refused_line
from kg.formats.source import Input
from kg.triples import Refusal

_LONG_NUMBER = re.compile(r"\d{19}")
"""orjson makes integers of more than 64 bits inexact: a key would change."""


def read_json_lines(source: Input, form: Format) -> Iterator[Block]:
    """The rows of JSON Lines; blank lines are none."""
    encoding = found(source.sample, form.encoding, source.name)
    line = 1
    for lines in line_chunks(source, encoding):
        block = _all_at_once(source.name, lines, line)
        yield from [block] if block else blocks_of(source.name, _one_by_one(source.name, lines, line))
        line += len(lines)


def _all_at_once(file: str, lines: Sequence[str], start: int) -> Block | None:
    """A block of lines that are all objects; None where one of them has to be looked at alone."""
    if _LONG_NUMBER.search("".join(lines)):
        return None
    try:
        objects = list(map(orjson.loads, lines))
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
    columns = columns_of(objects)
    return None if columns is None else checked(file, columns, range(start, start + len(lines)))


def _one_by_one(file: str, lines: Sequence[str], start: int) -> Iterator[Row | Refusal]:
    for line, text in zip(count(start), lines):
        if text.strip():
            yield _object(file, line, text)


def _object(file: str, line: int, text: str) -> Row | Refusal:
    if text == TOO_LONG:
        return refused_line(file, line, "", "line-too-long", f"the line is longer than {MAX_LINE} characters")
    try:
        # A line that is not UTF-8 is no JSON for orjson; the standard library lets its surrogates through, so that
        # the cell can be named.
        value = json.loads(text) if _LONG_NUMBER.search(text) or not _is_utf8(text) else orjson.loads(text)
    except json.JSONDecodeError as error:
        return refused_line(file, line, text, "not-json", f"is not JSON: {error.msg} (column {error.colno})")
    except (ValueError, RecursionError) as error:
        return refused_line(file, line, text, "not-json", f"is not JSON that can be read: {error}")
    return flat(file, line, value, text)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
