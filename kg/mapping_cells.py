"""Where the values of a mapping are from: a cell, a constant or a template, and what is made of its text."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from kg.patterns import compiled

Column = Annotated[str, Field(min_length=1)]
Decimal = Literal[".", ","]
Unit = Literal["s", "ms", "iso"]

_IN_BRACES = re.compile(r"\{([^{}]+)\}")
_SAMPLE = datetime(2004, 2, 3, 16, 5, 6, tzinfo=UTC)
"""Written and read again by a date format: one that gives another year names none."""


class Strict(BaseModel):
    """Unknown keys are refused, values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Lookup(Strict):
    """A table of another file: the text is looked for in the column `key`, and becomes what `column` says there."""

    file: Annotated[str, Field(min_length=1)]
    key: Column
    column: Column


class Cell(Strict):
    """Where a value is from: a column, a constant or a template. A plain name in the YAML is a column.

    Then, in this order, each where it is given: `empty`, the texts that stand for none; `lookup`, `pattern`, `values`;
    for numbers `decimal` and `factor`; for dates `unit` or `format`.
    """

    column: Column | None = None
    constant: str | int | float | bool | None = None
    template: str | None = None
    empty: Annotated[tuple[str, ...], Field(min_length=1, strict=False)] | None = None
    lookup: Lookup | None = None
    pattern: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    values: dict[str, str] | None = Field(default=None, min_length=1)
    decimal: Decimal | None = None
    factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    unit: Unit | None = None
    format: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, in order."""
        if self.template is not None:
            return tuple(dict.fromkeys(_IN_BRACES.findall(self.template)))
        return (self.column,) if self.column else ()

    @model_validator(mode="after")
    def _one(self) -> "Cell":
        if sum(source is not None for source in (self.column, self.constant, self.template)) != 1:
            raise ValueError("give a column, a constant or a template")
        if self.constant is not None and self.model_fields_set != {"constant"}:
            raise ValueError("a constant takes no other keys; write what it should be")
        return self

    @model_validator(mode="after")
    def _readable(self) -> "Cell":
        if self.template is not None:
            check_template(self.template)
        if self.pattern is not None:
            check_pattern(self.pattern)
        check_time(self.unit, self.format)
        return self


def _as_cell(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Source = Annotated[Cell, BeforeValidator(_as_cell, json_schema_input_type=Column | Cell)]


def as_key(cell: Cell) -> Cell:
    """The cell of a key. Raises ValueError where it is told how to be read as a number or a date."""
    if given := sorted({"decimal", "factor", "unit", "format"} & cell.model_fields_set):
        raise ValueError(f"a key is a text and takes no {given[0]}")
    return cell


def as_number(cell: Cell) -> Cell:
    """The cell of a number. Raises ValueError where it is told how to be read as a date."""
    if given := sorted({"unit", "format"} & cell.model_fields_set):
        raise ValueError(f"the value of an interaction is a number and takes no {given[0]}")
    return cell


def template_format(template: str) -> str:
    """The template for `str.format`, with the columns by their number in `Cell.columns`."""
    numbers = {column: i for i, column in enumerate(dict.fromkeys(_IN_BRACES.findall(template)))}
    return _IN_BRACES.sub(lambda match: f"{{{numbers[match[1]]}}}", template)


class Time(Strict):
    """When something happened: `unit`, or how it is written as `format`."""

    column: Column
    unit: Unit | None = None
    format: str | None = None

    @model_validator(mode="after")
    def _one(self) -> "Time":
        if (self.unit is None) == (self.format is None):
            raise ValueError("give a unit (s, ms or iso) or a format such as %d.%m.%Y")
        check_time(self.unit, self.format)
        return self


def check_template(template: str) -> None:
    """Raise ValueError where a template has no column, or braces that do not make one."""
    rest = _IN_BRACES.sub("", template)
    if rest == template or set("{}") & set(rest):
        raise ValueError("a template names columns in braces, for example '{brand}-{sku}'")


def check_pattern(pattern: str) -> None:
    """Raise ValueError where it is no regular expression, or has several groups."""
    try:
        groups = compiled(pattern).groups
    except ValueError as error:
        raise ValueError(f"the pattern cannot be used: {error}") from error
    if groups > 1:
        raise ValueError("a pattern has one group, the value; write (?:...) for the others")


def check_time(unit: Unit | None, format_: str | None) -> None:
    """Raise ValueError where both are given, or a format that names no year."""
    if format_ is None:
        return
    if unit is not None:
        raise ValueError("give a unit or a format, not both")
    try:
        year = datetime.strptime(_SAMPLE.strftime(format_), format_).year
    except (ValueError, re.error) as error:
        raise ValueError(f"the format cannot be used ({error}); for example %d.%m.%Y %H:%M") from error
    if year != _SAMPLE.year:
        raise ValueError("the format names no year; for example %d.%m.%Y")
