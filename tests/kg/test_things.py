"""schema.org as it is published: people, brands and films inside others become entities, by hand and inferred."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from kg.blocks import Said
from kg.check import check_mapping
from kg.formats.door import read_blocks
from kg.infer import infer
from kg.ingest import ingest
from kg.mapping import Mapping, load_mapping
from kg.statements import said
from kg.store import GraphStore
from ontology.model import Ontology
from ontology.turtle import load_ontology

PUBLISHED = Path(__file__).parents[1] / "catalogs/schemaorg"
MOVIES, CAROUSEL, PRODUCTS = (PUBLISHED / f"{name}.jsonld" for name in ("movies", "carousel", "products"))
SITE = "https://films.example/"
GRAPH = """{"@context": "https://schema.org", "@graph": [
  {"@type": "WebSite", "@id": "http://s/#site", "name": "Shop"},
  {"@type": "Product", "@id": "http://s/1", "name": "Lamp", "brand": {"@id": "http://s/b"}, "offers": {"@id": "http://s/o"}},
  {"@type": "Product", "@id": "http://s/2", "name": "Chair", "brand": {"@id": "http://s/b"}},
  {"@type": "Offer", "@id": "http://s/o", "price": "19.90"},
  {"@type": "Brand", "@id": "http://s/b", "name": "Lumo"},
  {"@id": "http://s/x", "name": "of no type"}
]}"""


def checked(folder: Path) -> tuple[Mapping, Ontology]:
    mapping = load_mapping(folder / "catalog.mapping.yaml")
    ontology = load_ontology(mapping.ontology)
    check_mapping(mapping, ontology)
    return mapping, ontology


def inferred(folder: Path, *paths: Path) -> tuple[Mapping, Ontology]:
    found = infer({path.name: read_blocks(path) for path in paths})
    (folder / "catalog.mapping.yaml").write_text(found.mapping_yaml)
    (folder / "catalog.ttl").write_text(found.ontology_turtle)
    return checked(folder)


def statements(mapping: Mapping, ontology: Ontology, *paths: Path) -> list[Said]:
    found = [said(mapping.files[path.name], block, ontology) for path in paths for block in read_blocks(path)]
    assert not any(part.refused for part in found)
    return found


def entities(parts: Sequence[Said], cls: str, *properties: str) -> dict[str, tuple[object, ...]]:
    """Key -> the properties, of rows that say one."""
    return {
        key: tuple(columns.properties[name][i] for name in properties)
        for part in parts
        for columns in part.entities
        if columns.cls == cls and columns.described
        for i, key in enumerate(columns.keys)
        if any(columns.properties[name][i] is not None for name in properties)
    }


def triples(parts: Sequence[Said], relation: str) -> set[tuple[str, str, str]]:
    """Heads and tails of a relation, with the tail's class."""

    of_it = [columns for part in parts for columns in part.triples if columns.kind.relation == relation]
    return {(head, c.kind.tail, tail) for c in of_it for head, tail in zip(c.heads, c.tails, strict=True)}


def test_people_inside_of_films_are_inferred_with_names_and_urls(tmp_path: Path) -> None:
    found = statements(*inferred(tmp_path, MOVIES), MOVIES)
    assert entities(found, "Movie", "name", "aggregateRatingRatingValue") == {
        f"{SITE}m": ("M", 8.3),
        f"{SITE}fury": ("Fury", 7.8),
    }
    people = entities(found, "Person", "name", "url")
    assert people[f"{SITE}lang"] == ("Fritz Lang", f"{SITE}lang")
    assert people["A. Reader"] == ("A. Reader", None)
    assert len(people) == 7
    assert triples(found, "HAS_DIRECTOR") == {(f"{SITE}{film}", "Person", f"{SITE}lang") for film in ("m", "fury")}
    assert len(triples(found, "HAS_ACTOR")) == 4
    assert {tail for _, _, tail in triples(found, "HAS_GENRE")} == {"Crime", "Thriller"}


def test_what_one_column_names_of_two_types_is_told_apart(tmp_path: Path) -> None:
    found = statements(*inferred(tmp_path, MOVIES), MOVIES)
    assert triples(found, "HAS_CREATOR_PERSON") == {(f"{SITE}m", "Person", f"{SITE}{x}") for x in ("harbou", "lang")}
    assert triples(found, "HAS_CREATOR_ORGANIZATION") == {
        (f"{SITE}m", "Organization", f"{SITE}nero"),
        (f"{SITE}fury", "Organization", f"{SITE}mgm"),
    }


def test_the_films_of_a_carousel_are_inferred(tmp_path: Path) -> None:
    found = statements(*inferred(tmp_path, CAROUSEL), CAROUSEL)
    assert entities(found, "Movie", "name", "aggregateRatingRatingCount") == {
        f"{SITE}list#metropolis": ("Metropolis", 1927),
        f"{SITE}list#nosferatu": ("Nosferatu", 1922),
    }
    assert set(entities(found, "Person", "name")) == {"Fritz Lang", "F. W. Murnau", "A. Reader"}
    assert (f"{SITE}list#metropolis", "Person", "Fritz Lang") in triples(found, "HAS_DIRECTOR")


def test_files_with_one_type_share_its_class(tmp_path: Path) -> None:
    both = (MOVIES, CAROUSEL)
    mapping, ontology = inferred(tmp_path, *both)
    assert {"Movie", "Person"} <= set(ontology.classes)
    assert not any(name[-1].isdigit() for name in ontology.classes)
    assert len(entities(statements(mapping, ontology, *both), "Movie", "name")) == 4


def test_products_are_told_apart_by_sku_and_have_their_offers_as_properties(tmp_path: Path) -> None:
    found = statements(*inferred(tmp_path, PRODUCTS), PRODUCTS)
    assert entities(found, "Product", "name", "offersPrice", "offersPriceCurrency", "aggregateRatingRatingValue") == {
        "A-1": ("Anvil", 119.99, "EUR", 4.4),
        "A-2": ("Anvil", 139, "EUR", None),
    }
    assert entities(found, "Brand", "name") == {"Forge": ("Forge",)}
    assert triples(found, "HAS_BRAND") == {("A-1", "Brand", "Forge"), ("A-2", "Brand", "Forge")}


def test_kinds_of_a_graph_become_classes_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "graph.jsonld"
    path.write_text(GRAPH)
    found = statements(*inferred(tmp_path, path), path)
    assert entities(found, "Product", "name") == {"http://s/1": ("Lamp",), "http://s/2": ("Chair",)}
    assert entities(found, "Offer", "price") == {"http://s/o": (19.9,)}
    assert triples(found, "HAS_OFFER") == {("http://s/1", "Offer", "http://s/o")}
    assert triples(found, "HAS_BRAND") == {(f"http://s/{n}", "Brand", "http://s/b") for n in (1, 2)}
    assert entities(found, "Thing", "name") == {"http://s/x": ("of no type",)}


BY_HAND = """
ontology: catalog.ttl
files:
  movies.jsonld:
    rules:
      - when: {"@type": Movie}
        entity: {class: Film, key: "@id", properties: {name: name, score: aggregateRating.ratingValue}}
        triples:
          - relation: DIRECTED_BY
            tail: {class: Person, key: director, split: json}
          - relation: WRITTEN_BY
            tail: {class: Person, key: creator.Person, split: json}
      - when: {"@type": Person}
        entity: {class: Person, key: "@id", properties: {name: name, url: url}}
      - when: {"@type": [Organization, VideoObject]}
        skip: true
"""
ONTOLOGY = """
@prefix : <https://films.example/#> . @prefix kg: <https://kgrec.example/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Film a owl:Class ; rdfs:subClassOf kg:Item . :Person a owl:Class .
:url a owl:DatatypeProperty . :score a owl:DatatypeProperty ; rdfs:range xsd:double .
:directedBy a owl:ObjectProperty ; rdfs:domain :Film ; rdfs:range :Person ; kg:inverseLabel "directed" .
:writtenBy a owl:ObjectProperty ; rdfs:domain :Film ; rdfs:range :Person ; kg:inverseLabel "wrote" .
"""


def test_a_mapping_says_the_same_by_hand(tmp_path: Path) -> None:
    (tmp_path / "catalog.mapping.yaml").write_text(BY_HAND)
    (tmp_path / "catalog.ttl").write_text(ONTOLOGY)
    found = statements(*checked(tmp_path), MOVIES)
    assert entities(found, "Film", "name", "score") == {f"{SITE}m": ("M", 8.3), f"{SITE}fury": ("Fury", 7.8)}
    assert entities(found, "Person", "name", "url")[f"{SITE}tracy"] == ("Spencer Tracy", f"{SITE}tracy")
    assert triples(found, "WRITTEN_BY") == {(f"{SITE}m", "Person", f"{SITE}{x}") for x in ("harbou", "lang")}


def test_a_graph_holds_them_and_a_second_load_changes_nothing(embedded_store: GraphStore, tmp_path: Path) -> None:
    mapping, ontology = inferred(tmp_path, MOVIES)
    first, second = (ingest([MOVIES], mapping, ontology, embedded_store, home=tmp_path / "kg") for _ in range(2))
    assert (first.read, first.loaded, first.refused) == (second.read, second.loaded, 0)
    assert not second.changes
    lang = next(person for person in embedded_store.entities("Person") if person.key == f"{SITE}lang")
    assert lang.properties == {"name": "Fritz Lang", "url": f"{SITE}lang"}
    assert len(list(embedded_store.triples("HAS_DIRECTOR"))) == 2


def test_a_type_that_no_rule_takes_is_refused_and_named(tmp_path: Path) -> None:
    mapping, ontology = inferred(tmp_path, MOVIES)
    later = tmp_path / "movies.jsonld"
    later.write_text('{"@context": "https://schema.org", "@type": "Book", "@id": "http://b", "name": "B"}')
    refused = [r for block in read_blocks(later) for r in said(mapping.files["movies.jsonld"], block, ontology).refused]
    assert [(r.line, r.column, r.rule) for r in refused] == [(1, "@type", "no-rule")]


@pytest.mark.parametrize("path", [MOVIES, CAROUSEL, PRODUCTS], ids=lambda path: path.stem)
def test_a_second_look_infers_the_same(tmp_path: Path, path: Path) -> None:
    first = inferred(tmp_path, path)
    assert inferred(tmp_path, path) == first
