"""Whatever is said, in whatever mixture: an ontology is read, or refused in a sentence."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ontology.errors import InputError
from ontology.implications import groups, reasoned
from ontology.rule_cypher import cypher
from ontology.shapes import broken
from ontology.turtle import parse_ontology
from tests.ontologies import PREFIXES

SUBJECTS = (":Big", ":Small", ":a", ":b", ":c", "kg:User", "kg:name", "[]")
OBJECTS = (
    *SUBJECTS,
    *("owl:Class", "owl:ObjectProperty", "owl:DatatypeProperty", "owl:FunctionalProperty", "owl:SymmetricProperty"),
    *("owl:TransitiveProperty", "kg:Rule", "sh:NodeShape", "sh:PropertyShape", "sh:Warning", "sh:IRI", "xsd:integer"),
    *(
        "1",
        "-1",
        "1.5",
        "'a'",
        "'a'@en",
        "true",
        "'x'^^xsd:date",
        "()",
        "(1 'a')",
        "'?x a ?y'",
        "'?x b ?y'",
        "'?x a Small'",
    ),
    *("[ sh:path :a ; sh:minCount 1 ]", "[ sh:path :b ; sh:in ('a' 1) ]", "[ sh:path :c ; sh:class :Small ]"),
)
PREDICATES = (
    *("a", "a", "a", "rdfs:subClassOf", "rdfs:subPropertyOf", "rdfs:domain", "rdfs:range", "rdfs:label"),
    *("owl:inverseOf", "kg:inverseLabel", "kg:positiveFrom", "kg:if", "kg:then", "sh:targetClass", "sh:property"),
    *("sh:path", "sh:minCount", "sh:pattern", "sh:in", "sh:nodeKind", "sh:deactivated", "sh:message", "sh:severity"),
)
SOUND = """
:Big a owl:Class . :Small a owl:Class ; rdfs:subClassOf :Big .
:a a owl:ObjectProperty ; kg:inverseLabel "x" ; rdfs:domain :Big ; rdfs:range :Small .
:b a owl:ObjectProperty ; kg:inverseLabel "x" ; rdfs:domain :Big ; rdfs:range :Big .
:c a owl:DatatypeProperty .
"""


SOME = (
    ":r a kg:Rule ; kg:if '?x b ?y . ?x != ?y' ; kg:then '?x b ?x'",
    ":a a owl:TransitiveProperty",
    ":b a owl:TransitiveProperty",
)
ASKED = ("sh:minCount 1", "sh:pattern 'a'", "sh:pattern '('", "sh:in ('a' 1)", "sh:class :Small", "sh:maxInclusive 5")


def statements() -> st.SearchStrategy[str]:
    one = st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(PREDICATES), st.sampled_from(OBJECTS)).map(" ".join)
    shape = st.builds(
        ":Big sh:property [ sh:path {} ; {} ]".format, st.sampled_from([":a", ":b", ":c"]), st.sampled_from(ASKED)
    )
    said = st.lists(st.one_of(one, one, shape, st.sampled_from(SOME)), max_size=4)
    return said.map(lambda said: " .\n".join([*said, ""]))


@settings(max_examples=400, deadline=None)
@given(statements(), st.sampled_from([SOUND, SOUND, ""]))
@example(":c rdfs:range xsd:string ; owl:inverseOf :a .", SOUND)
def test_an_ontology_is_read_or_refused(said: str, before: str) -> None:
    try:
        ontology = parse_ontology(PREFIXES + before + said)
    except InputError:
        return
    assert reasoned(ontology) <= {name for group in groups(ontology) for name in group.members}
    for rule in ontology.rules:
        cypher(rule, ontology)
    for cls in ontology.classes:
        broken(ontology, cls, {"name": ["a"]}, {}, 1)
