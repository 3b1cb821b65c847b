"""Turtle of ontologies that tests make up, and the sentence that refuses one."""

import pytest

from ontology.errors import InputError
from ontology.turtle import parse_ontology

PREFIXES = """
@prefix : <https://shop.example/#> .
@prefix kg: <https://kgrec.example/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Thing a owl:Class ; rdfs:subClassOf kg:Item .
"""


def refused(turtle: str) -> str:
    """The message that refuses an ontology."""
    with pytest.raises(InputError) as caught:
        parse_ontology(PREFIXES + turtle)
    return str(caught.value)
