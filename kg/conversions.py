"""What a mapping makes of the text of a cell: another text, or a value. Each raises WrongValueError."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from kg import values
from kg.mapping_cells import Cell, Lookup
from kg.patterns import compiled
from kg.triples import Value
from kg.values import WrongValueError
from ontology.model import Datatype

Lookups = Mapping[Lookup, Mapping[str, str]]
"""The tables of other files that a mapping names: key -> text."""

_COMMA = re.compile(r"[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]*)?([eE][+-]?[0-9]{1,3})?|[+-]?,[0-9]+")
_SHOWN = 5
"""Known texts that a message lists."""


def text_conversion(cell: Cell, lookups: Lookups) -> Callable[[str], str] | None:
    """What becomes of a text before it is a key or a value; None where it stays."""
    steps: list[Callable[[str], str]] = []
    if cell.empty:
        steps.append(partial(_given, empty=frozenset(cell.empty)))
    if cell.lookup:
        steps.append(partial(_looked_up, lookup=cell.lookup, table=lookups[cell.lookup]))
    if cell.pattern:
        steps.append(partial(_matched, pattern=cell.pattern))
    if cell.values:
        steps.append(partial(_listed, known=cell.values))
    return partial(_through, steps=tuple(steps)) if steps else None


def number_parser(cell: Cell, decimal: str) -> Callable[[str], float]:
    """How its numbers are read; `decimal` is that of the file."""
    comma = (cell.decimal or decimal) == ","
    if cell.factor is None:
        return comma_number if comma else values.number
    return partial(_scaled, factor=Decimal(repr(cell.factor)), comma=comma)


def time_parser(unit: str | None, format_: str | None) -> Callable[[str], int]:
    """How times are read, as epoch milliseconds."""
    return partial(_formatted, format_=format_) if format_ else values.TIME[unit or "iso"]


def value_parser(cell: Cell, datatype: Datatype, decimal: str) -> Callable[[str], Value]:
    """How a property is read."""
    if datatype == "number":
        return number_parser(cell, decimal)
    if datatype == "date":
        return time_parser(cell.unit, cell.format)
    return values.PROPERTY[datatype]


def comma_number(text: str) -> float:
    """A number with a decimal comma, with or without points between thousands: `1.234,5`."""
    return values.number(_with_point(text))


def _with_point(text: str) -> str:
    if not _COMMA.fullmatch(text):
        raise WrongValueError("not-a-number", "is not a number with a decimal comma, for example 3,5 or 1.234,50")
    return text.replace(".", "").replace(",", ".")


def _scaled(text: str, factor: Decimal, comma: bool) -> float:
    plain = _with_point(text) if comma else text
    values.number(plain)
    # In decimals: 1999 cents are 19.99, where floats would make 19.990000000000002 of it.
    found = float(Decimal(plain) * factor)
    if not math.isfinite(found):
        raise WrongValueError("not-a-number", f"is too large to be multiplied by {factor}")
    return found


def _formatted(text: str, format_: str) -> int:
    try:
        time = datetime.strptime(text, format_)
        return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        example = datetime(2024, 5, 1, 12, tzinfo=UTC).strftime(format_)
        raise WrongValueError("not-a-time", f"is not written as {format_}, for example {example}") from error


def _through(text: str, steps: tuple[Callable[[str], str], ...]) -> str:
    found = text
    for step in steps:
        try:
            found = step(found).strip()
        except WrongValueError as error:
            raise WrongValueError(error.rule, str(error), text) from error
        if not found:
            break
    return found


def _given(text: str, empty: Collection[str]) -> str:
    return "" if text in empty else text


def _looked_up(text: str, lookup: Lookup, table: Mapping[str, str]) -> str:
    if text not in table:
        raise WrongValueError("not-in-lookup", f"is not in the column {lookup.key!r} of {lookup.file}")
    return table[text]


def _matched(text: str, pattern: str) -> str:
    expression = compiled(pattern)
    match = expression.fullmatch(text)
    if match is None:
        raise WrongValueError("no-pattern-match", f"does not fit the pattern {pattern}")
    return match.group(expression.groups) or ""


def _listed(text: str, known: Mapping[str, str]) -> str:
    if text not in known:
        more = ", …" if len(known) > _SHOWN else ""
        listed = ", ".join(list(known)[:_SHOWN])
        raise WrongValueError("not-in-values", f"is not among the values of the mapping: {listed}{more}")
    return known[text]
