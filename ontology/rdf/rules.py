"""Reads the rules of an ontology: `kg:Rule` with `kg:if` and `kg:then`; their text is described in rule_text.py."""

from rdflib import Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.namespace import RDF

from ontology.errors import InputError
from ontology.model import Ontology
from ontology.names import rule_name
from ontology.rdf.terms import kg, label, single, subjects
from ontology.rule_check import check_rule
from ontology.rule_text import read_conclusions, read_conditions
from ontology.rules import Rule


def read_rules(graph: Graph, ontology: Ontology) -> tuple[Rule, ...]:
    """All rules, sorted by IRI. Raises InputError, which names the rule."""
    declared = subjects(graph, kg("Rule"))
    for subject in {*graph.subjects(RDF.type, kg("Rule")), *graph.subjects(kg("if")), *graph.subjects(kg("then"))}:
        if subject not in declared:
            raise InputError(
                f"<{subject}> says kg:if or kg:then, but is not a kg:Rule with a name; write ':name a kg:Rule'"
            )
    rules = tuple(_rule(graph, iri, ontology) for iri in declared)
    names = [rule.name for rule in rules]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"two rules are called {twice[0]!r}; names have to differ without their namespace")
    return rules


def _rule(graph: Graph, iri: URIRef, ontology: Ontology) -> Rule:
    name = rule_name(iri)
    where = f"rule {name!r}"
    patterns, conditions = read_conditions(_text(graph, iri, "if"), ontology, f"{where}: kg:if")
    conclusions = read_conclusions(_text(graph, iri, "then"), ontology, f"{where}: kg:then")
    rule = Rule(name, str(iri), label(graph, iri) or name, tuple(patterns), tuple(conditions), tuple(conclusions))
    check_rule(rule, ontology)
    return rule


def _text(graph: Graph, iri: URIRef, predicate: str) -> str:
    value = single(graph, iri, kg(predicate))
    if not isinstance(value, RdfLiteral):
        raise InputError(f"rule {rule_name(iri)!r} has no kg:{predicate}; it has to be a text like '?a relation ?b'")
    return str(value)
