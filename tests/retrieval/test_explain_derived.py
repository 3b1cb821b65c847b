"""What follows from the ontology explains like what a file says: it is in the graph, the snapshot and the path."""

from dataclasses import replace

import numpy as np

from embed.adjacency import adjacency
from kg.snapshot import snapshot
from retrieval.explain import Explainer, origins
from retrieval.fresh import no_fresh
from retrieval.walk import Walk
from tests.kg.load_following import following
from tests.kg.load_store import StoreGraph
from tests.worlds import world

FOLLOWS = """
:cites a owl:TransitiveProperty . :partOf a owl:ObjectProperty ; rdfs:domain :Book ; rdfs:range :Book ;
    rdfs:label "part of" ; kg:inverseLabel "has the part" .
:sameHand a kg:Rule ; kg:if "?p writtenBy ?a . ?q writtenBy ?a . ?p != ?q . ?p.pages > 100" ; kg:then "?p partOf ?q" .
"""


def test_a_path_may_lead_over_what_follows(store, tmp_path):
    loaded = StoreGraph(tmp_path, store)
    loaded.ontology = following(tmp_path, f"{loaded.ontology.text} {FOLLOWS}")
    loaded.wipe()
    books = [("1", "A", "", "", ""), ("2", "B", "", "", ""), ("3", "C", "", "x", ""), ("4", "D", "200", "x", "")]
    loaded.load({"books.csv": books, "citations.csv": [("1", "2", ""), ("2", "3", "")]}, removing=False)
    found = snapshot(store, loaded.ontology)
    bundle = replace(world([]).bundle, ontology=loaded.ontology, catalog=_catalog(found))
    teachers = replace(bundle.teachers, adjacency=adjacency(found.triples, len(found.keys)))
    bundle = replace(bundle, teachers=teachers)
    walk = Walk(bundle, no_fresh(bundle))
    explainer = Explainer(walk, found.names.__getitem__)
    for liked, item, words in (
        ("1", "3", "A – cites – C"),
        ("4", "3", "D – part of – C"),
    ):
        start = origins(walk, np.array([found.keys.index(liked)], np.int32))
        explanation = explainer.explain(start, found.keys.index(item))
        assert explanation.text == words
        assert len(store.query(explanation.cypher, explanation.parameters).rows) == 1


def _catalog(found):
    names = ("classes", "entity_class", "keys", "names", "properties", "n_items", "n_users", "relations")
    return replace(world([]).bundle.catalog, **{name: getattr(found, name) for name in names})
