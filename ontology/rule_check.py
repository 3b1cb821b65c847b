"""Whether a rule can hold and fits the ontology: its variables are bound, joined, and of the right classes."""

from collections.abc import Mapping

import networkx as nx

from ontology.errors import InputError
from ontology.model import Ontology
from ontology.rules import OfClass, Pattern, Rule


def classes_of(rule: Rule, ontology: Ontology) -> dict[str, frozenset[str]]:
    """Variable -> the classes that it can be of, by the ends of its relations and by its own conditions."""
    found: dict[str, frozenset[str]] = {}

    def narrow(variable: str, kinds: tuple[str, ...]) -> None:
        found[variable] = found.get(variable, frozenset(ontology.classes)) & frozenset(kinds)

    for pattern in rule.patterns:
        relation = ontology.relations[pattern.relation]
        narrow(pattern.head, ontology.kinds_of(relation.domain))
        narrow(pattern.tail, ontology.kinds_of(relation.range))
    for condition in rule.conditions:
        if isinstance(condition, OfClass):
            narrow(condition.variable, condition.kinds)
    return found


def check_rule(rule: Rule, ontology: Ontology) -> None:
    """Raise InputError at the first thing that cannot be."""
    where = f"rule {rule.name!r}"
    classes = classes_of(rule, ontology)
    _check_bound(rule, classes, where)
    _check_joined(rule, where)
    for variable, kinds in sorted(classes.items()):
        if not kinds:
            raise InputError(f"{where}: no class is what kg:if asks of ?{variable}, so it never holds")
    for conclusion in rule.conclusions:
        _check_ends(conclusion, classes, ontology, where)


def _check_bound(rule: Rule, classes: Mapping[str, frozenset[str]], where: str) -> None:
    for said in rule.conditions:
        if unbound := sorted(said.variables - classes.keys()):
            raise InputError(f"{where}: ?{unbound[0]} is compared, but no triple or class of kg:if says what it is")
    for conclusion in rule.conclusions:
        if unbound := sorted(conclusion.variables - classes.keys()):
            raise InputError(f"{where}: ?{unbound[0]} is in kg:then, but no triple or class of kg:if says what it is")


def _check_joined(rule: Rule, where: str) -> None:
    """Variables that no triple joins would be paired each with each: 10,000 films are 100,000,000 pairs."""
    joined: nx.Graph[str] = nx.Graph()
    joined.add_edges_from((pattern.head, pattern.tail) for pattern in rule.patterns)
    joined.add_nodes_from(v for condition in rule.conditions for v in condition.variables)
    parts = sorted(min(part) for part in nx.connected_components(joined))
    if len(parts) > 1:
        raise InputError(f"{where}: no triples of kg:if join ?{parts[0]} and ?{parts[1]}; every pair would be one")


def _check_ends(conclusion: Pattern, classes: Mapping[str, frozenset[str]], ontology: Ontology, where: str) -> None:
    relation = ontology.relations[conclusion.relation]
    if ontology.is_interaction(relation.name):
        raise InputError(f"{where}: {relation.name} is an interaction, which happens and does not follow")
    for variable, wanted in ((conclusion.head, relation.domain), (conclusion.tail, relation.range)):
        if others := sorted(classes[variable] - set(ontology.kinds_of(wanted))):
            raise InputError(
                f"{where}: ?{variable} can be a {others[0]}, and {relation.name} wants a {wanted} there; "
                f"add '?{variable} a {wanted}' to kg:if"
            )
