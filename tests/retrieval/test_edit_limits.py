"""What an ontology allows one of, no edit makes two of: whichever way round, relation, edit or bundle says it."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.edits import Asked, checked_all
from kg.entries import Edit, Op
from ontology.turtle import parse_ontology
from retrieval.items import Items
from tests.worlds import ONTOLOGY, RELATIONS, TURTLE, Rows, world

ONE = parse_ontology(f"""{TURTLE}
:sequelOf a owl:FunctionalProperty , owl:InverseFunctionalProperty .
:followedBy a owl:ObjectProperty ; rdfs:domain :Book ; rdfs:range :Book ; owl:inverseOf :sequelOf ;
    kg:inverseLabel "follows" .
:continues a owl:ObjectProperty ; rdfs:domain :Book ; rdfs:range :Book ; rdfs:subPropertyOf :sequelOf ;
    kg:inverseLabel "continued by" .
:leadsTo a owl:ObjectProperty ; rdfs:domain :Book ; rdfs:range :Book ; rdfs:subPropertyOf :followedBy ;
    kg:inverseLabel "led to by" .
""")
TWINS = parse_ontology(f"{TURTLE} :sequelOf a owl:FunctionalProperty , owl:SymmetricProperty .")
SEQUEL = RELATIONS.index("SEQUEL_OF")
KEYS = [f"b{i}" for i in range(4)]
TAILS = st.lists(st.sampled_from(KEYS), max_size=1)


def asks() -> st.SearchStrategy[Asked]:
    named = dict.fromkeys(("SEQUEL_OF", "FOLLOWED_BY", "CONTINUES", "LEADS_TO"), TAILS)
    relations = st.fixed_dictionaries({}, optional=named)
    op: st.SearchStrategy[Op] = st.sampled_from(["put", "patch", "patch", "patch"])
    return st.builds(_asked, op, st.sampled_from(KEYS), relations)


def _asked(op: Op, key: str, relations: Mapping[str, list[str]]) -> Asked:
    return Asked(op, key, "Book", {}, relations)


class Model:
    """What each book says, by relation."""

    def __init__(self, start: Rows) -> None:
        self.said = {(f"b{h}", "SEQUEL_OF", f"b{t}") for h, _, t in start}

    def after(self, asked: Asked) -> set[tuple[str, str, str]]:
        names = asked.relations.keys()
        kept = {x for x in self.said if x[0] != asked.key or (asked.op == "patch" and x[1] not in names)}
        return kept | {(asked.key, name, tail) for name, tails in asked.relations.items() for tail in tails}


def once(said: set[tuple[str, str, str]]) -> bool:
    """Whether each book is the sequel of one at most, and has one at most."""
    pairs = {(h, t) if name in {"SEQUEL_OF", "CONTINUES"} else (t, h) for h, name, t in said}
    return len({h for h, _ in pairs}) == len(pairs) == len({t for _, t in pairs})


@given(st.permutations(range(4)), st.integers(0, 4), st.lists(st.lists(asks(), min_size=1, max_size=3), max_size=5))
@settings(max_examples=100, deadline=None)
def test_an_edit_is_refused_exactly_if_it_says_a_second_one(
    order: list[int], n: int, batches: list[list[Asked]]
) -> None:
    start: Rows = [(h, SEQUEL, t) for h, t in enumerate(order[:n])]
    items, model = Items(world(start).bundle), Model(start)
    for batch in batches:
        before, fits = model.said, []
        for asked in batch:
            model.said = model.after(asked)
            fits.append(once(model.said))
            if not fits[-1]:
                break
        edits, wrong = checked_all(batch[: len(fits)], ONE, items, 0)
        assert {position for position, _ in wrong} == {position for position, fit in enumerate(fits) if not fit}
        if wrong:
            model.said = before
        else:
            for edit in edits:
                items.take(edit)


def test_the_reason_names_what_is_there() -> None:
    items = Items(world([(0, SEQUEL, 1)]).bundle)
    _, wrong = checked_all([Asked("patch", "b1", None, {}, {"FOLLOWED_BY": ["b2"]})], ONE, items, 0)
    assert [(part.place, part.reason) for _, part in wrong] == [
        (
            ("relations", "FOLLOWED_BY", 0),
            "Book 'b1' has Book 'b0' already, and SEQUEL_OF allows one; keep one of the two",
        )
    ]


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (Asked("patch", "b0", None, {}, {"SEQUEL_OF": ["b2"]}), True),  # that b1 says b0 only followed
        (Asked("patch", "b2", None, {}, {"SEQUEL_OF": ["b1"]}), False),
        (Asked("put", "b0", None, {}, {}), True),
    ],
)
def test_what_only_followed_does_not_stand_in_the_way(asked: Asked, allowed: bool) -> None:
    items = Items(world([(0, SEQUEL, 1), (1, SEQUEL, 0)]).bundle)
    edits, wrong = checked_all([asked], TWINS, items, 0)
    assert (len(edits), len(wrong)) == (int(allowed), int(not allowed))


def test_an_ontology_without_such_relations_asks_for_nothing() -> None:
    items = Items(world([(0, SEQUEL, 1)]).bundle)
    edits, wrong = checked_all([Asked("patch", "b2", None, {}, {"SEQUEL_OF": ["b1"]})], ONTOLOGY, items, 0)
    assert not wrong
    assert all(isinstance(edit, Edit) for edit in edits)
