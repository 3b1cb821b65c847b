"""Reads the shapes of an ontology (SHACL Core). What is not understood is refused by its name, never passed over.

Understood are node shapes with `sh:targetClass`, or that are classes themselves, and their `sh:property`. Each is
compiled to constraints on one property or relation; whatever the ontology makes impossible is refused as well.
"""

from collections.abc import Iterator

from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from ontology.constraints import Constraint, Severity, Shape
from ontology.errors import InputError
from ontology.model import Ontology
from ontology.names import local_name
from ontology.rdf.asked import asked
from ontology.rdf.literals import constant
from ontology.rdf.terms import is_class, label, single

PREFIX = str(SH)
REMARKS = frozenset({"name", "description", "order", "group", "deactivated"})
"""They check nothing, or switch a shape off."""
OF_NODE_SHAPES = frozenset({"targetClass", "property", *REMARKS})
OF_PROPERTY_SHAPES = frozenset(
    {"path", "severity", "message", "minCount", "maxCount", "datatype", "pattern", "flags", "minLength", "maxLength"}
    | {"minInclusive", "minExclusive", "maxInclusive", "maxExclusive", "in", "class", "nodeKind", *REMARKS}
)
SEVERITIES: dict[Node | None, Severity] = {
    None: "violation",
    SH.Violation: "violation",
    SH.Warning: "warning",
    SH.Info: "info",
}


def read_shapes(graph: Graph, ontology: Ontology) -> tuple[Shape, ...]:
    """All shapes that ask something. Raises InputError."""
    used = set(graph.objects(None, SH.property))
    _check_known(graph, used)
    shapes = {*graph.subjects(SH.property), *graph.subjects(SH.targetClass), *graph.subjects(RDF.type, SH.NodeShape)}
    found = []
    for shape in sorted(shapes - used, key=str):
        targets = _targets(graph, shape, ontology)
        constraints = [] if _is_off(graph, shape) else list(_constraints(graph, shape, ontology, targets[0]))
        constraints.sort(key=lambda c: (c.name, c.rule, c.reason()))  # blank nodes are in no order
        found += [Shape(targets, tuple(constraints))] if constraints else []
    return tuple(sorted(found, key=lambda shape: shape.targets))


def _check_known(graph: Graph, used: set[Node]) -> None:
    """Refuse every word of SHACL that is not understood where it stands."""
    of_property = used | set(graph.subjects(SH.path)) | set(graph.subjects(RDF.type, SH.PropertyShape))
    for subject, predicate, value in sorted(graph, key=lambda t: tuple(map(str, t))):
        if predicate == RDF.type and str(value).startswith(PREFIX) and value not in (SH.NodeShape, SH.PropertyShape):
            raise InputError(f"<{subject}> is a sh:{local_name(str(value))}, which is not understood")
        if not str(predicate).startswith(PREFIX):
            continue
        known = OF_PROPERTY_SHAPES if subject in of_property else OF_NODE_SHAPES
        if local_name(str(predicate)) not in known:
            kind = "property" if subject in of_property else "node"
            raise InputError(
                f"{_named(graph, subject)}: sh:{local_name(str(predicate))} is not understood; what a {kind} shape may "
                f"say is {', '.join(f'sh:{name}' for name in sorted(known))}"
            )
    if alone := sorted(of_property - used, key=str):
        raise InputError(f"{_named(graph, alone[0])} belongs to no node shape; give it to one with sh:property")


def _named(graph: Graph, shape: Node) -> str:
    """A shape in words: blank nodes have no name, but stand somewhere."""
    if path := graph.value(shape, SH.path):
        return f"the shape of sh:path {local_name(str(path))!r}"
    return f"shape <{shape}>" if isinstance(shape, URIRef) else "a shape without a name"


def _targets(graph: Graph, shape: Node, ontology: Ontology) -> tuple[str, ...]:
    """The classes a node shape is for: those it names, and itself where it is one."""
    iris = {cls.iri: name for name, cls in ontology.classes.items()}
    nodes = [*graph.objects(shape, SH.targetClass), *([shape] if is_class(graph, shape) else [])]
    if unknown := sorted(str(node) for node in nodes if str(node) not in iris):
        raise InputError(f"{_named(graph, shape)}: sh:targetClass <{unknown[0]}> is not declared as owl:Class")
    if not nodes:
        raise InputError(f"{_named(graph, shape)} is for no class; name one with sh:targetClass")
    return tuple(sorted({iris[str(node)] for node in nodes}))


def _is_off(graph: Graph, shape: Node) -> bool:
    value = single(graph, shape, SH.deactivated)
    return value is not None and constant(value, "boolean", f"{_named(graph, shape)}: sh:deactivated") is True


def _constraints(graph: Graph, shape: Node, ontology: Ontology, target: str) -> Iterator[Constraint]:
    for part in sorted(graph.objects(shape, SH.property), key=str):
        if _is_off(graph, part):
            continue
        name = _path(graph, part, ontology)
        where = f"the shape of {target!r}, sh:path {name!r}"
        severity = single(graph, part, SH.severity)
        if severity not in SEVERITIES:
            raise InputError(f"{where}: sh:severity <{severity}>; known are sh:Violation, sh:Warning, sh:Info")
        message = label(graph, part, SH.message)
        for rule, limit in asked(_values(graph, part), ontology, target, name, where):
            yield Constraint(name, rule, limit, SEVERITIES[severity], message)


def _path(graph: Graph, part: Node, ontology: Ontology) -> str:
    path = single(graph, part, SH.path)
    iris = {found.iri: name for name, found in ontology.properties.items()}
    iris |= {found.iri: name for name, found in ontology.relations.items()}
    if not isinstance(path, URIRef) or str(path) not in iris:
        found = f"<{path}>" if isinstance(path, URIRef) else "missing" if path is None else "an expression"
        raise InputError(
            f"{_named(graph, part)}: sh:path is {found}; it has to be a property or relation of the ontology"
        )
    return iris[str(path)]


def _values(graph: Graph, part: Node) -> dict[str, list[Node]]:
    """What a property shape says: the name of a parameter -> its values; those of `sh:in` are the members."""
    values: dict[str, list[Node]] = {}
    for name in sorted(OF_PROPERTY_SHAPES - REMARKS - {"path", "severity", "message"}):
        if found := sorted(graph.objects(part, SH[name]), key=str):
            if len(found) > 1 and name != "class":
                single(graph, part, SH[name])
            values[name] = found
    if "in" in values:
        values["in"] = _members(graph, part, values["in"][0])
    return values


def _members(graph: Graph, part: Node, node: Node) -> list[Node]:
    if node != RDF.nil and (node, RDF.first, None) not in graph:
        raise InputError(f"{_named(graph, part)}: sh:in is {str(node)!r}; it has to be a list, for example (1 2 3)")
    return list(Collection(graph, node))
