"""The parameters of a property shape -> rules and limits, checked against what the property or relation can be."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rdflib.namespace import SH, XSD
from rdflib.term import Node

from ontology.constraints import Value
from ontology.errors import InputError
from ontology.model import Datatype, Ontology
from ontology.names import a_datatype, local_name
from ontology.rdf.literals import constant, whole_number
from ontology.rdf.terms import DATATYPES

Said = Mapping[str, Sequence[Node]]
Asked = Iterator[tuple[str, Any]]

OF_RELATIONS = frozenset({"minCount", "maxCount", "class", "nodeKind"})
BOUNDS = {
    "minInclusive": "shape-min-inclusive",
    "minExclusive": "shape-min-exclusive",
    "maxInclusive": "shape-max-inclusive",
    "maxExclusive": "shape-max-exclusive",
}
KINDS = {
    "property": (SH.Literal, SH.IRIOrLiteral, SH.BlankNodeOrLiteral),
    "relation": (SH.IRI, SH.IRIOrLiteral, SH.BlankNodeOrIRI),
}
SMALLER: dict[Node, range] = {
    XSD.int: range(-(1 << 31), 1 << 31),
    XSD.nonNegativeInteger: range(1 << 63),
    XSD.positiveInteger: range(1, 1 << 63),
}
"""Datatypes that do not hold every integer."""
FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_END = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(\$)", re.DOTALL)


def asked(said: Said, ontology: Ontology, target: str, name: str, where: str) -> Asked:
    """What a shape for `target` says of a property or relation, as rules and limits. Raises InputError."""
    if name in ontology.relations:
        if others := sorted(said.keys() - OF_RELATIONS):
            known = ", ".join(f"sh:{parameter}" for parameter in sorted(OF_RELATIONS))
            raise InputError(f"{where}: sh:{others[0]} is for properties, and this is a relation; it takes {known}")
        _check_kind(said, "relation", where)
        yield from _counts(said, where)
        yield from _classes(said, ontology, name, where)
        return
    if "class" in said:
        raise InputError(f"{where}: sh:class is for relations, and the value of a property has no class")
    _check_kind(said, "property", where)
    datatype = ontology.properties[name].datatype
    for rule, limit in _counts(said, where):
        if rule == "shape-min-count" and limit > 1:
            raise InputError(f"{where}: sh:minCount is {limit}, but a property has one value; 1 makes it required")
        yield rule, limit
    yield from _datatype(said, datatype, where)
    yield from _text(said, datatype, where)
    yield from _bounds(said, datatype, where)
    if "in" in said:
        yield "shape-in", frozenset(constant(node, datatype, f"{where}: a value of sh:in") for node in said["in"])


def _counts(said: Said, where: str) -> Asked:
    counts = {n: whole_number(said[n][0], f"{where}: sh:{n}") for n in ("minCount", "maxCount") if n in said}
    if counts.get("minCount", 0) > counts.get("maxCount", counts.get("minCount", 0)):
        raise InputError(f"{where}: sh:minCount {counts['minCount']} is more than sh:maxCount {counts['maxCount']}")
    if counts.get("minCount"):
        yield "shape-min-count", counts["minCount"]
    if "maxCount" in counts:
        yield "shape-max-count", counts["maxCount"]


def _classes(said: Said, ontology: Ontology, name: str, where: str) -> Asked:
    iris = {cls.iri: cls.name for cls in ontology.classes.values()}
    reach = set(ontology.kinds_of(ontology.relations[name].range))
    for node in said.get("class", ()):
        cls = iris.get(str(node))
        if cls is None:
            raise InputError(f"{where}: sh:class <{node}> is not declared as owl:Class")
        if not reach & set(ontology.kinds_of(cls)):
            raise InputError(
                f"{where}: sh:class is {cls!r}, but the relation leads to {ontology.relations[name].range!r}"
            )
        yield "shape-class", cls


def _check_kind(said: Said, what: str, where: str) -> None:
    """Properties have literals and relations lead to IRIs, always: a kind is kept by all or by none."""
    for node in said.get("nodeKind", ()):
        if node not in KINDS[what]:
            fitting = ", ".join(f"sh:{local_name(str(kind))}" for kind in KINDS[what])
            raise InputError(f"{where}: sh:nodeKind <{node}> is never kept by a {what}; what is: {fitting}")


def _datatype(said: Said, datatype: Datatype, where: str) -> Asked:
    for node in said.get("datatype", ()):
        if DATATYPES.get(node) != datatype:
            fitting = ", ".join(f"xsd:{local_name(str(d))}" for d, kind in DATATYPES.items() if kind == datatype)
            raise InputError(
                f"{where}: sh:datatype is <{node}>, but the property is {a_datatype(datatype)}; that is {fitting}"
            )
        yield "shape-datatype", SMALLER.get(node)


def _text(said: Said, datatype: Datatype, where: str) -> Asked:
    parameters = [name for name in ("pattern", "flags", "minLength", "maxLength") if name in said]
    if parameters and datatype not in {"string", "integer"}:
        raise InputError(
            f"{where}: sh:{parameters[0]} is for strings and integers, and the property is {a_datatype(datatype)}"
        )
    if "pattern" in said:
        flags = str(said["flags"][0]) if "flags" in said else ""
        yield "shape-pattern", _pattern(str(said["pattern"][0]), flags, where)
    elif "flags" in said:
        raise InputError(f"{where}: sh:flags without sh:pattern")
    for name, rule in (("minLength", "shape-min-length"), ("maxLength", "shape-max-length")):
        if name in said:
            yield rule, whole_number(said[name][0], f"{where}: sh:{name}")


def _pattern(text: str, flags: str, where: str) -> re.Pattern[str]:
    if unknown := sorted(set(flags) - FLAGS.keys()):
        raise InputError(f"{where}: sh:flags has {unknown[0]!r}; known are {', '.join(sorted(FLAGS))}")
    # Here $ is the end of the text (XPath, as SHACL says); in Python it also stands before a last line break.
    if "m" not in flags:
        text = _END.sub(lambda found: r"\Z" if found.group(1) else found.group(), text)
    try:
        return re.compile(text, sum(FLAGS[flag] for flag in set(flags)))
    except re.error as error:
        raise InputError(f"{where}: sh:pattern {text!r} is no regular expression of Python: {error}") from error


def _bounds(said: Said, datatype: Datatype, where: str) -> Asked:
    for name in (name for name in BOUNDS if name in said):
        if datatype not in {"integer", "number", "date"}:
            raise InputError(f"{where}: sh:{name} is for numbers and dates, and the property is {a_datatype(datatype)}")
        written: Datatype = "number" if datatype == "integer" and "." in str(said[name][0]) else datatype
        limit: Value = constant(said[name][0], written, f"{where}: sh:{name}")
        yield BOUNDS[name], limit
