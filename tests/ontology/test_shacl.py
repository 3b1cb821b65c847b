"""What is not understood of SHACL, or cannot be kept, is refused by its name."""

import pytest

from tests.ontologies import PREFIXES, refused
from tests.random_shapes import ONTOLOGY


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            "sh:minCounts 1",
            "sh:path 'text': sh:minCounts is not understood; what a property shape may say is sh:class",
        ),
        ("sh:hasValue 'a'", "sh:hasValue is not understood"),
        ("sh:not [ sh:minCount 1 ]", "sh:not is not understood"),
        ("sh:minCount -1", "sh:minCount is -1; it has to be 0 or more"),
        ("sh:minCount 'one'", "sh:minCount is 'one'; it has to be an integer"),
        ("sh:minCount 2", "sh:minCount is 2, but a property has one value"),
        ("sh:minCount 1 ; sh:maxCount 0", "sh:minCount 1 is more than sh:maxCount 0"),
        ("sh:minCount 0, 1", "has 2 values of minCount"),
        ("sh:datatype xsd:integer", "but the property is a string; that is xsd:string, xsd:anyURI"),
        ("sh:class :Toy", "the value of a property has no class"),
        ("sh:nodeKind sh:IRI", "is never kept by a property; what is: sh:Literal"),
        ("sh:pattern '('", "is no regular expression of Python"),
        ("sh:pattern 'a' ; sh:flags 'q'", "sh:flags has 'q'; known are i, m, s, x"),
        ("sh:flags 'i'", "sh:flags without sh:pattern"),
        ("sh:minInclusive 1", "sh:minInclusive is for numbers and dates, and the property is a string"),
        ("sh:in 'a'", "has to be a list"),
        ("sh:in ('a' 1)", "a value of sh:in is '1'; it has to be a string"),
        ("sh:in ('a'@en)", "a value of sh:in is 'a'; it has to be a string"),
        ("sh:severity sh:Minor", "known are sh:Violation, sh:Warning, sh:Info"),
    ],
)
def test_what_is_not_understood_or_impossible_is_refused(shape: str, message: str) -> None:
    text = f":S a sh:NodeShape ; sh:targetClass :Thing ; sh:property [ sh:path :text ; {shape} ] ."
    assert message in refused(ONTOLOGY.removeprefix(PREFIXES) + text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (":S a sh:NodeShape ; sh:targetNode :x .", "sh:targetNode is not understood; what a node shape may say is"),
        (":S a sh:NodeShape ; sh:targetClass :Thing ; sh:closed true .", "sh:closed is not understood"),
        (":S a sh:NodeShape ; sh:targetClass :Nix .", "sh:targetClass <https://shop.example/#Nix> is not declared"),
        (":S a sh:NodeShape ; sh:property [ sh:path :text ] .", "is for no class"),
        (":S a sh:PropertyShape ; sh:path :text ; sh:minCount 1 .", "belongs to no node shape"),
        (":S a sh:SPARQLConstraint .", "sh:SPARQLConstraint, which is not understood"),
        (":Toy sh:property [ sh:minCount 1 ] .", "sh:path is missing"),
        (
            ":Toy sh:property [ sh:path :nix ; sh:minCount 1 ] .",
            "sh:path is <https://shop.example/#nix>; it has to be a prop",
        ),
        (":Toy sh:property [ sh:path [ sh:inversePath :near ] ] .", "sh:inversePath is not understood"),
        (":Toy sh:property [ sh:path (:near :text) ; sh:minCount 1 ] .", "sh:path is an expression"),
        (":Toy sh:property [ sh:path :near ; sh:pattern 'a' ] .", "sh:pattern is for properties"),
        (":Toy sh:property [ sh:path :near ; sh:class :Nix ] .", "sh:class <https://shop.example/#Nix> is not decl"),
        (":Toy sh:property [ sh:path :near ; sh:class kg:User ] .", "but the relation leads to 'Thing'"),
        (":Toy sh:property [ sh:path :near ; sh:nodeKind sh:Literal ] .", "is never kept by a relation"),
        (":Toy sh:property [ sh:path :price ; sh:pattern 'a' ] .", "for strings and integers, and the property is a n"),
        (":Toy sh:property [ sh:path :since ; sh:minInclusive 'x'^^xsd:date ] .", "it has to be a date"),
        (":Toy sh:property [ sh:path :text ; sh:deactivated 'x' ] .", "sh:deactivated is 'x'; it has to be a boolean"),
    ],
)
def test_a_shape_that_cannot_be_used_is_refused(text: str, message: str) -> None:
    assert message in refused(ONTOLOGY.removeprefix(PREFIXES) + text)
