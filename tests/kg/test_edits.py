"""An edit is checked by the rules of a load: classes, properties, relations, tails, each error at its place."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import values
from kg.check import check_mapping
from kg.edits import Asked, checked, checked_all, warnings
from kg.entries import Edit
from kg.mapping import load_mapping
from kg.planned import Standing
from kg.triples import Ref
from ontology.errors import InputError
from ontology.turtle import load_ontology, parse_ontology
from tests.plain_graph import SHOP

FILMS = load_ontology(Path(__file__).parents[2] / "ontology" / "movies.ttl")
TWINS = parse_ontology("""
@prefix : <https://example.org/#> . @prefix kg: <https://kgrec.example/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:Book a owl:Class ; rdfs:subClassOf kg:Item . :Agent a owl:Class .
:Person a owl:Class ; rdfs:subClassOf :Agent . :Firm a owl:Class ; rdfs:subClassOf :Agent .
:by a owl:ObjectProperty ; kg:inverseLabel "of" ; rdfs:domain :Book ; rdfs:range :Agent .
:sequelOf a owl:ObjectProperty ; kg:inverseLabel "of" ; rdfs:domain :Book ; rdfs:range :Book .
:read a owl:ObjectProperty ; kg:inverseLabel "of" ; rdfs:domain kg:User ; rdfs:range :Book .
""")


class Graph:
    """What is there: items by key, and other entities."""

    def __init__(self, *refs: Ref, items: dict[str, str] | None = None) -> None:
        self.items = items or {}
        self.refs = {*refs, *(Ref(cls, key) for key, cls in self.items.items())}

    def item_class(self, key: str) -> str | None:
        return self.items.get(key)

    def has(self, ref: Ref) -> bool:
        return ref in self.refs

    def about(self, ref: Ref) -> Standing:
        return Standing([], [])


BRAND, KNIVES = Ref("Brand", "fjell"), Ref("Category", "knives")
THERE = Graph(BRAND, KNIVES, items={"p1": "Product", "g1": "GiftCard"})


def wrong(asked: Asked, ontology: Any = SHOP, known: Any = THERE) -> list[tuple[tuple[str | int, ...], str]]:
    found = checked(asked, ontology, known, 0)
    assert isinstance(found, list)
    return [(part.place, part.reason) for part in found]


def right(asked: Asked, ontology: Any = SHOP, known: Any = THERE) -> Edit:
    found = checked(asked, ontology, known, 7)
    assert isinstance(found, Edit), found
    return found


def test_what_fits_becomes_values_and_names():
    said = {"name": "Knife", "price": 5, "inStock": True, "since": "2024-05-01", "currency": None}
    relations = {"MADE_BY": ["fjell", "fjell"], "IN_CATEGORY": [KNIVES]}
    made = right(Asked("put", "p2", "Product", said, relations))
    assert made.item == Ref("Product", "p2")
    assert made.properties == {"name": "Knife", "price": 5.0, "inStock": True, "since": 1714521600000}
    assert isinstance(made.properties["price"], float)
    assert made.relations == {"MADE_BY": (BRAND,), "IN_CATEGORY": (KNIVES,)}
    assert (made.op, made.at) == ("put", 7)


def test_a_patch_keeps_what_is_to_go():
    made = right(Asked("patch", "p1", None, {"price": None, "name": "New"}, {"MADE_BY": [], "IN_CATEGORY": []}))
    assert made.properties == {"price": None, "name": "New"}
    assert made.relations == {"MADE_BY": (), "IN_CATEGORY": ()}


def test_one_class_of_items_need_not_be_said():
    assert right(Asked("put", "m1"), FILMS, Graph()).item == Ref("Film", "m1")
    assert wrong(Asked("put", "p9")) == [(("class",), "say which class: GiftCard, Product")]
    assert right(Asked("put", "g1")).item == Ref("GiftCard", "g1")  # it is one already


@pytest.mark.parametrize(
    ("cls", "reason"),
    [
        ("Nothing", "'Nothing' is not in the ontology; it has Brand, Category, "),
        ("Brand", "Brand is not a kind of Item; there is GiftCard, Product"),
        ("GiftCard", "'p1' is a Product; delete it before you make it a GiftCard"),
    ],
)
def test_a_wrong_class_is_refused(cls: str, reason: str):
    ((place, found),) = wrong(Asked("put", "p1", cls))
    assert place == ("class",)
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "'' is empty"),
        (" ", "' ' is empty"),
        (" p1", "' p1' begins or ends with a space"),
        ("a\0b", "'a\\x00b' has a NUL character"),
        ("x" * 501, "is too long for a key (501 characters; 500 are allowed)"),
        ("a\ufffd", "is not UTF-8"),
    ],
)
@pytest.mark.parametrize("op", ["put", "patch", "delete"])
def test_a_key_that_no_load_would_take_is_refused(op: Any, key: str, reason: str):
    ((place, found),) = wrong(Asked(op, key, "Product"))
    assert place == ("id",)
    assert reason in found


@pytest.mark.parametrize("op", ["patch", "delete"])
def test_what_is_not_there_cannot_be_changed(op: Any):
    assert wrong(Asked(op, "p9")) == [(("id",), "there is no item 'p9'")]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("name", 5, "5 is not a text"),
        ("name", ["a"], '["a"] is not a text'),
        ("name", True, "true is not a text"),
        ("name", "", "'' is empty"),
        ("name", "a\0", "'a\\x00' has a NUL character"),
        ("price", "5", "'5' is not a number, for example 3.5"),
        ("price", True, "true is not a number, for example 3.5"),
        ("price", float("nan"), "NaN is not a number, for example 3.5"),
        ("price", 10**400, " is not a number, for example 3.5"),
        ("inStock", 1, "1 is not true or false (yes or no, 1 or 0)"),
        ("inStock", "yes", "'yes' is not true or false (yes or no, 1 or 0)"),
        ("since", "May", "'May' is not an ISO date or time, for example 2024-05-01 or 2024-05-01T12:00:00Z"),
        ("since", 20240501, "20240501 is not an ISO date or time, for example 2024-05-01 or 2024-05-01T12:00:00Z"),
        ("since", {"y": 1}, '{"y": 1} is not an ISO date or time, for example 2024-05-01 or 2024-05-01T12:00:00Z'),
        ("colour", "red", "'colour' is not in the ontology; it has currency, inStock, name, price, since"),
        ("id", "x", "'id' is not in the ontology; it has currency, inStock, name, price, since"),
        ("kg_source", "x", "'kg_source' is not in the ontology; it has currency, inStock, name, price, since"),
    ],
)
def test_a_wrong_property_is_refused_in_the_words_of_a_load(name: str, value: object, reason: str):
    ((place, found),) = wrong(Asked("patch", "p1", properties={name: value}))
    assert place == ("properties", name)
    assert found.endswith(reason)


def test_integers_are_whole_and_of_64_bits():
    for value in (1.5, 2.0, 2**63, "1999"):
        ((place, reason),) = wrong(Asked("put", "m", properties={"year": value}), FILMS, Graph())
        assert place == ("properties", "year")
        assert "is not an integer, for example 1999" in reason
    assert right(Asked("put", "m", properties={"year": -(2**63)}), FILMS, Graph()).properties == {"year": -(2**63)}


@pytest.mark.parametrize(
    ("relation", "tails", "place", "reason"),
    [
        ("NO", ["x"], (), "'NO' is not in the ontology; it has IN_CATEGORY, MADE_BY, PART_OF"),
        ("BOUGHT", ["p1"], (), "BOUGHT is what a user does with an item; it is an event, not part of an item"),
        ("PART_OF", ["knives"], (), "the head of PART_OF has to be Category; Product is not a kind of it"),
        ("MADE_BY", ["fjell", "none"], (1,), "Brand 'none' is not in the graph"),
        ("MADE_BY", [Ref("Brand", "none")], (0,), "Brand 'none' is not in the graph"),
        ("MADE_BY", [KNIVES], (0,), "the tail of MADE_BY has to be Brand; Category is not a kind of it"),
        ("MADE_BY", [BRAND, Ref("X", "y")], (1,), "'X' is not in the ontology; it has Brand, Category,"),
    ],
)
def test_a_wrong_relation_is_refused(relation: str, tails: list[Any], place: tuple[int, ...], reason: str):
    ((found_at, found),) = wrong(Asked("put", "p1", relations={relation: tails}))
    assert found_at == ("relations", relation, *place)
    assert found.startswith(reason)


def test_a_subclass_may_stand_where_its_parent_may():
    known = Graph(Ref("Person", "Ann"), Ref("Firm", "Penguin"), Ref("Person", "both"), Ref("Firm", "both"))
    made = right(
        Asked("put", "b", relations={"BY": ["Ann", Ref("Firm", "Penguin"), Ref("Firm", "both")]}), TWINS, known
    )
    assert made.relations["BY"] == (Ref("Person", "Ann"), Ref("Firm", "Penguin"), Ref("Firm", "both"))
    ((place, reason),) = wrong(Asked("put", "b", relations={"BY": ["both"]}), TWINS, known)
    assert (place, reason[:30]) == (("relations", "BY", 0), "'both' can be Firm, Person; sa")
    assert right(Asked("put", "g2", "GiftCard", relations={"IN_CATEGORY": ["knives"]})).item.cls == "GiftCard"


def test_all_that_is_wrong_is_named_at_once():
    found = wrong(Asked("put", "p1", None, {"price": "x", "y": 1}, {"MADE_BY": ["a", "fjell", "b"], "Z": []}))
    places = [("properties", "price"), ("properties", "y"), ("relations", "MADE_BY", 0), ("relations", "MADE_BY", 2)]
    assert [place for place, _ in found] == [*places, ("relations", "Z")]


def test_an_item_may_name_itself_and_those_before_it_in_a_batch():
    asked = [
        Asked("put", "b1", relations={"SEQUEL_OF": ["b1"]}),
        Asked("put", "b2", relations={"SEQUEL_OF": ["b1", "b3"]}),
        Asked("put", "b3", relations={"SEQUEL_OF": ["b0"]}),
        Asked("delete", "b0"),
        Asked("patch", "b3", relations={"SEQUEL_OF": ["b0"]}),
        Asked("patch", "b0"),
        Asked("put", "b0"),
        Asked("patch", "b0", relations={"SEQUEL_OF": ["b0"]}),
    ]
    edits, found = checked_all(asked, TWINS, Graph(items={"b0": "Book"}), 0)
    assert [(i, part.place) for i, part in found] == [
        (1, ("relations", "SEQUEL_OF", 1)),
        (4, ("relations", "SEQUEL_OF", 0)),
        (5, ("id",)),
    ]
    assert [(e.op, e.item.key) for e in edits] == [
        ("put", "b1"),
        ("put", "b3"),
        ("delete", "b0"),
        ("put", "b0"),
        ("patch", "b0"),
    ]


@given(text=st.text(st.sampled_from("0123456789-:TZ+. e"), max_size=20))
def test_a_date_is_what_a_load_takes_for_one(text: str):
    found = checked(Asked("patch", "p1", properties={"since": text}), SHOP, THERE, 0)
    try:
        expected = values.iso_time(text)
    except ValueError:
        assert isinstance(found, list)
    else:
        assert isinstance(found, Edit)
        assert found.properties == {"since": expected}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(name=st.sampled_from(["name", "price", "inStock", "since", "no"]), value=JSON)
def test_whatever_is_sent_is_an_edit_or_named(name: str, value: object):
    found = checked(Asked("put", "p1", properties={name: value}), SHOP, THERE, 0)
    if isinstance(found, Edit):
        assert {type(v) for v in found.properties.values()} <= {str, float, bool, int}
    else:
        assert [part.place for part in found] == [("properties", name)]


SHAPED = """
:Product sh:property [ sh:path kg:name ; sh:minCount 1 ] , [ sh:path :price ; sh:minInclusive 0 ] ,
    [ sh:path :inCategory ; sh:minCount 1 ; sh:maxCount 2 ] .
"""
TOYS = ":Toy a owl:Class ; rdfs:subClassOf :Category . :Product sh:property [ sh:path :inCategory ; sh:class :Toy ] ."


def test_what_breaks_a_shape_is_refused_like_a_row():
    prefix = "@prefix sh: <http://www.w3.org/ns/shacl#> .\n"
    shaped = parse_ontology(prefix + SHOP.text + SHAPED)
    names = {"name": "Kettle", "price": -1}
    found = wrong(Asked("put", "new", "Product", {"price": -1}), shaped)
    wanted = {("relations", "IN_CATEGORY"), ("properties", "name"), ("properties", "price")}
    assert {place for place, _ in found} == wanted
    assert all(reason.startswith("Product.") for _, reason in found)
    assert [p for p, _ in wrong(Asked("patch", "p1", None, names), shaped)] == [("properties", "price")]
    assert [p for p, _ in wrong(Asked("patch", "p1", None, {"name": None}), shaped)] == [("properties", "name")]
    assert right(Asked("put", "new", "Product", {"name": "Kettle"}, {"IN_CATEGORY": ["knives"]}), shaped)


WARNED = """
:Product sh:property [ sh:path :price ; sh:maxInclusive 100 ; sh:severity sh:Warning ] ,
    [ sh:path kg:name ; sh:maxLength 5 ; sh:severity sh:Info ] , [ sh:path :inCategory ; sh:minCount 1 ] ,
    [ sh:path :inCategory ; sh:class :Toy ; sh:severity sh:Warning ] .
:Toy a owl:Class ; rdfs:subClassOf :Category .
"""


def test_what_is_only_warned_of_is_counted_as_a_load_counts_it():
    shaped = parse_ontology("@prefix sh: <http://www.w3.org/ns/shacl#> .\n" + SHOP.text + WARNED)
    asked = [
        Asked("put", "p1", "Product", {"price": 200, "name": "Kettle"}, {"IN_CATEGORY": ["knives"]}),
        Asked("patch", "p1", None, {"price": 300}),
        Asked("patch", "p1", None, {"price": 3}),
        Asked("delete", "p1"),
    ]
    edits, found = checked_all(asked, shaped, THERE, 0)
    assert found == []
    assert warnings(edits, shaped) == {
        "Product.price shape-max-inclusive": 2,
        "Product.name shape-max-length": 1,
        "Product.IN_CATEGORY shape-class": 1,
    }
    assert warnings(edits, SHOP) == {}


def test_a_tail_of_a_class_that_a_shape_does_not_want_is_refused():
    shaped = parse_ontology("@prefix sh: <http://www.w3.org/ns/shacl#> .\n" + SHOP.text + TOYS)
    ((place, reason),) = wrong(Asked("put", "new", "Product", {}, {"IN_CATEGORY": ["knives"]}), shaped)
    assert place == ("relations", "IN_CATEGORY", 0)
    assert "Toy" in reason
    mapping = load_mapping(Path(__file__).parents[1] / "catalogs" / "shop" / "shop.mapping.yaml")
    with pytest.raises(InputError, match=r"triples / 0: Product\.IN_CATEGORY .*; the tail is Category"):
        check_mapping(mapping, shaped)
