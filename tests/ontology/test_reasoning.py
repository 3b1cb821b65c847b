"""The reasoner against owlrl, the reference, and against itself."""

from collections.abc import Iterable

import owlrl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import RDF, Graph, URIRef

from ontology.errors import InputError
from ontology.implications import reasoned
from ontology.reasoning import Entailment, Statement
from ontology.turtle import parse_ontology
from tests.ontologies import PREFIXES
from tests.random_ontologies import World, worlds

VOCABULARY = "https://shop.example/#"
ENTITIES = "urn:entity:"
ENDS = 'kg:inverseLabel "x" ; rdfs:domain :Thing ; rdfs:range :Thing'
FAMILY = (
    PREFIXES
    + f"""
:near a owl:SymmetricProperty, owl:TransitiveProperty ; {ENDS} .
:partOf a owl:TransitiveProperty ; {ENDS} .
:hasPart a owl:ObjectProperty ; {ENDS} ; owl:inverseOf :partOf .
:screwedTo a owl:ObjectProperty ; {ENDS} ; rdfs:subPropertyOf :partOf .
:likes a owl:ObjectProperty ; {ENDS} .
"""
)


def thing(key: str) -> tuple[str, str]:
    return "Thing", key


def says(text: str) -> list[Statement]:
    """`a NEAR b, b NEAR c` as triples."""
    return [(thing(h), r, thing(t)) for h, r, t in (said.split() for said in text.split(","))]


def reference(world: World, said: Iterable[Statement]) -> tuple[set[Statement], dict[tuple[str, str], set[str]]]:
    """What owlrl derives: triples between entities, and the classes of each entity."""
    graph = Graph().parse(data=world.text, format="turtle")
    names = {e: URIRef(f"{ENTITIES}{e[0]}/{e[1]}") for e in world.entities}
    back = {iri: entity for entity, iri in names.items()}
    for (cls, _), iri in ((e, names[e]) for e in world.entities):
        graph.add((iri, RDF.type, URIRef(VOCABULARY + cls)))
    relations = {URIRef(VOCABULARY + r.lower()): r for r in world.ontology.relations}
    for head, relation, tail in said:
        graph.add((names[head], URIRef(VOCABULARY + relation.lower()), names[tail]))
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    triples = {(back[s], relations[p], back[o]) for s, p, o in graph if s in back and o in back and p in relations}
    classes = {VOCABULARY + cls: cls for cls in world.ontology.classes}
    types = {
        e: {classes[str(t)] for t in graph.objects(iri, RDF.type) if str(t) in classes} for e, iri in names.items()
    }
    return triples, types


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_follows_equals_the_reference_after_adds_and_removes(data: st.DataObject) -> None:
    world = data.draw(worlds())
    entailment, said = Entailment(world.ontology), set[Statement]()
    some = st.lists(st.sampled_from(world.possible), max_size=8)
    for adding in data.draw(st.lists(st.booleans(), min_size=1, max_size=5)):
        before = set(entailment.triples())
        chosen = data.draw(some)
        changed = entailment.add(chosen) if adding else entailment.remove(chosen)
        said = said | set(chosen) if adding else said - set(chosen)
        after = set(entailment.triples())
        assert sorted(changed) == sorted(after - before if adding else before - after)
    triples, types = reference(world, said)
    found = list(entailment.triples())
    assert set(found) == triples
    assert len(found) == len(set(found))
    assert set(entailment.derived()) == triples - said
    assert {triple for triple in world.possible if entailment.holds(triple)} == triples
    assert {e: set(entailment.types_of(e)) for e in world.entities} == types


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_history_does_not_matter(data: st.DataObject) -> None:
    world = data.draw(worlds())
    entailment, said = Entailment(world.ontology), set[Statement]()
    for adding in data.draw(st.lists(st.booleans(), min_size=1, max_size=12)):
        chosen = data.draw(st.sets(st.sampled_from(world.possible), max_size=6))
        (entailment.add if adding else entailment.remove)(chosen)
        said = said | chosen if adding else said - chosen
    fresh = Entailment(world.ontology)
    fresh.add(said)
    assert set(entailment.triples()) == set(fresh.triples())
    silent = set(world.ontology.relations) - reasoned(world.ontology)
    assert not {relation for _, relation, _ in entailment.derived()} & silent
    entailment.remove(said)
    assert not list(entailment.triples())


def test_the_words_for_it() -> None:
    entailment = Entailment(parse_ontology(FAMILY))
    assert len(entailment.add(says("a SCREWED_TO b,b PART_OF c"))) == 7
    assert entailment.holds((thing("c"), "HAS_PART", thing("a")))
    assert not entailment.holds((thing("a"), "HAS_PART", thing("c")))
    assert not entailment.holds((thing("a"), "NO_RELATION", thing("c")))
    entailment.remove(says("a SCREWED_TO b"))
    assert sorted(entailment.triples()) == sorted(says("b PART_OF c,c HAS_PART b"))
    assert entailment.types_of(thing("a")) == ("Thing", "Item")


def test_what_was_said_and_follows_too_stays_until_both_are_gone() -> None:
    entailment = Entailment(parse_ontology(FAMILY))
    entailment.add(says("a PART_OF b,b PART_OF c,a PART_OF c"))
    assert entailment.remove(says("a PART_OF c,a PART_OF z")) == []
    assert entailment.holds((thing("a"), "PART_OF", thing("c")))
    assert len(entailment.remove(says("b PART_OF c"))) == 4
    assert not entailment.holds((thing("a"), "PART_OF", thing("c")))


def test_only_some_relations_need_a_reasoner() -> None:
    assert reasoned(parse_ontology(FAMILY)) == {"NEAR", "PART_OF", "HAS_PART", "SCREWED_TO"}


@pytest.mark.parametrize(
    ("triple", "message"),
    [
        ((thing("a"), "NONE", thing("b")), "relation 'NONE' is not in the ontology; it has HAS_PART"),
        ((("User", "a"), "NEAR", thing("b")), "NEAR has a head of class 'User'; NEAR wants a 'Thing' there"),
        ((thing("a"), "NEAR", ("Nix", "b")), "class 'Nix' is not in the ontology"),
    ],
)
def test_a_triple_that_cannot_be_said_is_refused_and_nothing_with_it(triple: Statement, message: str) -> None:
    entailment = Entailment(parse_ontology(FAMILY))
    with pytest.raises(InputError, match=message):
        entailment.add([*says("a NEAR b"), triple])
    assert not list(entailment.triples())
