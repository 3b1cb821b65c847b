"""What an ontology cannot say at once: each contradiction is refused in a sentence, when it is read."""

from collections.abc import Mapping, Sequence

import networkx as nx

from ontology.errors import InputError
from ontology.model import ITEM, USER, Ontology, Relation


def check_consistent(ontology: Ontology) -> None:
    """Raise InputError at the first contradiction."""
    _check_circle({name: c.parents for name, c in ontology.classes.items()}, "classes are subclasses", "subClassOf")
    _check_circle(
        {name: r.parents for name, r in ontology.relations.items()}, "relations are sub-relations", "subPropertyOf"
    )
    if both := [name for name in ontology.kinds_of(ITEM) if name in ontology.kinds_of(USER)]:
        raise InputError(f"class {both[0]!r} is a kind of {ITEM} and a kind of {USER}; it can be one of them")
    for relation in ontology.relations.values():
        _check_interaction(ontology, relation)
        _check_symmetric(relation)
        _check_passed_on(ontology, relation)
        _check_inverse(ontology, relation)
        _check_parents(ontology, relation)
    _check_functional(ontology)


def _check_circle(parents: Mapping[str, Sequence[str]], what: str, statement: str) -> None:
    tree = nx.DiGraph((name, parent) for name, above in parents.items() for parent in above)
    if cycle := next(nx.simple_cycles(tree), None):
        chain = " -> ".join((*cycle, cycle[0]))
        raise InputError(f"{what} of each other in a circle: {chain}; remove one rdfs:{statement}")


def _check_interaction(ontology: Ontology, relation: Relation) -> None:
    if not ontology.is_interaction(relation.name):
        if relation.positive_from is not None:
            raise InputError(f"relation {relation.name!r} has kg:positiveFrom, but its domain is not a kind of {USER}")
        if relation.repeats:
            raise InputError(f"relation {relation.name!r} has kg:repeats, but its domain is not a kind of {USER}")
        return
    if not ontology.is_a(relation.range, ITEM):
        raise InputError(
            f"relation {relation.name!r} goes from a user to {relation.range!r}, which is not a kind of {ITEM}; "
            f"what starts at a user is an interaction and leads to an item"
        )
    derives = {
        "owl:SymmetricProperty": relation.symmetric,
        "owl:TransitiveProperty": relation.transitive,
        "rdfs:subPropertyOf": bool(relation.parents),
        "owl:inverseOf a stored relation": bool(relation.inverse),
    }
    if said := [name for name, is_so in derives.items() if is_so]:
        raise InputError(
            f"relation {relation.name!r} is {said[0]}, but it starts at a user: interactions happened "
            "with a time and a value, and are never derived"
        )


def _check_symmetric(relation: Relation) -> None:
    if relation.symmetric and relation.domain != relation.range:
        raise InputError(
            f"relation {relation.name!r} is owl:SymmetricProperty, but goes from {relation.domain!r} to "
            f"{relation.range!r}; both ends of a symmetric relation are of one class"
        )
    if relation.symmetric and relation.hierarchy:
        raise InputError(
            f"relation {relation.name!r} is owl:SymmetricProperty and kg:Hierarchy; one of two entities cannot be "
            "wider than the other both ways"
        )
    if relation.symmetric and relation.inverse:
        raise InputError(
            f"relation {relation.name!r} is owl:SymmetricProperty, so it is its own inverse; "
            f"remove its owl:inverseOf {relation.inverse!r}"
        )


def _check_passed_on(ontology: Ontology, relation: Relation) -> None:
    kinds = {"owl:TransitiveProperty": relation.transitive, "kg:Hierarchy": relation.hierarchy}
    both = set(ontology.kinds_of(relation.domain)) & set(ontology.kinds_of(relation.range))
    for kind in (kind for kind, is_so in kinds.items() if is_so and not both):
        raise InputError(
            f"relation {relation.name!r} is {kind}, but goes from {relation.domain!r} to "
            f"{relation.range!r}: no tail can be the head of another, so there is nothing to pass on"
        )


def _check_inverse(ontology: Ontology, relation: Relation) -> None:
    if relation.inverse is None:
        return
    other = ontology.relations[relation.inverse]
    if (relation.domain, relation.range) != (other.range, other.domain):
        raise InputError(
            f"relation {relation.name!r} goes from {relation.domain!r} to {relation.range!r}, and its inverse "
            f"{other.name!r} from {other.domain!r} to {other.range!r}; the ends of an inverse are the same, swapped"
        )


def _check_parents(ontology: Ontology, relation: Relation) -> None:
    for parent in (ontology.relations[name] for name in relation.parents):
        if ontology.is_interaction(parent.name):
            raise InputError(f"relation {relation.name!r} cannot be part of {parent.name!r}, which is an interaction")
        for end, wanted in ((relation.domain, parent.domain), (relation.range, parent.range)):
            if not ontology.is_a(end, wanted):
                raise InputError(
                    f"relation {relation.name!r} is rdfs:subPropertyOf {parent.name!r}, but its end {end!r} is not "
                    f"a kind of {wanted!r}; each of its triples has to be one of {parent.name!r} as well"
                )


def _check_functional(ontology: Ontology) -> None:
    """OWL 2 (Structural Specification, 11.2): what follows from a chain cannot be limited to one."""
    above: nx.DiGraph[str] = nx.DiGraph()
    above.add_nodes_from(ontology.relations)
    for relation in ontology.relations.values():
        above.add_edges_from((relation.name, name) for name in (*relation.parents, relation.inverse) if name)
    for chain in sorted(name for name, relation in ontology.relations.items() if relation.transitive):
        for name in (chain, *sorted(nx.descendants(above, chain))):
            if ontology.relations[name].functional or ontology.relations[name].inverse_functional:
                raise InputError(
                    f"relation {name!r} is functional, and triples of it follow from the transitive {chain!r}, "
                    "which makes several out of one; it can be one of the two"
                )
