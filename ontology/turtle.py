"""Reads an ontology from Turtle (RDFS and OWL). Nothing is ever fetched: `owl:imports` is refused.

What is understood: `owl:Class` with `rdfs:subClassOf` (several are fine), `owl:DatatypeProperty` with an XSD
`rdfs:range`, and `owl:ObjectProperty` with one `rdfs:domain`, one `rdfs:range`, an `rdfs:label`, and the words for
the other direction: `kg:inverseLabel`, or the label of the property that is its `owl:inverseOf`. `core.ttl` is joined
to every ontology. Other statements (comments, alignments such as `owl:equivalentClass`) are allowed and not used.
"""

import re
from decimal import Decimal
from pathlib import Path

import networkx as nx
from rdflib import Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.namespace import OWL, RDF, RDFS, XSD
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.term import Node

from ontology.errors import InputError
from ontology.model import ITEM, USER, Class, Datatype, Ontology, Property, Relation
from ontology.names import check_distinct, class_name, local_name, property_name, relation_name

CORE = Path(__file__).with_name("core.ttl")
NAMESPACE = "https://kgrec.example/core#"
INVERSE_LABEL = URIRef(NAMESPACE + "inverseLabel")
POSITIVE_FROM = URIRef(NAMESPACE + "positiveFrom")
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


def load_ontology(path: Path) -> Ontology:
    """Read `path` and join `core.ttl`. Raises InputError: file, what was found, what would work."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"ontology {path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"ontology {path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    try:
        return parse_ontology(text)
    except InputError as error:
        raise InputError(f"ontology {path}: {error}") from error


def parse_ontology(text: str) -> Ontology:
    """The ontology that a Turtle text describes, joined with `core.ttl`. Raises InputError."""
    graph = Graph()
    for turtle in (CORE.read_text(encoding="utf-8"), text):
        _parse(graph, turtle)
    if imported := sorted(map(str, graph.objects(None, OWL.imports))):
        raise InputError(f"owl:imports <{imported[0]}> is not followed, nothing is fetched; copy what you need here")
    declared = _subjects(graph, *CLASS_TYPES)
    classes = [_class(graph, iri, declared) for iri in declared]
    properties = [_property(graph, iri) for iri in _subjects(graph, OWL.DatatypeProperty)]
    inverses = _inverses(graph)
    objects = [iri for iri in _subjects(graph, OWL.ObjectProperty) if iri not in inverses.values()]
    relations = [_relation(graph, iri, inverses.get(iri)) for iri in objects]
    check_distinct([c.name for c in classes], [r.name for r in relations], [p.name for p in properties])
    ontology = Ontology(
        classes={c.name: c for c in classes},
        relations={r.name: r for r in relations},
        properties={p.name: p for p in properties},
        text=text,
    )
    _check_tree(ontology)
    for relation in relations:
        _check_interaction(ontology, relation)
    return ontology


def _parse(graph: Graph, turtle: str) -> None:
    try:
        graph.parse(data=turtle, format="turtle")
    except BadSyntax as error:
        # rdflib counts lines from 0 and quotes the text around the error; its `_why` is the reason alone.
        raise InputError(f"line {error.lines + 1}: {_tidy(error._why)}") from error


def _tidy(why: str) -> str:
    return re.sub(r"\s+", " ", why).strip()


def _subjects(graph: Graph, *types: Node) -> list[URIRef]:
    """What is declared to be of one of the types, sorted by IRI. Blank nodes (OWL expressions) are not ours."""
    return sorted({s for t in types for s in graph.subjects(RDF.type, t) if isinstance(s, URIRef)})


def _label(graph: Graph, iri: URIRef, predicate: URIRef = RDFS.label) -> str | None:
    """The label without a language, else the English one, else the first by language."""
    labels = [o for o in graph.objects(iri, predicate) if isinstance(o, RdfLiteral)]
    labels.sort(key=lambda o: ({None: 0, "en": 1}.get(o.language, 2), o.language or "", str(o)))
    return str(labels[0]).strip() if labels else None


def _class(graph: Graph, iri: URIRef, declared: list[URIRef]) -> Class:
    name = class_name(iri)
    parents = sorted(p for p in graph.objects(iri, RDFS.subClassOf) if isinstance(p, URIRef))
    if unknown := [p for p in parents if p not in declared]:
        raise InputError(f"class {name!r} is a subclass of <{unknown[0]}>, which is not declared as owl:Class")
    return Class(name, str(iri), _label(graph, iri) or name, tuple(class_name(p) for p in parents))


def _property(graph: Graph, iri: URIRef) -> Property:
    name = property_name(iri)
    range_ = _single(graph, iri, RDFS.range) or XSD.string
    if range_ not in DATATYPES:
        known = ", ".join(f"xsd:{local_name(str(d))}" for d in DATATYPES)
        raise InputError(f"property {name!r} has the range <{range_}>; known are {known}")
    return Property(name, str(iri), _label(graph, iri) or name, DATATYPES[range_])


def _inverses(graph: Graph) -> dict[Node, URIRef]:
    """Relation -> the property that only gives it the words for its other direction."""
    inverses: dict[Node, URIRef] = {}
    for words, relation in graph.subject_objects(OWL.inverseOf):
        if not isinstance(words, URIRef):
            continue
        if words in inverses or (relation, OWL.inverseOf, None) in graph:
            raise InputError(
                f"<{words}> and <{relation}> say owl:inverseOf of each other; keep the one on the words only"
            )
        if (words, RDFS.domain, None) in graph or (words, RDFS.range, None) in graph:
            raise InputError(f"<{words}> is owl:inverseOf <{relation}>, so it takes no rdfs:domain and no rdfs:range")
        inverses[relation] = words
    return inverses


def _relation(graph: Graph, iri: URIRef, words: URIRef | None) -> Relation:
    name = relation_name(iri)
    inverse_label = _label(graph, iri, INVERSE_LABEL) or (_label(graph, words) if words else None)
    if inverse_label is None:
        raise InputError(
            f"relation {name!r} has no words for its other direction, and explanations need them; "
            f'add kg:inverseLabel "..." to <{iri}>'
        )
    return Relation(
        name=name,
        iri=str(iri),
        label=_label(graph, iri) or name.lower().replace("_", " "),
        inverse_label=inverse_label,
        domain=_end(graph, iri, RDFS.domain),
        range=_end(graph, iri, RDFS.range),
        positive_from=_positive_from(graph, iri),
    )


def _end(graph: Graph, iri: URIRef, which: URIRef) -> str:
    """The class that is a relation's domain or range."""
    end = _single(graph, iri, which)
    where = f"relation {relation_name(iri)!r}: rdfs:{local_name(which)}"
    if end is None:
        raise InputError(f"{where} is missing; name the class it joins")
    if not isinstance(end, URIRef) or end not in _subjects(graph, *CLASS_TYPES):
        raise InputError(f"{where} is <{end}>, which is not declared as owl:Class")
    return class_name(end)


def _single(graph: Graph, iri: URIRef, predicate: URIRef) -> Node | None:
    values = sorted(graph.objects(iri, predicate), key=str)
    if len(values) > 1:
        found = ", ".join(f"<{v}>" for v in values)
        raise InputError(f"<{iri}> has {len(values)} values of {local_name(predicate)} ({found}); it may have one")
    return values[0] if values else None


def _positive_from(graph: Graph, iri: URIRef) -> float | None:
    value = _single(graph, iri, POSITIVE_FROM)
    if value is None:
        return None
    number = value.toPython() if isinstance(value, RdfLiteral) else None
    if not isinstance(number, int | float | Decimal) or isinstance(number, bool):
        raise InputError(f"kg:positiveFrom of <{iri}> is {str(value)!r}; it has to be a number, for example 3.5")
    return float(number)


def _check_tree(ontology: Ontology) -> None:
    tree = nx.DiGraph((c.name, parent) for c in ontology.classes.values() for parent in c.parents)
    if cycle := next(nx.simple_cycles(tree), None):
        chain = " -> ".join((*cycle, cycle[0]))
        raise InputError(f"classes are subclasses of each other in a circle: {chain}; remove one rdfs:subClassOf")
    if both := [name for name in ontology.kinds_of(ITEM) if name in ontology.kinds_of(USER)]:
        raise InputError(f"class {both[0]!r} is a kind of {ITEM} and a kind of {USER}; it can be one of them")


def _check_interaction(ontology: Ontology, relation: Relation) -> None:
    if not ontology.is_interaction(relation.name):
        if relation.positive_from is not None:
            raise InputError(f"relation {relation.name!r} has kg:positiveFrom, but its domain is not a kind of {USER}")
    elif not ontology.is_a(relation.range, ITEM):
        raise InputError(
            f"relation {relation.name!r} goes from a user to {relation.range!r}, which is not a kind of {ITEM}; "
            f"what starts at a user is an interaction and leads to an item"
        )
