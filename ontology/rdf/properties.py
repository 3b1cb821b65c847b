"""What is declared as `rdf:Property`, the word of RDFS, is a relation or a property of OWL, by its range."""

from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, RDFS, XSD
from rdflib.term import Node

from ontology.errors import InputError
from ontology.rdf.relations import RELATION_TYPES
from ontology.rdf.terms import is_class, single, subjects

_KNOWN = (*RELATION_TYPES, OWL.DatatypeProperty, OWL.AnnotationProperty)


def declare_properties(graph: Graph) -> None:
    """Declare each `rdf:Property` in the words of OWL, too. Raises InputError where its range does not say how.

    One that `owl:inverseOf` joins to another needs no range: it gives that one its words.
    """
    known = set(subjects(graph, *_KNOWN))
    for iri in subjects(graph, RDF.Property):
        if iri not in known:
            graph.add((iri, RDF.type, _type(graph, iri)))


def _type(graph: Graph, iri: URIRef) -> Node:
    range_ = single(graph, iri, RDFS.range)
    if range_ is None and ((iri, OWL.inverseOf, None) in graph or (None, OWL.inverseOf, iri) in graph):
        return OWL.ObjectProperty
    if range_ is not None and is_class(graph, range_):
        return OWL.ObjectProperty
    if range_ is not None and str(range_).startswith(str(XSD)):
        return OWL.DatatypeProperty
    found = "no rdfs:range" if range_ is None else f"the rdfs:range <{range_}>, no class of this file and no datatype"
    raise InputError(f"<{iri}> is an rdf:Property with {found}; a class makes it a relation, xsd:string a property")
