"""A test of a property, a key or a name -> what finds the entities in a column."""

from kg.formats.encoding import shown
from ontology.model import Datatype
from ontology.names import a_datatype
from ontology.times import iso_milliseconds
from retrieval.filter_columns import Column, Numbers
from retrieval.filter_tree import (
    ORDERED,
    Among,
    Compared,
    Constant,
    Contains,
    FilterError,
    Has,
    IsA,
    Name,
    Operator,
    Test,
    Value,
)
from retrieval.filter_world import Find
from retrieval.names import fold

_INT64 = 2**63
_EXAMPLES = {"string": '"a text"', "integer": "1990", "number": "3.5", "boolean": "true", "date": '"2024-05-01"'}


def find_of(test: Test, datatype: Datatype, name: Name, what: str = "") -> Find:
    """What finds the entities whose value meets the test; `what` the value is, where it is no property.

    Raises FilterError for a test that its values cannot have.
    """
    said = f"{name.text!r} is {what or a_datatype(datatype)}"
    match test:
        case Has():
            return lambda column: column.present
        case Compared(_, operator, constant) if operator in ORDERED:
            if datatype in {"string", "boolean"}:
                raise FilterError(constant.at, f"{said}, which has no order; {operator} is for numbers and dates")
            return _ordered(operator, _number(constant, datatype, said))
        case Compared(_, _, constant):
            return _among([_typed(constant, datatype, said)])
        case Among(_, constants):
            return _among([_typed(constant, datatype, said) for constant in constants])
        case Contains(_, text):
            if datatype != "string":
                raise FilterError(text.at, f"{said}; contains is for texts")
            return _containing(text)
        case IsA(_, kind):
            raise FilterError(kind.at, f"{said}; is_a is for entities: 'item' and what relations lead to")


def _ordered(operator: Operator, value: float) -> Find:
    return lambda column: column.ordered(operator, value)


def _among(values: list[Value]) -> Find:
    return lambda column: column.among(values)


def _containing(text: Constant) -> Find:
    words = str(text.value)
    if not fold(words):
        raise FilterError(text.at, "contains needs a letter, a digit or a sign to look for")

    def find(column: Column) -> Numbers:
        return column.containing(words)

    return find


def _number(constant: Constant, datatype: Datatype, said: str) -> float:
    value = _typed(constant, datatype, said)
    assert not isinstance(value, str)  # noqa: S101  numbers and dates are none
    return value


def _typed(constant: Constant, datatype: Datatype, said: str) -> Value:
    """The constant as a column of the datatype has it. Raises FilterError."""
    value = constant.value
    kind = bool if isinstance(value, bool) else type(value)
    match datatype:
        case "date" if kind is str:
            return _time(constant, said)
        case "integer" if kind is int:
            if not -_INT64 <= int(value) < _INT64:
                raise FilterError(constant.at, f"{value} is not an integer of 64 bits")
            return value
        case "number" if kind in {int, float}:
            return float(value)
        case "string" if kind is str:
            return value
        case "boolean" if kind is bool:
            return value
    raise _wrong(constant, said, datatype)


def _time(constant: Constant, said: str) -> int:
    try:
        return iso_milliseconds(str(constant.value))
    except (ValueError, OverflowError) as error:
        raise _wrong(constant, said, "date") from error


def _wrong(constant: Constant, said: str, datatype: Datatype) -> FilterError:
    found = shown(repr(constant.value))
    return FilterError(constant.at, f"{said}, and {found} is none; write it like {_EXAMPLES[datatype]}")
