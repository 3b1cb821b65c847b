"""What an item's class, and all that it is a kind of, say of the item: of a new one, too."""

from dataclasses import replace

import numpy as np
import pytest

from embed.bundle import Bundle, current, open_bundle, publish
from embed.said import kinds_of
from kg.entries import Edit
from kg.snapshot import Snapshot
from kg.triples import Ref
from ontology.turtle import parse_ontology
from retrieval.live import LiveState
from retrieval.recommend import Recommender
from retrieval.training import train
from tests.retrieval.test_live_items import Feed
from tests.retrieval.test_training import BOOKS, QUICK, library
from tests.worlds import ONTOLOGY, TURTLE

KINDS = parse_ontology(
    TURTLE
    + """
:Fiction a owl:Class ; rdfs:label "fiction" ; rdfs:subClassOf :Book .
:Novel a owl:Class ; rdfs:label "novel" ; rdfs:subClassOf :Fiction .
:Tale a owl:Class ; rdfs:label "tale" ; rdfs:subClassOf :Fiction .
:Legend a owl:Class ; rdfs:label "legend" ; rdfs:subClassOf :Fiction .
:Atlas a owl:Class ; rdfs:label "atlas of the world" ; rdfs:subClassOf :Book .
"""
)
CLASSES = tuple(sorted(KINDS.classes))


def of_kinds() -> Snapshot:
    """The library, of which one half are novels and tales, the other atlases; nobody reads both. No writer is known."""
    books = ["Novel" if b % 2 else "Tale" for b in range(BOOKS // 2)] + ["Atlas"] * (BOOKS - BOOKS // 2)
    plain = library()
    others = [plain.classes[c] for c in plain.entity_class[BOOKS:]]
    numbers = np.array([CLASSES.index(cls) for cls in (*books, *others)], np.int16)
    return replace(plain, classes=CLASSES, entity_class=numbers, triples=plain.triples[:0])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("models")
    publish(train(of_kinds(), KINDS, QUICK), folder)
    return open_bundle(current(folder))


def test_labels_are_those_that_tell_items_apart():
    snapshot = of_kinds()
    said = kinds_of(KINDS, CLASSES, snapshot.entity_class[:BOOKS])
    wanted = {
        "Novel": "novel fiction",
        "Tale": "tale fiction",
        "Legend": "legend fiction",
        "Atlas": "atlas of the world",
    }
    assert {cls: said[cls] for cls in wanted} == wanted
    assert said["Book"] == ""
    one = library()
    assert set(kinds_of(ONTOLOGY, one.classes, one.entity_class[:BOOKS]).values()) == {""}


@pytest.mark.parametrize("new", ["Tale", "Legend"])
def test_a_new_item_of_a_kind_is_for_those_who_like_the_kind(bundle: Bundle, new: str):
    """Also of a class that no item had: what that is a kind of is known."""
    feed = Feed()
    recommender = Recommender(bundle, LiveState(bundle, feed))
    feed.entries.append(Edit("", "put", Ref(new, "n"), {}, {}))
    feed.entries.append(Edit("", "put", Ref("Atlas", "a"), {}, {}))
    recommender.refresh()
    fresh, content = recommender.live.fresh, bundle.teachers.content
    story, atlas = (fresh.items[fresh.number[key] - fresh.first] for key in ("n", "a"))
    of_stories, of_atlases = (
        content.user(content.fold_in[part]) for part in (np.arange(8), np.arange(BOOKS - 8, BOOKS))
    )
    assert story @ of_stories > atlas @ of_stories
    assert atlas @ of_atlases > story @ of_atlases
