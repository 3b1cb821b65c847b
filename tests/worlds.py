"""Small worlds for tests: real values of our own types, made by hand or by hypothesis, with nothing trained."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from embed.adjacency import Adjacency, adjacency
from embed.bundle import Bundle, Catalog
from embed.content import Content
from embed.content_learning import ContentOptions, Fitted, content_of, content_space
from embed.teachers import Teachers
from embed.userknn import user_neighbours
from embed.weights import ItemWeights, item_weights
from kg.snapshot import Interactions, Snapshot
from ontology.turtle import parse_ontology

TURTLE = """
@prefix : <https://example.org/#> . @prefix kg: <https://kgrec.example/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:Book a owl:Class ; rdfs:label "book" ; rdfs:subClassOf kg:Item .
:Reader a owl:Class ; rdfs:label "reader" ; rdfs:subClassOf kg:User .
:Writer a owl:Class ; rdfs:label "writer" .
:writtenBy a owl:ObjectProperty ; rdfs:label "written by" ; kg:inverseLabel "wrote" ;
    rdfs:domain :Book ; rdfs:range :Writer .
:sequelOf a owl:ObjectProperty ; rdfs:label "sequel of" ; kg:inverseLabel "followed by" ;
    rdfs:domain :Book ; rdfs:range :Book .
:knows a owl:ObjectProperty ; rdfs:label "knows" ; kg:inverseLabel "known by" ;
    rdfs:domain :Writer ; rdfs:range :Writer .
:read a owl:ObjectProperty ; rdfs:label "read" ; kg:inverseLabel "read by" ; kg:positiveFrom 3 ;
    rdfs:domain :Reader ; rdfs:range :Book .
"""
ONTOLOGY = parse_ontology(TURTLE)
RELATIONS = tuple(r.name for r in ONTOLOGY.knowledge())
BOOKS, READERS, WRITERS = 12, 5, 6
N = BOOKS + READERS + WRITERS
DIM = 8

Rows = list[tuple[int, int, int]]


@dataclass(frozen=True)
class World:
    """A snapshot of books (0..11), readers (12..16) and writers (17..22)."""

    snapshot: Snapshot
    teachers: Teachers

    @property
    def bundle(self) -> Bundle:
        """The same as a bundle that has no files."""
        s = self.snapshot
        catalog = Catalog(s.classes, s.entity_class, s.keys, s.names, s.properties, s.n_items, s.n_users, s.relations)
        held_out = np.zeros(len(s.interactions), np.bool_)
        return Bundle(
            Path(), "none", {"snapshot": s.digest}, ONTOLOGY, catalog, self.teachers, s.interactions, held_out
        )


def triples() -> st.SearchStrategy[Rows]:
    """Sets of triples that the ontology allows."""
    book, writer = st.integers(0, BOOKS - 1), st.integers(BOOKS + READERS, N - 1)
    shapes = {"WRITTEN_BY": (book, writer), "SEQUEL_OF": (book, book), "KNOWS": (writer, writer)}
    one = st.one_of(*(st.tuples(h, st.just(RELATIONS.index(r)), t) for r, (h, t) in shapes.items()))
    return st.sets(one, max_size=30).map(sorted)


def events() -> st.SearchStrategy[Rows]:
    """Reader, time, book."""
    return st.lists(
        st.tuples(st.integers(0, READERS - 1), st.integers(0, 99), st.integers(0, BOOKS - 1)), max_size=40
    ).map(sorted)


def world(rows: Rows, happened: Rows = (), seed: int = 0) -> World:  # type: ignore[assignment]
    """A world with these triples (head, relation, tail) and events (reader, time, book); values go round 1 to 5."""
    random = np.random.default_rng(seed)
    array = np.array(sorted(rows), np.int32).reshape(-1, 3)
    classes = tuple(sorted(ONTOLOGY.classes))
    cls = [classes.index("Book")] * BOOKS + [classes.index("Reader")] * READERS + [classes.index("Writer")] * WRITERS
    keys = tuple(f"{'brw'[(i >= BOOKS) + (i >= BOOKS + READERS)]}{i}" for i in range(N))
    names = tuple(f"The {key}" for key in keys)
    properties = tuple(json.dumps({"name": name}) for name in names)
    interactions = _interactions(sorted(happened))
    snapshot = Snapshot(
        classes,
        np.array(cls, np.int16),
        keys,
        names,
        properties,
        BOOKS,
        READERS,
        RELATIONS,
        array,
        interactions,
        "0" * 64,
    )
    return World(snapshot, _teachers(snapshot, random))


def _interactions(rows: Rows) -> Interactions:
    user, at, item = np.array(rows, np.int64).reshape(-1, 3).T
    value = (1 + np.arange(len(rows)) % 5).astype(np.float32)
    return Interactions(
        user.astype(np.int32), item.astype(np.int32), np.zeros(len(rows), np.int16), value, at, value >= 3
    )


def _teachers(snapshot: Snapshot, random: np.random.Generator) -> Teachers:
    interactions, graph = snapshot.interactions, adjacency(snapshot.triples, N)

    def vectors(n: int) -> NDArray[np.float32]:
        return random.normal(size=(n, DIM)).astype(np.float32)

    def weights(lowest: float) -> ItemWeights:
        source, target = random.integers(0, BOOKS, (2, 30))
        return item_weights(source, target, random.uniform(lowest, 1, 30), BOOKS)

    learned = (*(vectors(BOOKS) for _ in range(4)), vectors(N), vectors(4), weights(0), weights(-1), weights(-1))
    liked = interactions.where(interactions.positive)
    likes = np.unique(np.stack([liked.user, liked.item], axis=1), axis=0)
    users = user_neighbours(likes, n_users=READERS, n_items=BOOKS, seed=0)
    popularity = np.bincount(liked.item, minlength=BOOKS)
    return Teachers(*learned, users, popularity, graph, _content(snapshot, graph, random))


def _content(snapshot: Snapshot, graph: Adjacency, random: np.random.Generator) -> Content:
    space = content_space(snapshot, graph, ContentOptions(), 0)
    fitted = Fitted(*(random.normal(size=(2, space.z.shape[1], DIM)).astype(np.float32)))
    return content_of(space, fitted, N)
