"""JSON values as rows: objects in objects become dotted columns, lists stay JSON text."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from types import NoneType
from typing import Any

from kg.formats.encoding import lone, readable
from kg.formats.limits import MAX_CELLS, MAX_COLUMNS, MAX_DEPTH
from kg.formats.rows import Row, refused_line
from kg.triples import Refusal


class WrongObjectError(ValueError):
    """A JSON value is no row, or a text no JSON. `rule` is the rule that it breaks."""

    def __init__(self, rule: str, reason: str) -> None:
        """Name the rule and the reason."""
        super().__init__(reason)
        self.rule = rule


def columns_of(objects: Sequence[Any]) -> dict[str, list[str]] | None:
    """The columns of objects, all rows at once; None where one of them has to be looked at alone."""
    if set(map(type, objects)) != {dict}:
        return None
    columns: dict[str, list[str]] = {}
    try:
        _add_columns(objects, "", MAX_DEPTH, columns)
    except WrongObjectError:
        return None
    return columns


def _add_columns(objects: Sequence[dict[str, Any]], prefix: str, depth: int, columns: dict[str, list[str]]) -> None:
    """Add the columns of objects. Raises WrongObjectError."""
    if depth == 0:
        raise _too_deep()
    for key in dict.fromkeys(chain.from_iterable(objects)):
        values: list[Any] = [value.get(key) for value in objects]
        types = set(map(type, values))
        if dict in types:
            if not types <= {dict, NoneType}:
                raise WrongObjectError("column-twice", "is an object in one row and a value in another")
            _add_columns([value or {} for value in values], f"{prefix}{key}.", depth - 1, columns)
            continue
        _check_name(key)
        if prefix + key in columns or len(columns) == min(MAX_COLUMNS, MAX_CELLS // len(objects)):
            raise WrongObjectError("column-twice", "names a column twice, or too many")
        columns[prefix + key] = values if types == {str} else [text_of(value, depth - 1) for value in values]


def flat(file: str, line: int, value: object, text: str) -> Row | Refusal:
    """A JSON value as a row; where it is no object or cannot be a row, a Refusal that shows `text`."""
    try:
        return Row(line, cells(value))
    except WrongObjectError as error:
        return refused_line(file, line, text, error.rule, str(error))


def cells(value: object) -> dict[str, str]:
    """The cells of a JSON object. Raises WrongObjectError."""
    if not isinstance(value, dict):
        raise WrongObjectError("not-an-object", "is not a JSON object; each record has to be one: {…}")
    found: dict[str, str] = {}
    for name, text in _pairs(value, "", MAX_DEPTH):
        _check_name(name)
        if name in found:
            raise WrongObjectError("column-twice", f"names the column {name!r} twice")
        found[name] = text
    return found


def _pairs(value: dict[str, object], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth == 0:
        raise _too_deep()
    for key, item in value.items():
        if isinstance(item, dict):
            yield from _pairs(item, f"{prefix}{key}.", depth - 1)
        else:
            yield prefix + key, text_of(item, depth - 1)


def text_of(value: object, depth: int = MAX_DEPTH) -> str:
    """A JSON value as the text of a cell: null is an empty cell, lists stay JSON. Raises WrongObjectError."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        raise WrongObjectError("not-json", "has a number that is not finite, which JSON does not know")
    if write := _PLAIN.get(type(value)):
        return write(value)
    if not _within(value, depth):
        raise _too_deep()
    return _ENCODE(value)


_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


def _check_name(name: str) -> None:
    if "\0" in name or lone(name) >= 0:
        raise WrongObjectError("not-utf8", f"has a column whose name is no text: {readable(name)!r}")


def _too_deep() -> WrongObjectError:
    return WrongObjectError("nested-too-deep", f"is nested more than {MAX_DEPTH} deep")


def _within(value: object, depth: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_within(item, depth - 1) for item in inner if isinstance(item, dict | list))


_PLAIN: Mapping[type, Callable[[Any], str]] = {int: int.__repr__, float: float.__repr__, bool: json.dumps}
"""What json.dumps does with each, without its overhead, for finite numbers."""
