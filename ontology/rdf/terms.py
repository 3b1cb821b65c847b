"""What the Turtle of an ontology is asked: what is declared, how it is called, the one value that it has."""

from rdflib import Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.namespace import OWL, RDF, RDFS, XSD
from rdflib.term import Node

from ontology.errors import InputError
from ontology.model import Datatype
from ontology.names import local_name

NAMESPACE = "https://kgrec.example/core#"
CLASS_TYPES = (OWL.Class, RDFS.Class)

DATATYPES: dict[Node, Datatype] = {
    XSD.string: "string",
    XSD.anyURI: "string",
    XSD.integer: "integer",
    XSD.int: "integer",
    XSD.long: "integer",
    XSD.nonNegativeInteger: "integer",
    XSD.positiveInteger: "integer",
    XSD.gYear: "integer",
    XSD.decimal: "number",
    XSD.double: "number",
    XSD.float: "number",
    XSD.boolean: "boolean",
    XSD.date: "date",
    XSD.dateTime: "date",
}


def kg(name: str) -> URIRef:
    """A word of `core.ttl`."""
    return URIRef(NAMESPACE + name)


def subjects(graph: Graph, *types: Node) -> list[URIRef]:
    """What is declared to be of one of the types, sorted by IRI. Blank nodes (OWL expressions) are not ours."""
    return sorted({s for t in types for s in graph.subjects(RDF.type, t) if isinstance(s, URIRef)})


def is_class(graph: Graph, node: Node) -> bool:
    """Whether it is declared as a class."""
    return any((node, RDF.type, kind) in graph for kind in CLASS_TYPES)


def label(graph: Graph, iri: Node, predicate: URIRef = RDFS.label) -> str | None:
    """The label without a language, else the English one, else the first by language."""
    labels = [o for o in graph.objects(iri, predicate) if isinstance(o, RdfLiteral)]
    labels.sort(key=lambda o: ({None: 0, "en": 1}.get(o.language, 2), o.language or "", str(o)))
    return str(labels[0]).strip() if labels else None


def aligned(graph: Graph, iri: URIRef) -> tuple[str, ...]:
    """What a property or relation is called in other vocabularies: `director` for `schema:director`."""
    others = graph.objects(iri, OWL.equivalentProperty)
    return tuple(sorted({local_name(str(other)) for other in others if isinstance(other, URIRef)}))


def single(graph: Graph, iri: Node, predicate: URIRef) -> Node | None:
    """The value of a predicate that may have one, or None. Raises InputError when there are several."""
    values = sorted(graph.objects(iri, predicate), key=str)
    if len(values) > 1:
        found = ", ".join(f"<{v}>" for v in values)
        raise InputError(f"<{iri}> has {len(values)} values of {local_name(predicate)} ({found}); it may have one")
    return values[0] if values else None
