"""Rules asked of the graph database conclude what they conclude in memory."""

import pytest
from hypothesis import HealthCheck, given, settings

from kg.store import GraphStore
from kg.triples import Entity, Ref, Triple
from ontology.deriving import Facts, derive
from ontology.model import Ontology
from ontology.reasoning import Statement
from ontology.rule_cypher import cypher
from ontology.turtle import parse_ontology
from tests.graphs import clear
from tests.random_rules import facts, rule_sets, with_rules


def load(store: GraphStore, given: Facts) -> None:
    clear(store.address)
    store.upsert_entities(Entity(cls, key, said) for (cls, key), said in given.properties.items())
    store.upsert_triples(triple(statement) for statement in given.triples)


def triple(statement: Statement) -> Triple:
    head, relation, tail = statement
    return Triple(Ref(*head), relation, Ref(*tail))


def concluded(store: GraphStore, ontology: Ontology) -> set[Statement]:
    """What one round of all rules gives."""
    found = set()
    for rule in ontology.rules:
        for row in store.query(*cypher(rule, ontology)).rows:
            for i, conclusion in enumerate(rule.conclusions):
                head_class, head, tail_class, tail = map(str, row[4 * i : 4 * i + 4])
                found.add(((head_class, head), conclusion.relation, (tail_class, tail)))
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=rule_sets(), said=facts())
def test_the_database_concludes_what_memory_does(shop_graph: GraphStore, text: str, said: Facts) -> None:
    ontology = parse_ontology(text)
    load(shop_graph, said)
    found = set[Statement]()
    while new := concluded(shop_graph, ontology) - found:
        found |= new
        shop_graph.upsert_triples(map(triple, new))
    assert found - set(said.triples) == set(derive(ontology.rules, said))


def test_a_statement_is_plain_and_takes_parameters() -> None:
    said = "?p inCategory ?c . ?q inCategory ?c . ?p != ?q . ?p a Gift . ?q.currency != 'EUR'"
    ontology = parse_ontology(with_rules([(said, "?p similarTo ?q . ?q similarTo ?p")]))
    assert cypher(ontology.rules[0], ontology) == (
        "MATCH (v_p:GiftCard)-[:IN_CATEGORY]->(v_c:Category) WHERE labels(v_p)[0] IN $p_0 "
        "MATCH (v_q)-[:IN_CATEGORY]->(v_c) WHERE v_p <> v_q AND v_q.currency <> $p_1 "
        "RETURN DISTINCT labels(v_p)[0] AS head_0, v_p.id AS head_id_0, labels(v_q)[0] AS tail_0, v_q.id AS tail_id_0, "
        "labels(v_q)[0] AS head_1, v_q.id AS head_id_1, labels(v_p)[0] AS tail_1, v_p.id AS tail_id_1",
        {"p_0": ["Gift", "GiftCard"], "p_1": "EUR"},
    )


@pytest.mark.parametrize("key", ["a' OR true //", "$p_0", "`"])
def test_a_constant_is_never_part_of_the_statement(shop_graph: GraphStore, key: str) -> None:
    ontology = parse_ontology(with_rules([(f'?p inCategory ?c . ?p.id = "{key}"', "?p similarTo ?p")]))
    products = [("Product", key), ("Product", "other")]
    given = [(product, "IN_CATEGORY", ("Category", "x")) for product in products]
    load(shop_graph, Facts(given, {e: {} for e in (*products, ("Category", "x"))}))
    assert concluded(shop_graph, ontology) == {(("Product", key), "SIMILAR_TO", ("Product", key))}
