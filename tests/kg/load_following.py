"""The library with what follows from its triples, and what has to follow, found out from a plain graph."""

from pathlib import Path

from kg.derived import REASONING
from ontology.deriving import Facts, derive
from ontology.model import Ontology
from ontology.reasoning import Entailment, Statement
from ontology.turtle import parse_ontology
from tests.kg.load_model import Thing, Values
from tests.kg.loads import ONTOLOGY

_NEAR = """
:nearTo a owl:ObjectProperty ; rdfs:domain :Book ; rdfs:range :Book ; kg:inverseLabel "near" .
:sameAuthor a kg:Rule ; kg:if "?p writtenBy ?a . ?q writtenBy ?a . ?p != ?q" ; kg:then "?p nearTo ?q" .
"""
PLAIN = f"{ONTOLOGY} {_NEAR} :cites a owl:SymmetricProperty, owl:TransitiveProperty ."
"""Reasoning and rules that have nothing to do with each other."""
RECURSIVE = f"""{ONTOLOGY} {_NEAR}
:further a kg:Rule ; kg:if "?p nearTo ?q . ?q cites ?r . ?p != ?r" ; kg:then "?p nearTo ?r" .
"""
"""A rule that builds on what it concludes."""
LAYERED = f"""{ONTOLOGY} {_NEAR}
:nearTo a owl:SymmetricProperty . :cites a owl:TransitiveProperty ; rdfs:subPropertyOf :nearTo .
:shared a kg:Rule ; kg:if "?p writtenBy ?a . ?q writtenBy ?a . ?p != ?q . ?q cites ?r" ; kg:then "?p cites ?r" .
"""
"""Rules conclude what is reasoned with, and build on what was reasoned."""


def following(folder: Path, text: str = PLAIN) -> Ontology:
    """Make the library of a folder one in which something follows."""
    (folder / "library.ttl").write_text(text, encoding="utf-8")
    return parse_ontology(text)


def followed(graph: dict[Thing, Values], ontology: Ontology) -> dict[Thing, str]:
    """What follows from what is said, by reasoning and rules until there is nothing more; and by what."""
    said = {_statement(thing) for thing in graph if thing[0] == "triple"}
    entailment = Entailment(ontology)
    entailment.add(said)
    found: dict[Statement, str] = {}
    while new := {s: n for s, n in _once(entailment, ontology).items() if s not in found and s not in said}:
        found |= new
        entailment.add(new)
    return {_thing(statement): name for statement, name in found.items()}


def _once(entailment: Entailment, ontology: Ontology) -> dict[Statement, str]:
    known = list(entailment.triples())
    by_rules = derive(ontology.rules, Facts(known))
    return {s: min(names) for s, names in by_rules.items()} | dict.fromkeys(known, REASONING)


def _statement(thing: Thing) -> Statement:
    _, relation, head, tail = thing
    return ("Book", head), relation, ("Author" if relation == "WRITTEN_BY" else "Book", tail)


def _thing(statement: Statement) -> Thing:
    head, relation, tail = statement
    return ("triple", relation, head[1], tail[1])
