from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.errors import InputError
from ontology.names import relation_name
from ontology.turtle import load_ontology, parse_ontology
from tests.ontologies import PREFIXES, refused

MOVIES = Path(__file__).parents[2] / "ontology" / "movies.ttl"


def test_the_films_can_be_read() -> None:
    films = load_ontology(MOVIES)
    assert films.ancestors("Film") == ("Film", "CreativeWork", "Item")
    assert films.kinds_of("Agent") == ("Agent", "Company", "Person")
    directed = films.relations["DIRECTED_BY"]
    assert (directed.label, directed.inverse_label, directed.domain, directed.range) == (
        "directed by",
        "directed",
        "Film",
        "Person",
    )
    assert [r.name for r in films.interactions()] == ["RATED"]
    assert films.relations["RATED"].positive_from == 3.5
    assert films.properties["year"].datatype == "integer"
    assert films.text == MOVIES.read_text(encoding="utf-8")


def test_every_ontology_has_items_users_and_names() -> None:
    empty = parse_ontology("")
    assert sorted(empty.classes) == ["Item", "User"]
    assert sorted(empty.properties) == ["name"]


def test_a_class_may_have_several_parents() -> None:
    shop = parse_ontology(PREFIXES + ":Gift a owl:Class . :Toy a owl:Class ; rdfs:subClassOf :Thing, :Gift .")
    assert shop.ancestors("Toy") == ("Toy", "Gift", "Item", "Thing")


def test_an_rdf_property_is_a_relation_or_a_property_by_its_range() -> None:
    shop = parse_ontology(
        PREFIXES.replace("owl:Class", "rdfs:Class")
        + """
        @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
        :Brand a rdfs:Class .
        :price a rdf:Property ; rdfs:range xsd:decimal .
        :weight a rdf:Property, owl:DatatypeProperty .
        :remark a rdf:Property, owl:AnnotationProperty .
        :madeBy a rdf:Property, owl:FunctionalProperty ; rdfs:domain :Thing ; rdfs:range :Brand .
        :makes a rdf:Property ; owl:inverseOf :madeBy ; rdfs:label "makes" .
        """
    )
    assert {name: p.datatype for name, p in shop.properties.items()} == {
        "name": "string",
        "price": "number",
        "weight": "string",
    }
    made_by = shop.relations["MADE_BY"]
    assert (made_by.domain, made_by.range, made_by.functional) == ("Thing", "Brand", True)
    assert made_by.inverse_label == "makes"
    assert list(shop.relations) == ["MADE_BY"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", "#p> is an rdf:Property with no rdfs:range; a class makes it a relation, xsd:string a property"),
        (
            "; rdfs:range :Nowhere",
            "with the rdfs:range <.*#Nowhere>, no class of this file and no datatype; a class makes it",
        ),
        ("; rdfs:range rdfs:Literal", "rdf-schema#Literal>, no class of this file"),
        ("; rdfs:range xsd:duration", "property 'p' has the range .*duration>; known are xsd:string"),
        ("; rdfs:range xsd:string, :Thing", "has 2 values of range"),
    ],
)
def test_an_rdf_property_that_is_neither_is_refused_in_a_sentence(said: str, message: str) -> None:
    rdf = "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . "
    with pytest.raises(InputError, match=message):
        parse_ontology(PREFIXES + rdf + f":p a rdf:Property {said} .")


def test_the_label_of_an_inverse_property_is_the_inverse_label() -> None:
    shop = parse_ontology(
        PREFIXES
        + """
        :likes a owl:ObjectProperty ; rdfs:label "mag"@de , "likes"@en ; rdfs:domain kg:User ; rdfs:range :Thing .
        :likedBy a owl:ObjectProperty ; owl:inverseOf :likes ; rdfs:label "is liked by" .
        """
    )
    assert list(shop.relations) == ["LIKES"]
    assert (shop.relations["LIKES"].label, shop.relations["LIKES"].inverse_label) == ("likes", "is liked by")
    assert shop.relations["LIKES"].positive_from is None


@pytest.mark.parametrize(
    ("local", "name"),
    [
        ("directedBy", "DIRECTED_BY"),
        ("rated", "RATED"),
        ("hasURL", "HAS_URL"),
        ("isURLOf", "IS_URL_OF"),
    ],
)
def test_relations_are_upper_snake(local: str, name: str) -> None:
    assert relation_name(f"https://shop.example/{local}") == name


@given(st.from_regex(r"[a-z][A-Za-z0-9]{0,20}", fullmatch=True))
def test_a_relation_name_keeps_every_letter(local: str) -> None:
    name = relation_name(f"urn:x:{local}")
    assert name.replace("_", "").lower() == local.lower()
    assert not name.startswith("_")
    assert not name.endswith("_")


RELATION = 'rdfs:domain :Thing ; rdfs:range :Thing ; kg:inverseLabel "x" .'


@pytest.mark.parametrize(
    ("turtle", "message"),
    [
        (
            ":Toy a owl:Class ; rdfs:subClassOf :Gift .",
            "'Toy' is a subclass of <https://shop.example/#Gift>, which is not",
        ),
        (":A a owl:Class ; rdfs:subClassOf :B . :B a owl:Class ; rdfs:subClassOf :A .", "in a circle: "),
        (":Me a owl:Class ; rdfs:subClassOf :Thing, kg:User .", "'Me' is a kind of Item and a kind of User"),
        (":toy a owl:Class .", "the local name 'toy' has to be CamelCase"),
        (f":Likes a owl:ObjectProperty ; {RELATION}", "the local name 'Likes' has to be camelCase"),
        (":full-name a owl:DatatypeProperty .", "the local name 'full-name' has to be camelCase"),
        (":id a owl:DatatypeProperty .", "cannot be called 'id'"),
        (":kg_row a owl:DatatypeProperty .", "names that begin with 'kg_' are kept"),
        (":a a owl:DatatypeProperty ; rdfs:subPropertyOf kg:name .", "which only relations can have"),
        (":size a owl:DatatypeProperty ; rdfs:range xsd:hexBinary .", "property 'size' has the range"),
        (f":thing a owl:ObjectProperty ; {RELATION}", "class 'Thing' and relation 'THING' have the same name"),
        (
            f":LIKES a owl:Class . :likes a owl:ObjectProperty ; {RELATION}",
            "class 'LIKES' and relation 'LIKES' have the same",
        ),
        ("<urn:a:Toy> a owl:Class . <urn:b:Toy> a owl:Class .", "two classes are called 'Toy'"),
        (
            f":hasUrl a owl:ObjectProperty ; {RELATION} :hasURL a owl:ObjectProperty ; {RELATION}",
            "two relations are called",
        ),
        (":of a owl:ObjectProperty ; rdfs:range :Thing ; kg:inverseLabel 'x' .", "'OF': rdfs:domain is missing"),
        (
            ":of a owl:ObjectProperty ; rdfs:domain :Thing ; rdfs:range :Nix ; kg:inverseLabel 'x' .",
            "rdfs:range is <https",
        ),
        (
            ":of a owl:ObjectProperty ; rdfs:domain :Thing, kg:User ; rdfs:range :Thing ; kg:inverseLabel 'x' .",
            "has 2 values",
        ),
        (":of a owl:ObjectProperty ; rdfs:domain :Thing ; rdfs:range :Thing .", "add kg:inverseLabel"),
        (f":of a owl:ObjectProperty ; kg:positiveFrom 1 ; {RELATION}", "has kg:positiveFrom, but its domain is not"),
        (
            f":of a owl:ObjectProperty ; kg:positiveFrom 'a' ; {RELATION}",
            "has to be a number",
        ),
        (f":of a owl:ObjectProperty ; kg:repeats true ; {RELATION}", "has kg:repeats, but its domain is not"),
        (f":of a owl:ObjectProperty ; kg:repeats 'often' ; {RELATION}", "is 'often'; it has to be true or false"),
        (
            ":of a owl:ObjectProperty ; rdfs:domain kg:User ; rdfs:range kg:User ; kg:inverseLabel 'x' .",
            "leads to an item",
        ),
        ("<urn:x> a owl:Ontology ; owl:imports <http://localhost:9/x.ttl> .", "nothing is fetched"),
        (":a owl:inverseOf :b . :b owl:inverseOf :a .", "owl:inverseOf of each other"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(turtle: str, message: str) -> None:
    assert message in refused(turtle)


def test_a_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttl"
    path.write_text("@prefix : <urn:x:> .\n:a :b :c .\n:a :b ] .\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"broken\.ttl: line 3: "):
        load_ontology(path)


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_ontology(tmp_path / "none.ttl")
    latin = tmp_path / "latin.ttl"
    latin.write_bytes(b"# caf\xe9\n")
    with pytest.raises(InputError, match="is not UTF-8"):
        load_ontology(latin)
