"""Text of a cell -> value of a property. Each raises WrongValueError with what would be right."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kg.triples import Value
from ontology.model import Datatype
from ontology.times import iso_milliseconds


class WrongValueError(ValueError):
    """A text is not what it should be. `rule` is the rule that it breaks; the message begins with a verb.

    `value` is the part of the text that is wrong, "" for all of it.
    """

    def __init__(self, rule: str, reason: str, value: str = "") -> None:
        """Name the rule and what would be right."""
        super().__init__(reason)
        self.rule, self.value = rule, value


_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
# Possessive: a column is scanned once, and never again from behind.
_INTEGERS = re.compile(rf"{_INTEGER.pattern}(?:\n{_INTEGER.pattern})*+")
_NUMBERS = re.compile(rf"{_NUMBER.pattern}(?:\n{_NUMBER.pattern})*+")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

MAX_KEY = 500
"""Characters of a key. Databases index keys, and the shortest limit of an index entry is about 8,000 bytes."""
LAST_TIME = 253_402_300_800_000
"""Epoch milliseconds of the year 10000. Milliseconds taken for seconds come out later than this."""


def integer(text: str) -> int:
    """A whole number of 64 bits: `1999`."""
    if not _INTEGER.fullmatch(text) or not -(1 << 63) <= int(text) < 1 << 63:
        raise WrongValueError("not-an-integer", "is not an integer, for example 1999")
    return int(text)


def number(text: str) -> float:
    """A finite decimal number: `3.5`."""
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise WrongValueError("not-a-number", "is not a number, for example 3.5")
    return float(text)


def boolean(text: str) -> bool:
    """`true`/`false`, `yes`/`no` or `1`/`0`, in any case."""
    if text.lower() not in _BOOLEANS:
        raise WrongValueError("not-a-boolean", "is not true or false (yes or no, 1 or 0)")
    return _BOOLEANS[text.lower()]


def iso_time(text: str) -> int:
    """An ISO 8601 date or time as epoch milliseconds; UTC where it names no zone."""
    try:
        return iso_milliseconds(text)
    except ValueError as error:
        raise WrongValueError(
            "not-a-time", "is not an ISO date or time, for example 2024-05-01 or 2024-05-01T12:00:00Z"
        ) from error


def seconds(text: str) -> int:
    """Seconds since 1970 in UTC, fractions allowed, as epoch milliseconds."""
    return _since_1970(number(text) * 1000, "seconds")


def milliseconds(text: str) -> int:
    """Milliseconds since 1970 in UTC."""
    return _since_1970(number(text), "milliseconds")


def _since_1970(value: float, unit: str) -> int:
    if not 0 <= value < LAST_TIME:
        raise WrongValueError(
            "not-a-time", f"is not a time in {unit} since 1970 (before the year 10000); is the unit right?"
        )
    return round(value)


def string(text: str) -> str:
    """The text itself."""
    return text


def key(text: str) -> str:
    """What identifies an entity."""
    if len(text) > MAX_KEY:
        raise WrongValueError(
            "key-too-long", f"is too long for a key ({len(text)} characters; {MAX_KEY} are allowed)", text
        )
    return text


def strings(texts: Sequence[str]) -> Sequence[str]:
    """A column of texts: itself."""
    return texts


def keys(texts: Sequence[str]) -> Sequence[str]:
    """A column of keys: itself. Raises ValueError where one is too long."""
    if texts:
        key(max(texts, key=len))
    return texts


def integers(texts: Sequence[str]) -> list[int]:
    """A column of integers at once. Raises ValueError where one of them is none."""
    # A cell with a line break in it fits the pattern, and int() refuses it.
    found = list(map(int, texts)) if _INTEGERS.fullmatch("\n".join(texts)) else []
    if not found or min(found) < -(1 << 63) or max(found) >= 1 << 63:
        raise ValueError("one of them is not an integer")
    return found


def numbers(texts: Sequence[str]) -> list[float]:
    """A column of numbers at once. Raises ValueError where one of them is none."""
    found = list(map(float, texts)) if _NUMBERS.fullmatch("\n".join(texts)) else []
    if not found or not all(map(math.isfinite, found)):
        raise ValueError("one of them is not a number")
    return found


def all_seconds(texts: Sequence[str]) -> list[int]:
    """A column of seconds since 1970 at once. Raises ValueError where one of them is none."""
    return _all_since_1970([number * 1000 for number in numbers(texts)])


def all_milliseconds(texts: Sequence[str]) -> list[int]:
    """A column of milliseconds since 1970 at once. Raises ValueError where one of them is none."""
    return _all_since_1970(numbers(texts))


def _all_since_1970(found: Sequence[float]) -> list[int]:
    if min(found) < 0 or max(found) >= LAST_TIME:
        raise ValueError("one of them is not a time since 1970")
    return list(map(round, found))


PROPERTY: Mapping[Datatype, Callable[[str], Value]] = {
    "string": string,
    "integer": integer,
    "number": number,
    "boolean": boolean,
    "date": iso_time,
}
TIME: Mapping[str, Callable[[str], int]] = {"s": seconds, "ms": milliseconds, "iso": iso_time}
AT_ONCE: Mapping[object, Callable[[Sequence[str]], Sequence[Any]]] = {
    string: strings,
    key: keys,
    integer: integers,
    number: numbers,
    seconds: all_seconds,
    milliseconds: all_milliseconds,
}
"""Parser of a cell -> the same for a column without an empty cell, far quicker; where it fails, look cell by cell."""
