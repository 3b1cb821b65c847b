"""Reads an ontology from Turtle (RDFS, OWL, SHACL). Nothing is ever fetched: `owl:imports` is refused.

What is understood is listed in docs/ontology.md. `core.ttl` is joined to every ontology. Other statements (comments,
`owl:equivalentClass`) are allowed and not used.
"""

import re
from dataclasses import replace
from pathlib import Path

from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, RDFS, XSD
from rdflib.plugins.parsers.notation3 import BadSyntax

from ontology.consistency import check_consistent
from ontology.errors import InputError
from ontology.model import Class, Ontology, Property
from ontology.names import check_distinct, class_name, local_name, property_name
from ontology.rdf.properties import declare_properties
from ontology.rdf.relations import read_relations
from ontology.rdf.rules import read_rules
from ontology.rdf.shacl import read_shapes
from ontology.rdf.terms import CLASS_TYPES, DATATYPES, aligned, is_class, kg, label, single, subjects

CORE = Path(__file__).with_name("core.ttl")


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
    declare_properties(graph)
    classes = [_class(graph, iri) for iri in subjects(graph, *CLASS_TYPES)]
    relations = read_relations(graph)
    properties = [_property(graph, iri) for iri in subjects(graph, OWL.DatatypeProperty)]
    check_distinct([c.name for c in classes], [r.name for r in relations], [p.name for p in properties])
    ontology = Ontology(
        classes={c.name: c for c in classes},
        relations={r.name: r for r in relations},
        properties={p.name: p for p in properties},
        text=text,
    )
    check_consistent(ontology)
    return replace(ontology, shapes=read_shapes(graph, ontology), rules=read_rules(graph, ontology))


def _parse(graph: Graph, turtle: str) -> None:
    try:
        graph.parse(data=turtle, format="turtle")
    except BadSyntax as error:
        # rdflib counts lines from 0 and quotes the text around the error; its `_why` is the reason alone.
        raise InputError(f"line {error.lines + 1}: {_tidy(error._why)}") from error


def _tidy(why: str) -> str:
    return re.sub(r"\s+", " ", why).strip()


def _class(graph: Graph, iri: URIRef) -> Class:
    name = class_name(iri)
    parents = sorted(p for p in graph.objects(iri, RDFS.subClassOf) if isinstance(p, URIRef))
    if unknown := [p for p in parents if not is_class(graph, p)]:
        raise InputError(f"class {name!r} is a subclass of <{unknown[0]}>, which is not declared as owl:Class")
    return Class(name, str(iri), label(graph, iri) or name, tuple(class_name(p) for p in parents))


def _property(graph: Graph, iri: URIRef) -> Property:
    name = property_name(iri)
    range_ = single(graph, iri, RDFS.range) or XSD.string
    if range_ not in DATATYPES:
        known = ", ".join(f"xsd:{local_name(str(d))}" for d in DATATYPES)
        raise InputError(f"property {name!r} has the range <{range_}>; known are {known}")
    if (iri, RDFS.subPropertyOf, None) in graph:
        raise InputError(f"property {name!r} has rdfs:subPropertyOf, which only relations can have")
    if (iri, RDF.type, kg("Hierarchy")) in graph:
        raise InputError(f"property {name!r} is kg:Hierarchy, which only relations can be")
    functional = (iri, RDF.type, OWL.FunctionalProperty) in graph
    return Property(name, str(iri), label(graph, iri) or name, DATATYPES[range_], functional, aligned(graph, iri))
