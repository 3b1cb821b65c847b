"""Constants of an ontology as values of a property: a date is epoch milliseconds, as in the graph."""

import math

from rdflib import Literal as RdfLiteral
from rdflib.namespace import XSD
from rdflib.term import Node

from ontology.constraints import Value
from ontology.errors import InputError
from ontology.model import Datatype
from ontology.names import a_datatype
from ontology.times import iso_milliseconds

_INTEGERS = frozenset({XSD.integer, XSD.int, XSD.long, XSD.nonNegativeInteger, XSD.positiveInteger, XSD.gYear})
_WRITTEN: dict[Datatype, frozenset[Node | None]] = {
    "string": frozenset({None, XSD.string, XSD.anyURI}),
    "integer": _INTEGERS,
    "number": _INTEGERS | {XSD.decimal, XSD.double, XSD.float},
    "boolean": frozenset({XSD.boolean}),
    "date": frozenset({XSD.date, XSD.dateTime}),
}
_EXAMPLES: dict[Datatype, str] = {
    "string": '"red"',
    "integer": "1999",
    "number": "3.5",
    "boolean": "true",
    "date": '"2024-05-01"^^xsd:date',
}


def constant(node: Node, datatype: Datatype, where: str) -> Value:
    """The value that a literal gives a property of the datatype. Raises InputError, which begins with `where`."""
    if isinstance(node, RdfLiteral) and not node.language and node.datatype in _WRITTEN[datatype]:
        try:
            return _value(str(node), datatype)
        except (ValueError, KeyError):
            pass  # it is refused below
    raise InputError(
        f"{where} is {str(node)!r}; it has to be {a_datatype(datatype)}, for example {_EXAMPLES[datatype]}"
    )


def whole_number(node: Node, where: str) -> int:
    """A count or a length. Raises InputError."""
    value = constant(node, "integer", where)
    if not isinstance(value, int) or value < 0:
        raise InputError(f"{where} is {value}; it has to be 0 or more")
    return value


def _value(text: str, datatype: Datatype) -> Value:
    if datatype == "integer":
        return int(text)
    if datatype == "number":
        return _finite(float(text))
    if datatype == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}[text]
    return iso_milliseconds(text) if datatype == "date" else text


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number
