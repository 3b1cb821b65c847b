"""A small catalog with everything that filters can ask for, made up by hypothesis, and edits of its items.

Beside it stands what it says as plain dictionaries: the reference that masks are held to.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from embed.adjacency import adjacency
from embed.bundle import Bundle, Catalog
from embed.content import Content
from embed.content_measures import KNOTS, Measures
from embed.content_text import Vocabulary
from embed.teachers import Teachers
from embed.userknn import user_neighbours
from embed.weights import item_weights
from kg.entries import Edit
from kg.snapshot import Interactions
from kg.triples import Ref, Triple
from ontology.reasoning import Entailment
from ontology.turtle import parse_ontology

ONTOLOGY = parse_ontology("""
@prefix : <https://example.org/#> . @prefix kg: <https://kgrec.example/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix schema: <https://schema.org/> .
:Work a owl:Class ; rdfs:label "work" ; rdfs:subClassOf kg:Item .
:Book a owl:Class ; rdfs:label "book" ; rdfs:subClassOf :Work .
:Album a owl:Class ; rdfs:label "album" ; rdfs:subClassOf :Work .
:Agent a owl:Class . :Person a owl:Class ; rdfs:subClassOf :Agent . :Band a owl:Class ; rdfs:subClassOf :Agent .
:Genre a owl:Class . :Reader a owl:Class ; rdfs:subClassOf kg:User .
:year a owl:DatatypeProperty ; rdfs:label "year of release" ; rdfs:range xsd:integer .
:price a owl:DatatypeProperty ; rdfs:range xsd:decimal . :sold a owl:DatatypeProperty ; rdfs:range xsd:boolean .
:since a owl:DatatypeProperty ; rdfs:range xsd:date . :note a owl:DatatypeProperty .
:madeBy a owl:ObjectProperty ; rdfs:label "made by" ; kg:inverseLabel "made" ;
    rdfs:domain :Work ; rdfs:range :Agent ; owl:equivalentProperty schema:creator .
:writtenBy a owl:ObjectProperty ; rdfs:label "written by" ; kg:inverseLabel "wrote" ; rdfs:subPropertyOf :madeBy ;
    rdfs:domain :Book ; rdfs:range :Person .
:sequelOf a owl:ObjectProperty, owl:TransitiveProperty ; rdfs:label "sequel of" ; kg:inverseLabel "followed by" ;
    rdfs:domain :Work ; rdfs:range :Work .
:near a owl:ObjectProperty, owl:SymmetricProperty ; rdfs:label "is like" ; rdfs:domain :Work ; rdfs:range :Work .
:partOf a owl:ObjectProperty ; rdfs:label "part of" ; rdfs:domain :Work ; rdfs:range :Work ; owl:inverseOf :holds .
:holds a owl:ObjectProperty ; rdfs:label "holds" ; rdfs:domain :Work ; rdfs:range :Work .
:hasGenre a owl:ObjectProperty ; rdfs:label "has the genre" ; kg:inverseLabel "is the genre of" ;
    rdfs:domain :Work ; rdfs:range :Genre ; owl:equivalentProperty schema:genre .
:broader a owl:ObjectProperty, kg:Hierarchy ; rdfs:label "is a kind of" ; kg:inverseLabel "includes" ;
    rdfs:domain :Genre ; rdfs:range :Genre .
:versionOf a owl:ObjectProperty, kg:Hierarchy ; rdfs:label "version of" ; kg:inverseLabel "has the version" ;
    rdfs:domain :Book ; rdfs:range :Work .
:read a owl:ObjectProperty ; rdfs:label "read" ; kg:inverseLabel "read by" ; rdfs:domain :Reader ; rdfs:range :Work .
""")
HIERARCHIES = ("BROADER", "VERSION_OF")
ITEMS = [
    Ref("Album", "a1"),
    Ref("Album", "a2"),
    Ref("Book", "b1"),
    Ref("Book", "b2"),
    Ref("Book", "b3"),
    Ref("Work", "w"),
]
OTHERS = [
    Ref("Band", "x"),
    Ref("Genre", "g1"),
    Ref("Genre", "g2"),
    Ref("Genre", "g3"),
    Ref("Person", "p"),
    Ref("Person", "x"),
]
READER = Ref("Reader", "r")
EDITED = [*ITEMS[1:5], Ref("Book", "n1"), Ref("Work", "n2"), Ref("Book", "a1")]
"""New ones among them, and one whose key is taken until that is deleted."""

Properties = dict[str, object]
VALUES: Mapping[str, st.SearchStrategy[object]] = {
    "name": st.sampled_from(["Äb", "ab c", "x", "g1", "Star"]),
    "year": st.sampled_from([1989, 1990, 1991, -(2**63), 2**63 - 1, 2**53 + 1]),
    "price": st.sampled_from([0.5, 1, 2.0, 2**60, -3.25]),
    "sold": st.booleans(),
    "since": st.sampled_from([0, 86_400_000, 1_714_521_600_000]),
    "note": st.sampled_from(["", "a\nb", "ß", "STRASSE", "n1"]),
}


def properties() -> st.SearchStrategy[Properties]:
    """Of one entity; once in a while a value is of another datatype than the ontology says."""
    usual = st.fixed_dictionaries({}, optional=dict(VALUES))
    odd = st.fixed_dictionaries({}, optional={name: st.one_of(*VALUES.values()) for name in VALUES if name != "name"})
    return st.one_of(usual, usual, odd)


def _possible() -> list[Triple]:
    refs = [*ITEMS, *OTHERS]
    return [
        Triple(head, relation.name, tail)
        for relation in ONTOLOGY.knowledge()
        for head in refs
        for tail in refs
        if ONTOLOGY.is_a(head.cls, relation.domain) and ONTOLOGY.is_a(tail.cls, relation.range)
    ]


POSSIBLE = _possible()


def edits() -> st.SearchStrategy[list[Edit]]:
    """Edits of few items, so that they meet; tails need not be there."""
    return st.lists(st.sampled_from(EDITED).flatmap(_edits_of), max_size=6)


def _edits_of(item: Ref) -> st.SearchStrategy[Edit]:
    refs = [*OTHERS, *ITEMS, *EDITED]
    relations = {
        r.name: st.lists(
            st.sampled_from([ref for ref in refs if ONTOLOGY.is_a(ref.cls, r.range)]), max_size=2, unique=True
        ).map(tuple)
        for r in ONTOLOGY.knowledge()
        if ONTOLOGY.is_a(item.cls, r.domain)
    }
    said = st.builds(
        Edit,
        st.just(""),
        st.sampled_from(["put", "patch"]),
        st.just(item),
        properties(),
        st.fixed_dictionaries({}, optional=relations),
    )
    return st.one_of(said, said, st.just(Edit("", "delete", item)))


@dataclass
class Plain:
    """What is said: properties of items and of others, and triples."""

    items: dict[Ref, Properties]
    others: dict[Ref, Properties]
    triples: set[Triple]
    _follows: dict[str, dict[Ref, list[Ref]]] = field(default_factory=dict)

    def takes(self, edit: Edit) -> Edit | None:
        """Let an edit count, as the API would take it, and give it; None where it would refuse."""
        others = [ref for ref in self.items if ref.key == edit.item.key and ref != edit.item]
        if others:
            return None
        there = {*self.items, *self.others, edit.item}
        relations = {name: tuple(t for t in tails if t in there) for name, tails in edit.relations.items()}
        edit = Edit("", edit.op, edit.item, edit.properties, relations)
        self._take(edit)
        return edit

    def _take(self, edit: Edit) -> None:
        ref = edit.item
        if edit.op == "delete":
            self.items.pop(ref, None)
            self.triples = {t for t in self.triples if ref not in (t.head, t.tail)}
        elif edit.op == "put" or ref in self.items:
            before = self.items.get(ref, {}) if edit.op == "patch" else {}
            self.items[ref] = {**before, **edit.properties}
            ended = {t.relation for t in self.triples} if edit.op == "put" else edit.relations.keys()
            self.triples = {t for t in self.triples if t.head != ref or t.relation not in ended}
            self.triples |= {Triple(ref, name, tail) for name, tails in edit.relations.items() for tail in tails}

    def reason(self) -> None:
        """Find all that follows, once everything was said."""
        entailment = Entailment(ONTOLOGY)
        entailment.add([(t.head, t.relation, t.tail) for t in self.triples])
        for head, relation, tail in entailment.triples():
            self._follows.setdefault(relation, {}).setdefault(Ref(*head), []).append(Ref(*tail))
            self._follows.setdefault(f"^{relation}", {}).setdefault(Ref(*tail), []).append(Ref(*head))

    def ends(self, ref: Ref, relation: str) -> Sequence[Ref]:
        """What a relation joins the entity to; with ^ before its name, backwards."""
        return self._follows.get(relation, {}).get(ref, [])

    def properties(self, ref: Ref) -> Properties:
        return self.items[ref] if ref in self.items else self.others.get(ref, {})

    def name(self, ref: Ref) -> str:
        return str(self.properties(ref).get("name", ref.key))

    def wider(self, ref: Ref) -> Iterator[Ref]:
        """The entity, and everything above it in the hierarchies."""
        found, ahead = {ref}, [ref]
        while ahead:
            one = ahead.pop()
            yield one
            new = {end for relation in HIERARCHIES for end in self.ends(one, relation)} - found
            found |= new
            ahead += new


@dataclass(frozen=True)
class Shelf:
    """A bundle, and the same as dictionaries."""

    bundle: Bundle
    plain: Plain


@st.composite
def shelves(draw: st.DrawFn) -> Shelf:
    """Items, a reader and others with random properties and triples."""
    refs = [*ITEMS, READER, *OTHERS]
    said = [draw(properties()) for _ in refs]
    fewest = draw(st.integers(0, 40))  # hypothesis likes small sets, in which nothing follows
    triples = draw(st.sets(st.sampled_from(POSSIBLE), min_size=fewest, max_size=80))
    plain = Plain(dict(zip(ITEMS, said, strict=False)), dict(zip(OTHERS, said[len(ITEMS) + 1 :], strict=True)), triples)
    return Shelf(bundle_of(refs, said, triples), plain)


def bundle_of(refs: Sequence[Ref], said: Sequence[Properties], triples: set[Triple]) -> Bundle:
    """A bundle without files: items, the reader, all others; nothing in it was learned."""
    classes, relations = tuple(sorted(ONTOLOGY.classes)), tuple(r.name for r in ONTOLOGY.knowledge())
    number = {ref: i for i, ref in enumerate(refs)}
    rows = [(number[t.head], relations.index(t.relation), number[t.tail]) for t in triples]
    catalog = Catalog(
        classes,
        np.array([classes.index(ref.cls) for ref in refs], np.int16),
        tuple(ref.key for ref in refs),
        tuple(str(p.get("name", ref.key)) for ref, p in zip(refs, said, strict=True)),
        tuple(json.dumps(p) for p in said),
        len(ITEMS),
        1,
        relations,
    )
    none = Interactions(*(np.empty(0, t) for t in ("i4", "i4", "i2", "f4", "i8", "?")))
    return Bundle(
        Path(), "none", {"snapshot": "0" * 64}, ONTOLOGY, catalog, _untaught(rows, len(refs)), none, none.positive
    )


def _untaught(rows: Sequence[tuple[int, int, int]], n: int) -> Teachers:
    nothing, items = np.empty(0, np.int64), len(ITEMS)
    weights = item_weights(nothing, nothing, np.empty(0), items)
    users = user_neighbours(np.empty((0, 2), np.int32), n_users=1, n_items=items, seed=0)
    vectors = [np.zeros((k, 2), np.float32) for k in (items, items, items, items, n, len(ONTOLOGY.relations))]
    graph = adjacency(np.array(sorted(rows), np.int32).reshape(-1, 3), n)
    return Teachers(*vectors, weights, weights, weights, users, np.zeros(items, np.int64), graph, _no_content(items, n))


def _no_content(items: int, n: int) -> Content:
    def zeros(*shape: int) -> NDArray[np.float32]:
        return np.zeros(shape, np.float32)

    measures = Measures((), (), zeros(0, KNOTS), np.zeros(0, np.int16), zeros(0), zeros(0))
    parts = (zeros(0, 4), zeros(0, 4), zeros(0, 1), zeros(2, 4), zeros(4), zeros(items, 2), zeros(items, 2))
    return Content(Vocabulary((), zeros(0)), measures, np.full(n, -1, np.int32), *parts)
