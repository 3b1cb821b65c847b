"""What OWL says of relations, and what it cannot say at once."""

import pytest

from ontology.model import Relation
from ontology.turtle import parse_ontology
from tests.ontologies import PREFIXES, refused

ENDS = "rdfs:domain :Thing ; rdfs:range :Thing"
TO_BRAND = "rdfs:domain :Thing ; rdfs:range :Brand"
FROM_BRAND = "rdfs:domain :Brand ; rdfs:range :Thing"
CLASSES = ":Brand a owl:Class . :Toy a owl:Class ; rdfs:subClassOf :Thing .\n"
BOUGHT = 'a owl:ObjectProperty ; kg:inverseLabel "x" ; rdfs:domain kg:User ; rdfs:range :Thing'


def relation(turtle: str, name: str) -> Relation:
    return parse_ontology(PREFIXES + CLASSES + turtle).relations[name]


def test_characteristics_are_read() -> None:
    part = relation(
        f':partOf a owl:ObjectProperty, owl:TransitiveProperty ; kg:inverseLabel "has" ; {ENDS} .', "PART_OF"
    )
    assert (part.transitive, part.symmetric, part.functional, part.inverse_functional) == (True, False, False, False)
    made = relation(
        f':of a owl:FunctionalProperty, owl:InverseFunctionalProperty ; kg:inverseLabel "x" ; {ENDS} .', "OF"
    )
    assert (made.transitive, made.symmetric, made.functional, made.inverse_functional) == (False, False, True, True)


def test_a_symmetric_relation_reads_the_same_both_ways() -> None:
    near = relation(f':near a owl:SymmetricProperty ; rdfs:label "is near" ; {ENDS} .', "NEAR")
    assert (near.symmetric, near.label, near.inverse_label) == (True, "is near", "is near")


def test_a_property_can_be_functional() -> None:
    shop = parse_ontology(PREFIXES + ":a a owl:DatatypeProperty, owl:FunctionalProperty . :b a owl:DatatypeProperty .")
    assert shop.properties["a"].functional
    assert not shop.properties["b"].functional


def test_an_inverse_with_ends_is_a_relation_of_its_own() -> None:
    text = f"""
    :madeBy a owl:ObjectProperty ; rdfs:label "made by" ; {TO_BRAND} .
    :makes a owl:ObjectProperty ; rdfs:label "makes" ; {FROM_BRAND} ; owl:inverseOf :madeBy .
    """
    made, makes = relation(text, "MADE_BY"), relation(text, "MAKES")
    assert (made.inverse, makes.inverse) == ("MAKES", "MADE_BY")
    assert (made.inverse_label, makes.inverse_label) == ("makes", "made by")


def test_two_inverses_may_say_so_of_each_other() -> None:
    text = f"""
    :madeBy a owl:ObjectProperty ; {TO_BRAND} ; owl:inverseOf :makes .
    :makes a owl:ObjectProperty ; {FROM_BRAND} ; owl:inverseOf :madeBy .
    """
    assert relation(text, "MADE_BY").inverse == "MAKES"


@pytest.mark.parametrize("which", [":makes owl:inverseOf :madeBy .", ":madeBy owl:inverseOf :makes ."])
def test_an_inverse_without_ends_is_words_whoever_says_it(which: str) -> None:
    text = f':madeBy a owl:ObjectProperty ; {TO_BRAND} . :makes a owl:ObjectProperty ; rdfs:label "makes" . {which}'
    shop = parse_ontology(PREFIXES + CLASSES + text)
    assert list(shop.relations) == ["MADE_BY"]
    assert (shop.relations["MADE_BY"].inverse, shop.relations["MADE_BY"].inverse_label) == (None, "makes")


def test_a_relation_can_be_part_of_several() -> None:
    shop = parse_ontology(
        PREFIXES
        + CLASSES
        + f"""
        :a a owl:ObjectProperty ; kg:inverseLabel "x" ; {ENDS} .
        :b a owl:ObjectProperty ; kg:inverseLabel "x" ; {ENDS} ; rdfs:subPropertyOf :a .
        :c a owl:ObjectProperty ; kg:inverseLabel "x" ; rdfs:domain :Toy ; rdfs:range :Toy ; rdfs:subPropertyOf :b, :a .
        """
    )
    assert shop.relations["C"].parents == ("A", "B")
    assert shop.super_relations("C") == ("C", "A", "B")
    assert shop.super_relations("A") == ("A",)


O = 'a owl:ObjectProperty ; kg:inverseLabel "x"'  # noqa: E741
A = f":a {O} ; {ENDS} . "


@pytest.mark.parametrize(
    ("turtle", "message"),
    [
        (f":a a owl:SymmetricProperty ; {TO_BRAND} .", "both ends of a symmetric relation are of one class"),
        (f':a a owl:TransitiveProperty ; kg:inverseLabel "x" ; {TO_BRAND} .', "there is nothing to pass on"),
        (f":a {BOUGHT} . :a a owl:TransitiveProperty .", "'A' is owl:TransitiveProperty, but it starts at a user"),
        (f":a {BOUGHT} . :a a owl:SymmetricProperty .", "'A' is owl:SymmetricProperty, but it starts at a user"),
        (f":a {BOUGHT} . :b {BOUGHT} ; rdfs:subPropertyOf :a .", "'B' is rdfs:subPropertyOf, but it starts at a user"),
        (
            f":a {BOUGHT} . :b {O} ; rdfs:domain :Thing ; rdfs:range kg:User ; owl:inverseOf :a .",
            "'A' is owl:inverseOf a stored relation, but it starts at a user",
        ),
        (f":a {BOUGHT} . :b {O} ; {ENDS} ; rdfs:subPropertyOf :a .", "'B' cannot be part of 'A', which is an inter"),
        (f":a {O} ; {TO_BRAND} . :b {O} ; {TO_BRAND} ; owl:inverseOf :a .", "the same, swapped"),
        (f":a {O} ; {TO_BRAND} . :b {O} ; {FROM_BRAND} ; rdfs:subPropertyOf :a .", "its end 'Brand' is not a kind of"),
        (f"{A}:b {O} ; rdfs:domain :Thing ; owl:inverseOf :a .", "'B': rdfs:range is missing"),
        (f"{A}:a owl:inverseOf :a .", "say that it is an owl:SymmetricProperty"),
        (f"{A}:a a owl:SymmetricProperty . :b {O} ; {ENDS} ; owl:inverseOf :a .", "so it is its own inverse"),
        (f"{A}:b {O} ; {ENDS} ; owl:inverseOf :a, :c . :c {O} ; {ENDS} .", "has several owl:inverseOf"),
        (f"{A}:b owl:inverseOf :a . :c owl:inverseOf :a .", "has several properties that give it words"),
        (f"{A}:b owl:inverseOf <urn:x> .", "<urn:x>, which is not declared as owl:ObjectProperty"),
        (f"{A}:b a owl:TransitiveProperty ; owl:inverseOf :a .", "is owl:TransitiveProperty, but it only gives"),
        (f"{A}:b owl:inverseOf :a ; rdfs:subPropertyOf :a .", "is rdfs:subPropertyOf, but it only gives"),
        (f"{A}:a rdfs:subPropertyOf <urn:x> .", "owl:equivalentProperty to align"),
        (f"{A}:b a owl:ObjectProperty ; owl:inverseOf :a . :a rdfs:subPropertyOf :b .", "which has no rdfs:domain"),
        (f"{A}:b {O} ; {ENDS} ; rdfs:subPropertyOf :a . :a rdfs:subPropertyOf :b .", "in a circle: "),
        (f"{A}:a rdfs:subPropertyOf :a .", "in a circle: A -> A"),
        (f"{A}:a a owl:DatatypeProperty .", "declared as a property and as a relation"),
        (":a a owl:DatatypeProperty, owl:SymmetricProperty .", "declared as a property and as a relation"),
        (f":a a owl:FunctionalProperty ; {ENDS} .", "is owl:FunctionalProperty only"),
        (f"{A}:a a owl:FunctionalProperty, owl:TransitiveProperty .", "several out of one"),
        (
            f"{A}:a a owl:InverseFunctionalProperty . :b a owl:TransitiveProperty . :b {O} ; {ENDS} ; "
            "rdfs:subPropertyOf :a .",
            "'A' is functional, and triples of it follow from the transitive 'B'",
        ),
    ],
)
def test_a_contradiction_is_refused_in_a_sentence(turtle: str, message: str) -> None:
    assert message in refused(CLASSES + turtle)


def test_a_hierarchy_and_names_in_other_vocabularies_are_read() -> None:
    turtle = f"""
    :kind a owl:ObjectProperty, kg:Hierarchy ; kg:inverseLabel "x" ; {ENDS} ;
        owl:equivalentProperty <https://schema.org/isVariantOf>, <https://other.example/kindOf> .
    :year a owl:DatatypeProperty ; owl:equivalentProperty <https://schema.org/datePublished> .
    """
    kind = relation(turtle, "KIND")
    assert (kind.hierarchy, kind.aligned) == (True, ("isVariantOf", "kindOf"))
    assert not relation(f':a a owl:ObjectProperty ; kg:inverseLabel "x" ; {ENDS} .', "A").hierarchy
    assert parse_ontology(PREFIXES + CLASSES + turtle).properties["year"].aligned == ("datePublished",)


@pytest.mark.parametrize(
    ("turtle", "reason"),
    [
        (f':a a owl:ObjectProperty, kg:Hierarchy ; kg:inverseLabel "x" ; {TO_BRAND} .', "nothing to pass on"),
        (f':a a owl:SymmetricProperty, kg:Hierarchy ; rdfs:label "x" ; {ENDS} .', "cannot be wider than the other"),
        (":a a owl:DatatypeProperty, kg:Hierarchy .", "which only relations can be"),
        (f":b {BOUGHT} ; a kg:Hierarchy .", "nothing to pass on"),
        (
            f":a a owl:ObjectProperty ; {ENDS} . :b a owl:ObjectProperty, kg:Hierarchy ; owl:inverseOf :a ."
            ' :b rdfs:label "x" .',
            "is kg:Hierarchy, but it only gives",
        ),
    ],
)
def test_what_cannot_be_a_hierarchy_is_refused(turtle: str, reason: str) -> None:
    assert reason in refused(CLASSES + turtle)
