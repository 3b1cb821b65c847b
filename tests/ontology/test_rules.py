"""Rules: how they are written, what follows from them, and what is refused."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings

from ontology.deriving import Facts, derive
from ontology.reasoning import Statement
from ontology.rules import Compared, Different, OfClass, Pattern, Rule
from ontology.turtle import load_ontology, parse_ontology
from tests.ontologies import PREFIXES, refused
from tests.random_rules import facts, rule_sets, with_rules

MOVIES = Path(__file__).parents[2] / "ontology" / "movies.ttl"
FILMS = """
:Film a owl:Class ; rdfs:subClassOf kg:Item . :Short a owl:Class ; rdfs:subClassOf :Film .
:Person a owl:Class . :Agent a owl:Class .
:directedBy a owl:ObjectProperty ; kg:inverseLabel "x" ; rdfs:domain :Film ; rdfs:range :Person .
:sharesDirectorWith a owl:ObjectProperty ; kg:inverseLabel "x" ; rdfs:domain :Film ; rdfs:range :Film .
:about a owl:ObjectProperty ; kg:inverseLabel "x" ; rdfs:domain :Short ; rdfs:range :Film .
:rated a owl:ObjectProperty ; kg:inverseLabel "x" ; rdfs:domain kg:User ; rdfs:range :Film .
:year a owl:DatatypeProperty ; rdfs:range xsd:integer . :out a owl:DatatypeProperty ; rdfs:range xsd:date .
:sold a owl:DatatypeProperty ; rdfs:range xsd:boolean .
"""
SHARED = "?a directedBy ?p . ?b directedBy ?p . ?a != ?b"


def rule(if_: str, then: str) -> str:
    return f':coDirected a kg:Rule ; rdfs:label "shares a director" ; kg:if """{if_}""" ; kg:then """{then}""" .'


def read(if_: str, then: str) -> Rule:
    return parse_ontology(PREFIXES + FILMS + rule(if_, then)).rules[0]


def film(key: str) -> tuple[str, str]:
    return "Film", key


def test_a_rule_is_read() -> None:
    said = read(f"{SHARED} . ?a a Film . ?b.year >= 1990.5 .", "?a sharesDirectorWith ?b . ?b SHARES_DIRECTOR_WITH ?a")
    assert (said.name, said.label) == ("coDirected", "shares a director")
    assert said.patterns == (Pattern("a", "DIRECTED_BY", "p"), Pattern("b", "DIRECTED_BY", "p"))
    assert said.conditions == (
        Different("a", "b"),
        OfClass("a", ("Film", "Short")),
        Compared("b", "year", ">=", 1990.5),
    )
    assert said.conclusions == (
        Pattern("a", "SHARES_DIRECTOR_WITH", "b"),
        Pattern("b", "SHARES_DIRECTOR_WITH", "a"),
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("?a.year = -5", -5),
        ("?a.sold = true", True),
        ("?a.name != 'it\\\\'s . one'", "it's . one"),
        ('?a.id = "a.b"', "a.b"),
        ("?a.out < '1970-01-02'", 86_400_000),
        ("?a.out < '1970-01-01T01:00:00+01:00'", 0),
    ],
)
def test_constants(text: str, value: object) -> None:
    (condition,) = read(f"?a directedBy ?p. {text}", "?a sharesDirectorWith ?a").conditions
    assert isinstance(condition, Compared)
    assert condition.value == value


def test_those_who_share_a_director() -> None:
    directed = [(film(f), "DIRECTED_BY", ("Person", p)) for f, p in (("1", "x"), ("2", "x"), ("3", "y"))]
    found = derive([read(SHARED, "?a sharesDirectorWith ?b")], Facts(directed))
    assert found == {
        (film("1"), "SHARES_DIRECTOR_WITH", film("2")): frozenset({"coDirected"}),
        (film("2"), "SHARES_DIRECTOR_WITH", film("1")): frozenset({"coDirected"}),
    }


def test_what_was_given_is_not_derived() -> None:
    given = [(film("1"), "SHARES_DIRECTOR_WITH", film("2"))]
    rules = [read("?a sharesDirectorWith ?b", "?b sharesDirectorWith ?a")]
    assert set(derive(rules, Facts(given))) == {(film("2"), "SHARES_DIRECTOR_WITH", film("1"))}


def test_a_long_chain_is_followed_to_its_end() -> None:
    chain = [(film(str(i)), "SHARES_DIRECTOR_WITH", film(str(i + 1))) for i in range(60)]
    rules = [read("?a sharesDirectorWith ?b . ?b sharesDirectorWith ?c", "?a sharesDirectorWith ?c")]
    assert len(derive(rules, Facts(chain))) + len(chain) == 60 * 61 // 2


def test_what_is_new_may_meet_any_pattern() -> None:
    about = [(("Short", str(i)), "ABOUT", ("Short", str(i + 1))) for i in range(5)]
    given = [*about, (("Short", "5"), "SHARES_DIRECTOR_WITH", film("x"))]
    rules = [read("?a about ?b . ?b sharesDirectorWith ?c", "?a sharesDirectorWith ?c")]
    assert set(derive(rules, Facts(given))) == {
        (("Short", str(i)), "SHARES_DIRECTOR_WITH", film("x")) for i in range(5)
    }


def test_an_ontology_without_rules_has_none() -> None:
    assert load_ontology(MOVIES).rules == ()


def brute(rules: Sequence[Rule], given: Facts) -> dict[Statement, frozenset[str]]:
    """Every assignment of entities to variables, again and again, until nothing new follows."""
    known, found = set(given.triples), defaultdict[Statement, set[str]](set)
    while True:
        follows = {(s, r.name) for r in rules for s in _follows(r, known, given)}
        for statement, name in follows:
            if statement not in set(given.triples):
                found[statement].add(name)
        if {statement for statement, _ in follows} <= known:
            return {statement: frozenset(names) for statement, names in found.items()}
        known |= {statement for statement, _ in follows}


def _follows(r: Rule, known: set[Statement], given: Facts) -> set[Statement]:
    names = sorted({v for part in (*r.patterns, *r.conditions) for v in part.variables})
    found = set()
    for chosen in product(given.properties, repeat=len(names)):
        at = dict(zip(names, chosen, strict=True))
        joined = all((at[p.head], p.relation, at[p.tail]) in known for p in r.patterns)
        if joined and all(_kept(c, at, given) for c in r.conditions):
            found |= {(at[c.head], c.relation, at[c.tail]) for c in r.conclusions}
    return found


def _kept(c: OfClass | Different | Compared, at: dict[str, tuple[str, str]], given: Facts) -> bool:
    if isinstance(c, OfClass):
        return at[c.variable][0] in c.kinds
    if isinstance(c, Different):
        return at[c.one] != at[c.other]
    value = {**given.properties[at[c.variable]], "id": at[c.variable][1]}.get(c.name)
    python = "==" if c.operator == "=" else c.operator
    return value is not None and bool(eval(f"value {python} c.value", {"value": value, "c": c}))


@settings(max_examples=150, deadline=None)
@given(rule_sets(), facts())
def test_what_follows_is_what_every_assignment_gives(text: str, given: Facts) -> None:
    rules = parse_ontology(text).rules
    assert derive(rules, given) == brute(rules, given)


THEN = "?a sharesDirectorWith ?b"


@pytest.mark.parametrize(
    ("if_", "then", "message"),
    [
        ("?a filmedBy ?b", THEN, "kg:if: relation 'filmedBy' is not in the ontology; it has ABOUT, DIRECTED_BY"),
        ("?a a Movie", THEN, "kg:if: class 'Movie' is not in the ontology; it has Agent"),
        ("?a.size > 1", THEN, "property 'size' is not in the ontology; it has name, out, sold, year, id"),
        ("?a directedBy ?b ?c", THEN, "'?a directedBy ?b ?c' is not understood; a sentence is '?a relation ?b'"),
        ("a directedBy ?b", THEN, "'a directedBy ?b' is not understood"),
        ("?a = ?b", THEN, "'?a = ?b' is not understood"),
        ("?a.year > ?b.year", THEN, "is not understood"),
        ("?a ; ?b", THEN, "'?a ; ?b' is not understood"),
        ("", THEN, "kg:if is empty"),
        (" . ", THEN, "kg:if is empty"),
        (SHARED, "", "kg:then is empty"),
        (SHARED, "?a a Film", "kg:then: '?a a Film' cannot follow from a rule"),
        (SHARED, "?a sharesDirectorWith ?c", "?c is in kg:then, but no triple or class of kg:if says what it is"),
        (f"{SHARED} . ?c != ?a", THEN, "?c is compared, but no triple or class of kg:if says what it is"),
        ("?a a Film . ?b a Film", THEN, "no triples of kg:if join ?a and ?b"),
        ("?a directedBy ?p . ?b directedBy ?q", THEN, "no triples of kg:if join ?a and ?b"),
        ("?a directedBy ?p . ?p directedBy ?b", THEN, "no class is what kg:if asks of ?p, so it never holds"),
        ("?a directedBy ?p . ?p a Agent", "?a directedBy ?p", "no class is what kg:if asks of ?p"),
        (
            "?a directedBy ?p",
            "?p directedBy ?a",
            "?p can be a Person, and DIRECTED_BY wants a Film there",
        ),
        (SHARED, "?a about ?b", "?a can be a Film, and ABOUT wants a Short there; add '?a a Short' to kg:if"),
        ("?u rated ?a", "?u rated ?a", "RATED is an interaction, which happens and does not follow"),
        (f"{SHARED} . ?a.year > 'x'", THEN, "'year' is an integer, and 'x' is none"),
        (f"{SHARED} . ?a.name = 1", THEN, "'name' is a string, and 1 is none"),
        (f"{SHARED} . ?a.sold = maybe", THEN, "'sold' is a boolean, and maybe is none"),
        (f"{SHARED} . ?a.out > 'soon'", THEN, "'out' is a date, and 'soon' is none"),
        (f"{SHARED} . ?a.name < 'x'", THEN, "a string has no order here; it can be = or != something"),
        (f"{SHARED} . ?a.sold >= true", THEN, "a boolean has no order here"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused_by_its_name(if_: str, then: str, message: str) -> None:
    found = refused(FILMS + rule(if_, then))
    assert found.startswith("rule 'coDirected': ")
    assert message in found


@pytest.mark.parametrize(
    ("turtle", "message"),
    [
        (":r a kg:Rule ; kg:then 'x' .", "rule 'r' has no kg:if; it has to be a text"),
        (":r a kg:Rule ; kg:if 'x', 'y' ; kg:then 'x' .", "has 2 values of if"),
        (":r kg:if 'x' ; kg:then 'x' .", "is not a kg:Rule with a name"),
        ("[] a kg:Rule .", "is not a kg:Rule with a name"),
        (":R a kg:Rule .", "rule <https://shop.example/#R>: the local name 'R' has to be camelCase"),
        (
            FILMS + rule(SHARED, THEN) + rule(SHARED, THEN).replace(":coDirected", "<urn:x:coDirected>"),
            "two rules are called 'coDirected'",
        ),
    ],
)
def test_what_is_no_rule_is_refused(turtle: str, message: str) -> None:
    assert message in refused(turtle)


def test_a_user_may_have_a_class_of_that_name() -> None:
    assert "Rule" in parse_ontology(PREFIXES + ":Rule a owl:Class .").classes
    assert len(parse_ontology(with_rules([("?p madeBy ?b", "?p similarTo ?p")])).rules) == 1
