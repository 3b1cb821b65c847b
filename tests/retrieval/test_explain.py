import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.explain import Explainer, origins
from retrieval.fresh import no_fresh
from retrieval.walk import Walk
from tests.worlds import BOOKS, RELATIONS, N, triples, world

WRITTEN_BY, SEQUEL_OF, KNOWS = (RELATIONS.index(r) for r in ("WRITTEN_BY", "SEQUEL_OF", "KNOWS"))
ANN, BOB = 17, 18


def explain(rows, liked, item):
    bundle = world(rows).bundle
    walk = Walk(bundle, no_fresh(bundle))
    start = origins(walk, np.array(liked, np.int32))
    return Explainer(walk, bundle.catalog.names.__getitem__).explain(start, item)


@given(
    rows=triples(), liked=st.lists(st.integers(0, BOOKS - 1), min_size=1, unique=True), item=st.integers(0, BOOKS - 1)
)
def test_a_path_leads_from_the_history_to_the_item_over_triples_that_exist(rows, liked, item):
    found = explain(rows, liked, item)
    keys = world(rows).snapshot.keys
    number = {key: i for i, key in enumerate(keys)}
    if not found.path:
        assert found.cypher is None
        assert "No path" in found.text
        return
    assert number[found.path[0].start.key] in liked
    assert found.path[-1].end.key == keys[item]
    for step, following in zip(found.path, found.path[1:], strict=False):
        assert step.end == following.start
    for step in found.path:
        start, end = number[step.start.key], number[step.end.key]
        head, tail = (end, start) if step.inverse else (start, end)
        assert (head, RELATIONS.index(step.relation), tail) in rows


@given(
    rows=triples(), liked=st.lists(st.integers(0, BOOKS - 1), min_size=1, unique=True), item=st.integers(0, BOOKS - 1)
)
def test_a_path_is_found_whenever_one_of_up_to_two_triples_exists(rows, liked, item):
    near = {i: {t for h, _, t in rows if h == i} | {h for h, _, t in rows if t == i} for i in range(N)}
    joined = any(item in near[h] or (near[h] & near[item]) for h in liked if h != item)
    if joined:
        assert explain(rows, liked, item).path


def test_the_words_are_the_ontologys_in_the_direction_walked():
    found = explain([(0, WRITTEN_BY, ANN), (1, WRITTEN_BY, ANN)], [0], 1)
    assert found.text == "The b0 – written by – The w17 – wrote – The b1"
    assert found.cypher == (
        "MATCH (n0:Book {id: $n0})-[:WRITTEN_BY]->(n1:Writer {id: $n1})<-[:WRITTEN_BY]-(n2:Book {id: $n2}) "
        "RETURN n0.id AS n0, n1.id AS n1, n2.id AS n2 LIMIT 1"
    )
    assert found.parameters == {"n0": "b0", "n1": "w17", "n2": "b1"}


def test_the_rarer_entity_explains_better():
    common = [(book, WRITTEN_BY, BOB) for book in range(6)]
    rare = [(0, WRITTEN_BY, ANN), (1, WRITTEN_BY, ANN)]
    assert explain(common + rare, [0], 1).path[0].end.key == "w17"


def test_three_triples_where_two_entities_are_related():
    rows = [(0, WRITTEN_BY, ANN), (ANN, KNOWS, BOB), (1, WRITTEN_BY, BOB)]
    assert [step.label for step in explain(rows, [0], 1).path] == ["written by", "knows", "wrote"]


def test_a_direct_triple_is_walked_against_its_direction():
    assert explain([(1, SEQUEL_OF, 0)], [0], 1).text == "The b0 – followed by – The b1"
