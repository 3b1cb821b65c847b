"""Text of a cell -> value of a property. Each raises ValueError with what would be right."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from kg.triples import Value
from ontology.model import Datatype

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

MAX_KEY = 500
"""Characters of a key. Databases index keys, and the shortest limit of an index entry is about 8,000 bytes."""
LAST_TIME = 253_402_300_800_000
"""Epoch milliseconds of the year 10000. Milliseconds taken for seconds come out later than this."""


def integer(text: str) -> int:
    """A whole number of 64 bits: `1999`."""
    if not _INTEGER.fullmatch(text) or not -(1 << 63) <= int(text) < 1 << 63:
        raise ValueError("is not an integer, for example 1999")
    return int(text)


def number(text: str) -> float:
    """A finite decimal number: `3.5`."""
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError("is not a number, for example 3.5")
    return float(text)


def boolean(text: str) -> bool:
    """`true`/`false`, `yes`/`no` or `1`/`0`, in any case."""
    if text.lower() not in _BOOLEANS:
        raise ValueError("is not true or false (yes or no, 1 or 0)")
    return _BOOLEANS[text.lower()]


def iso_time(text: str) -> int:
    """An ISO 8601 date or time as epoch milliseconds; UTC where it names no zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("is not an ISO date or time, for example 2024-05-01 or 2024-05-01T12:00:00Z") from error
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def seconds(text: str) -> int:
    """Seconds since 1970 in UTC, fractions allowed, as epoch milliseconds."""
    return _since_1970(number(text) * 1000, "seconds")


def milliseconds(text: str) -> int:
    """Milliseconds since 1970 in UTC."""
    return _since_1970(number(text), "milliseconds")


def _since_1970(value: float, unit: str) -> int:
    if not 0 <= value < LAST_TIME:
        raise ValueError(f"is not a time in {unit} since 1970 (before the year 10000); is the unit right?")
    return round(value)


def string(text: str) -> str:
    """The text itself."""
    return text


def key(text: str) -> str:
    """What identifies an entity."""
    if len(text) > MAX_KEY:
        raise ValueError(f"is too long for a key ({len(text)} characters; {MAX_KEY} are allowed)")
    return text


PROPERTY: Mapping[Datatype, Callable[[str], Value]] = {
    "string": string,
    "integer": integer,
    "number": number,
    "boolean": boolean,
    "date": iso_time,
}
TIME: Mapping[str, Callable[[str], int]] = {"s": seconds, "ms": milliseconds, "iso": iso_time}
