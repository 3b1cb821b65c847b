"""Made-up rules for the shop, and things to apply them to."""

from collections.abc import Sequence

from hypothesis import strategies as st

from ontology.deriving import Facts
from tests.plain_graph import SHOP

SIMILAR = """
:similarTo a owl:ObjectProperty ; rdfs:label "is like" ; kg:inverseLabel "is like" ;
    rdfs:domain :Product ; rdfs:range :Product .
"""
TEXT = SHOP.text + SIMILAR
POOL = {"Product": "pq", "Category": "cd", "Brand": "b"}
"""Class -> variables that stand for its entities."""
ENDS = {
    "inCategory": ("Product", "Category"),
    "partOf": ("Category", "Category"),
    "madeBy": ("Product", "Brand"),
    "similarTo": ("Product", "Product"),
}
PATTERNS = [(h, relation, t) for relation, (one, other) in ENDS.items() for h in POOL[one] for t in POOL[other]]
ASKED = {
    "p": ["?p a GiftCard", "?p a Product", "?p.price >= 2", "?p.price != 1.5", "?p.inStock = true", "?p.id != 'a'"],
    "q": ["?q.since < '2020-01-01'", "?q.currency = 'EUR'", '?q.currency != "EUR"', "?q.price < 2", "?q a Gift"],
    "c": ["?c.id = 'x'", "?c a Category"],
    "pq": ["?p != ?q"],
    "cd": ["?c != ?d"],
}
ENTITIES = [("Product", "a"), ("Product", "b"), ("GiftCard", "a"), ("Category", "x"), ("Category", "y"), ("Brand", "m")]
PROPERTIES = {
    "price": [1.0, 1.5, 2.0],
    "inStock": [True, False],
    "currency": ["EUR", "USD"],
    "since": [0, 1_577_836_799_999, 1_577_836_800_000],
}
NAMES = {"inCategory": "IN_CATEGORY", "partOf": "PART_OF", "madeBy": "MADE_BY", "similarTo": "SIMILAR_TO"}
POSSIBLE = [
    (head, NAMES[name], tail)
    for name, (one, other) in ENDS.items()
    for head in ENTITIES
    for tail in ENTITIES
    if head[0].replace("GiftCard", "Product") == one and tail[0].replace("GiftCard", "Product") == other
]


@st.composite
def rule_texts(draw: st.DrawFn) -> tuple[str, str]:
    """What a rule's kg:if and kg:then say."""
    if draw(st.integers(0, 9)) == 0:
        return "?p a GiftCard . ?p.price >= 1.5", "?p similarTo ?p"
    patterns = [draw(st.sampled_from(PATTERNS))]
    for _ in range(draw(st.integers(0, 2))):
        patterns.append(draw(st.sampled_from([p for p in PATTERNS if {p[0], p[2]} & _variables(patterns)])))
    known = _variables(patterns)
    asked = [text for variables, texts in ASKED.items() if set(variables) <= known for text in texts]
    said = [f"?{h} {relation} ?{t}" for h, relation, t in patterns]
    said += draw(st.lists(st.sampled_from(asked), max_size=2, unique=True)) if asked else []
    possible = [f"?{h} {relation} ?{t}" for h, relation, t in PATTERNS if {h, t} <= known]
    concluded = draw(st.lists(st.sampled_from(possible), min_size=1, max_size=2, unique=True))
    return " . ".join(draw(st.permutations(said))), " . ".join(concluded)


def rule_sets() -> st.SearchStrategy[str]:
    """The shop with some rules, as Turtle."""
    return st.lists(rule_texts(), min_size=1, max_size=3).map(with_rules)


def with_rules(rules: Sequence[tuple[str, str]]) -> str:
    said = (f':rule{i} a kg:Rule ; kg:if """{if_}""" ; kg:then """{then}""" .' for i, (if_, then) in enumerate(rules))
    return "\n".join([TEXT, *said])


def facts() -> st.SearchStrategy[Facts]:
    properties = st.fixed_dictionaries({}, optional={n: st.sampled_from(values) for n, values in PROPERTIES.items()})
    with_some = dict.fromkeys(ENTITIES[:3], properties)
    entities = st.fixed_dictionaries({entity: with_some.get(entity, st.just({})) for entity in ENTITIES})
    return st.builds(Facts, st.sets(st.sampled_from(POSSIBLE), max_size=8), entities)


def _variables(patterns: Sequence[tuple[str, str, str]]) -> set[str]:
    return {variable for head, _, tail in patterns for variable in (head, tail)}
