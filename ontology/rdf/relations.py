"""Relations as Turtle declares them: their ends, their words, and what OWL says of them.

An `owl:inverseOf` joins a relation to words or to a relation. A property without `rdfs:domain` and `rdfs:range` is
words only: it gives its label to the other direction. One that has both is a relation that is stored as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from rdflib import Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.namespace import OWL, RDF, RDFS

from ontology.errors import InputError
from ontology.model import Relation
from ontology.names import class_name, local_name, relation_name
from ontology.rdf.terms import aligned, is_class, kg, label, single, subjects

RELATION_ONLY = (OWL.SymmetricProperty, OWL.TransitiveProperty, OWL.InverseFunctionalProperty)
"""What only a relation can be, so that saying it declares one."""
RELATION_TYPES = (OWL.ObjectProperty, *RELATION_ONLY)


@dataclass(frozen=True)
class _Inverses:
    """Relation -> the property that gives its words; relation -> the relation that says the same from its tail."""

    words: dict[URIRef, URIRef] = field(default_factory=dict)
    stored: dict[URIRef, URIRef] = field(default_factory=dict)


def read_relations(graph: Graph) -> list[Relation]:
    """All relations, sorted by IRI. Raises InputError."""
    declared = subjects(graph, *RELATION_TYPES)
    _check_declared(graph, declared)
    inverses = _inverses(graph, declared)
    words = {words: relation for relation, words in inverses.words.items()}
    for iri, relation in words.items():
        _check_words(graph, iri, relation)
    return [_relation(graph, iri, inverses) for iri in declared if iri not in words]


def _check_declared(graph: Graph, declared: list[URIRef]) -> None:
    properties = subjects(graph, OWL.DatatypeProperty)
    if both := sorted(set(declared) & set(properties)):
        raise InputError(f"<{both[0]}> is declared as a property and as a relation; it can be one of them")
    if lone := sorted(set(subjects(graph, OWL.FunctionalProperty)) - {*declared, *properties}):
        raise InputError(
            f"<{lone[0]}> is owl:FunctionalProperty only; say owl:ObjectProperty or owl:DatatypeProperty too"
        )


def _inverses(graph: Graph, declared: list[URIRef]) -> _Inverses:
    found = _Inverses()
    for one, other in _inverse_pairs(graph):
        if one == other:
            raise InputError(f"<{one}> is its own owl:inverseOf; say that it is an owl:SymmetricProperty")
        if _has_ends(graph, one) and _has_ends(graph, other):
            _check_relation(one, other, declared)
            _check_relation(other, one, declared)
            _join(found.stored, one, other, "owl:inverseOf")
            _join(found.stored, other, one, "owl:inverseOf")
            continue
        if (other, OWL.inverseOf, one) in graph:
            raise InputError(f"<{one}> and <{other}> say owl:inverseOf of each other; keep the one on the words only")
        words, relation = (other, one) if _has_ends(graph, one) else (one, other)
        _check_relation(words, relation, declared)
        _join(found.words, relation, words, "properties that give it words")
    return found


def _check_relation(inverse: URIRef, relation: URIRef, declared: list[URIRef]) -> None:
    if relation not in declared:
        raise InputError(f"<{inverse}> is owl:inverseOf <{relation}>, which is not declared as owl:ObjectProperty")


def _inverse_pairs(graph: Graph) -> Iterator[tuple[URIRef, URIRef]]:
    for one, other in sorted(graph.subject_objects(OWL.inverseOf), key=str):
        if isinstance(one, URIRef) and isinstance(other, URIRef):  # others are OWL expressions, which are not ours
            yield one, other


def _has_ends(graph: Graph, iri: URIRef) -> bool:
    return (iri, RDFS.domain, None) in graph or (iri, RDFS.range, None) in graph


def _join(found: dict[URIRef, URIRef], iri: URIRef, other: URIRef, what: str) -> None:
    if found.setdefault(iri, other) != other:
        raise InputError(f"<{iri}> has several {what}: <{found[iri]}> and <{other}>; it may have one")


def _check_words(graph: Graph, iri: URIRef, relation: URIRef) -> None:
    said = [f"owl:{local_name(t)}" for t in (*RELATION_ONLY, OWL.FunctionalProperty) if (iri, RDF.type, t) in graph]
    said += ["kg:Hierarchy"] if (iri, RDF.type, kg("Hierarchy")) in graph else []
    said += ["rdfs:subPropertyOf"] if (iri, RDFS.subPropertyOf, None) in graph else []
    if said:
        raise InputError(
            f"<{iri}> is {said[0]}, but it only gives <{relation}> the words for its other direction; "
            "say it of that relation, or give this one rdfs:domain and rdfs:range, so that it is a relation too"
        )


def _relation(graph: Graph, iri: URIRef, inverses: _Inverses) -> Relation:
    inverse = inverses.stored.get(iri)
    return Relation(
        name=relation_name(iri),
        iri=str(iri),
        label=_label(graph, iri),
        inverse_label=_inverse_label(graph, iri, inverses),
        domain=_end(graph, iri, RDFS.domain),
        range=_end(graph, iri, RDFS.range),
        positive_from=_positive_from(graph, iri),
        repeats=_repeats(graph, iri),
        symmetric=(iri, RDF.type, OWL.SymmetricProperty) in graph,
        transitive=(iri, RDF.type, OWL.TransitiveProperty) in graph,
        functional=(iri, RDF.type, OWL.FunctionalProperty) in graph,
        inverse_functional=(iri, RDF.type, OWL.InverseFunctionalProperty) in graph,
        parents=tuple(relation_name(p) for p in _parents(graph, iri)),
        inverse=relation_name(inverse) if inverse else None,
        hierarchy=(iri, RDF.type, kg("Hierarchy")) in graph,
        aligned=aligned(graph, iri),
    )


def _label(graph: Graph, iri: URIRef) -> str:
    return label(graph, iri) or relation_name(iri).lower().replace("_", " ")


def _inverse_label(graph: Graph, iri: URIRef, inverses: _Inverses) -> str:
    """`kg:inverseLabel`, or the label of the inverse; a symmetric relation reads the same both ways."""
    said = label(graph, iri, kg("inverseLabel"))
    if said is None and iri in inverses.words:
        said = label(graph, inverses.words[iri])
    if said is None and iri in inverses.stored:
        said = _label(graph, inverses.stored[iri])
    if said is None and (iri, RDF.type, OWL.SymmetricProperty) in graph:
        said = _label(graph, iri)
    if said is None:
        raise InputError(
            f"relation {relation_name(iri)!r} has no words for its other direction, and explanations need them; "
            f'add kg:inverseLabel "..." to <{iri}>'
        )
    return said


def _parents(graph: Graph, iri: URIRef) -> list[URIRef]:
    parents = sorted(p for p in graph.objects(iri, RDFS.subPropertyOf) if isinstance(p, URIRef))
    for parent in parents:
        if not any((parent, RDF.type, kind) in graph for kind in RELATION_TYPES):
            raise InputError(
                f"relation {relation_name(iri)!r} is rdfs:subPropertyOf <{parent}>, which is not declared as "
                "owl:ObjectProperty; declare it, or say owl:equivalentProperty to align it with another vocabulary"
            )
        if not _has_ends(graph, parent):
            raise InputError(
                f"relation {relation_name(iri)!r} is rdfs:subPropertyOf <{parent}>, which has no rdfs:domain "
                "and no rdfs:range"
            )
    return parents


def _end(graph: Graph, iri: URIRef, which: URIRef) -> str:
    """The class that is a relation's domain or range."""
    end = single(graph, iri, which)
    where = f"relation {relation_name(iri)!r}: rdfs:{local_name(which)}"
    if end is None:
        raise InputError(f"{where} is missing; name the class it joins")
    if not isinstance(end, URIRef) or not is_class(graph, end):
        raise InputError(f"{where} is <{end}>, which is not declared as owl:Class")
    return class_name(end)


def _positive_from(graph: Graph, iri: URIRef) -> float | None:
    value = single(graph, iri, kg("positiveFrom"))
    if value is None:
        return None
    number = value.toPython() if isinstance(value, RdfLiteral) else None
    if not isinstance(number, int | float | Decimal) or isinstance(number, bool):
        raise InputError(f"kg:positiveFrom of <{iri}> is {str(value)!r}; it has to be a number, for example 3.5")
    return float(number)


def _repeats(graph: Graph, iri: URIRef) -> bool:
    value = single(graph, iri, kg("repeats"))
    if value is None:
        return False
    said = value.toPython() if isinstance(value, RdfLiteral) else None
    if not isinstance(said, bool):
        raise InputError(f"kg:repeats of <{iri}> is {str(value)!r}; it has to be true or false")
    return said
