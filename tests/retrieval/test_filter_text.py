"""The text of a filter and its tree: what is written is read back, and what is wrong is said with its place."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.turtle import load_ontology, parse_ontology
from retrieval.filter_compiled import Compiler
from retrieval.filter_meaning import plain, snake
from retrieval.filter_text import DEEPEST, KEYWORDS, MOST_CHARACTERS, MOST_CONTAINS, MOST_TESTS, MOST_VALUES, parse
from retrieval.filter_tree import (
    Among,
    And,
    Compared,
    Constant,
    Contains,
    FilterError,
    Has,
    IsA,
    Name,
    Not,
    Or,
    Tree,
    written,
)
from tests.filter_worlds import ONTOLOGY
from tests.ontologies import PREFIXES

MOVIES = load_ontology(Path(__file__).parents[2] / "ontology" / "movies.ttl")

WORDS = st.text(st.sampled_from("aZ_9äß中"), min_size=1, max_size=5).filter(
    lambda word: re.fullmatch(r"[^\W\d]\w*", word) and word.lower() not in KEYWORDS
)
PATHS = st.lists(WORDS.map(Name), min_size=1, max_size=4).map(tuple)
TEXTS = st.text(max_size=6).map(Constant)
CONSTANTS = st.one_of(
    st.text(max_size=6),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
).map(Constant)


def trees() -> st.SearchStrategy[Tree]:
    one = st.one_of(
        st.builds(Has, PATHS),
        st.builds(Compared, PATHS, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), CONSTANTS),
        st.builds(Among, PATHS, st.lists(CONSTANTS, min_size=1, max_size=3).map(tuple)),
        st.builds(Contains, PATHS, TEXTS),
        st.builds(IsA, PATHS, st.one_of(TEXTS, WORDS.map(Name))),
    )

    def joined(part: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        parts = st.lists(part, min_size=2, max_size=3).map(tuple)
        return st.one_of(parts.map(And), parts.map(Or), part.map(Not))

    return st.recursive(one, joined, max_leaves=8)


@given(trees())
@settings(max_examples=300)
def test_what_is_written_is_read_back(tree: Tree):
    assert repr(_without_places(parse(written(tree)))) == repr(tree)


def _without_places(tree: object) -> object:
    """The same with every place as it is in trees that were never a text."""
    if isinstance(tree, tuple):
        return tuple(map(_without_places, tree))
    if isinstance(tree, Name):
        return Name(tree.text)
    if isinstance(tree, Constant):
        return Constant(tree.value)
    if not hasattr(tree, "__dataclass_fields__"):
        return tree
    return type(tree)(**{name: _without_places(value) for name, value in vars(tree).items()})


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a = 1 or b = 2 and c = 3", "a = 1 or (b = 2 and c = 3)"),
        ("not a = 1 and b = 2", "(not a = 1) and b = 2"),
        ("NOT a IN [1,2] Or HAS b", "not (a in [1, 2]) or has b"),
        ("a not in [1]", "not a in [1]"),
        ("a not contains 'x'", "not a contains 'x'"),
        ("a not is_a Film", "not a is_a Film"),
        ("a = 'it\\'s \"so\"'", 'a = "it\'s \\"so\\""'),
        ("a=-1.5e3", "a = -1500.0"),
        ("\n a\t.b = +7", "a.b = 7"),
        ("contains contains 'x'", "(contains) contains 'x'".replace("(contains)", "contains")),
    ],
)
def test_it_may_be_written_in_several_ways(text: str, same: str):
    assert parse(text) == parse(same)


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", 1, "ends where a property or a relation is expected"),
        ("year >= ", 9, "ends where a value"),
        ("year", 5, "ends where =, !="),
        ("year not = 3", 10, "expected in, contains or is_a"),
        ("year = 1 year = 2", 10, "expected and, or, or the end"),
        ("(year = 1", 10, "ends where and, or, or ) is expected"),
        ("year in 1990", 9, "expected a list"),
        ("year in []", 10, "expected a value"),
        ("year in [1 2]", 12, "expected , or ]"),
        ("year == 1990", 7, "write one ="),
        ("year = 1 && x = 2", 10, "write and"),
        ('name contains "star', 15, "has no end"),
        ('name = "', 8, "has no end"),
        ("name contains star", 15, "a text in quotes"),
        ("a. = 1", 4, "a name after the dot"),
        ("a.b.c.d.e = 1", 9, "at most 4 names"),
        ("year = 1990x", 8, "found '1990x'"),
        ("year = 123456789012345678901", 8, "64 bits"),
        ("year = 1e999", 8, "too large"),
        ("year = \0", 8, "found"),
        ("has", 4, "ends where =, !="),
        ("(" * (DEEPEST + 1) + "a = 1" + ")" * (DEEPEST + 1), DEEPEST + 1, "at most 30 deep"),
        ("not " * 1000 + "a = 1", 4 * DEEPEST + 1, "at most 30 deep"),
        (" or ".join(["has a"] * (MOST_TESTS + 1)), 9 * MOST_TESTS + 1, "at most 100 tests"),
        (
            " or ".join(["a contains 'x'"] * (MOST_CONTAINS + 1)),
            18 * MOST_CONTAINS + 1,
            "at most 10 tests with contains",
        ),
        (f"a in [{','.join(['1'] * (MOST_VALUES + 1))}]", 7, "at most 1,000 values"),
        ("a" * 201 + " = 1", 1, "at most 200 characters, not 201"),
        ("a" * (MOST_CHARACTERS + 1), MOST_CHARACTERS + 1, "at most 10,000 characters"),
    ],
)
def test_a_wrong_text_is_refused_with_its_place(text: str, at: int, reason: str):
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert caught.value.at == at
    assert str(caught.value).startswith(f"filter, character {at}: ")
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 300


@given(st.text(st.sampled_from("ab\"'\\()[],.=<>!1e- \nnotidr_"), max_size=30))
def test_any_text_is_read_or_refused(text: str):
    try:
        tree = parse(text)
    except FilterError as error:
        place = error.at
    else:
        assert parse(written(tree)) == tree
        place = 1
    assert 1 <= place <= len(text) + 1


@pytest.mark.parametrize("text", ['"\\' * 5000, "1" * 9999 + "x", "'" + '"' * 9998, "a." * 5000, "-" * 10_000])
def test_no_text_is_scanned_twice(text: str):
    """A reader that goes back would need longer for a hundred of them than a test may take."""
    for _ in range(100):
        with pytest.raises(FilterError):
            parse(text)


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("yaer > 1990", 1, "'yaer' is no property and no relation of Film; did you mean year?"),
        ("has imdb", 5, "no property and no relation of Film; there is cinematographyBy, directedBy"),
        ("direktor = 'x'", 1, "did you mean directedBy or"),
        ("director.yaer = 1", 10, "of Person; did you mean year?"),
        ("person = 'x'", 1, "can be cinematographyBy (CINEMATOGRAPHY_BY) or directedBy (DIRECTED_BY) or"),
        ("directed = 'x'", 1, "leads from Person, not from Film"),
        ("rated > 3", 1, "RATED is what users do with items"),
        ("was_rated_by = 'x'", 1, "is no property and no relation"),
        ("name.year = 1", 6, "nothing can follow 'name'"),
        ("genre.item = 1", 7, "is no property and no relation of Genre"),
        ("year = '1990'", 8, "'year' is an integer, and '1990' is none; write it like 1990"),
        (f"year = '{'x' * 5000}'", 8, "…"),
        ("year = 1990.5", 8, "and 1990.5 is none"),
        ("year in [1990, true]", 16, "and True is none"),
        ("year > 9223372036854775808", 8, "64 bits"),
        ("year contains '19'", 15, "contains is for texts"),
        ("year is_a Film", 11, "is_a is for entities"),
        ("name > 'b'", 8, "has no order"),
        ("name = 7", 8, "'name' is a string, and 7 is none"),
        ("id = 296", 6, "'id' is a key, which is a text, and 296 is none"),
        ("genre > 'x'", 9, "a relation to Genre, which has no order"),
        ("genre = 7", 9, "a relation to Genre, known by its key or name, a text, and 7 is none"),
        ("genre is_a Crime", 12, "'Crime' is no class; an entity is named in quotes: \"Crime\""),
        ("item is_a Fim", 11, "'Fim' is no class; did you mean Film?"),
        ("director is_a 'x'", 15, "no relation of the ontology is a kg:Hierarchy"),
        ("name contains ' '", 15, "contains needs a letter"),
    ],
)
def test_what_the_ontology_does_not_allow_is_refused_with_its_place(text: str, at: int, reason: str):
    with pytest.raises(FilterError) as caught:
        Compiler(MOVIES).compiled(parse(text))
    assert caught.value.at == at
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sold = 1", "write it like true"),
        ("sold > true", "has no order"),
        ("price = '5'", "write it like 3.5"),
        ("since > 2024", "'since' is a date, and 2024 is none; write it like \"2024-05-01\""),
        ("since > 'May'", "and 'May' is none"),
        ("since > '10000-01-01'", "is none"),
        ("item > 'x'", "'item' is an Item, which has no order"),
    ],
)
def test_each_datatype_has_its_values(text: str, reason: str):
    with pytest.raises(FilterError, match=re.escape(reason)):
        Compiler(ONTOLOGY).compiled(parse(text))


def test_a_name_is_looked_for_in_order_and_never_guessed():
    turtle = """
    :Tag a owl:Class . :Shop a owl:Class .
    :tag a owl:DatatypeProperty .
    :tagged a owl:ObjectProperty ; rdfs:label "tag" ; kg:inverseLabel "x" ; rdfs:domain :Thing ; rdfs:range :Tag .
    :soldBy a owl:ObjectProperty ; rdfs:label "from" ; kg:inverseLabel "y" ; rdfs:domain :Thing ; rdfs:range :Shop .
    :seenAt a owl:ObjectProperty ; rdfs:label "from" ; kg:inverseLabel "z" ; rdfs:domain :Thing ; rdfs:range :Tag .
    """
    compiler = Compiler(parse_ontology(PREFIXES + turtle))
    compiler.compiled(
        parse("tag contains 'x' and shop = 'y' and tagged = 'z'")
    )  # the property; the class; the relation
    with pytest.raises(FilterError, match=re.escape("'from' can be seenAt (SEEN_AT) or soldBy (SOLD_BY)")):
        compiler.compiled(parse("from = 'x'"))


def test_names_of_any_writing_are_read():
    told = parse_ontology(
        PREFIXES
        + """:Film a owl:Class ; rdfs:subClassOf kg:Item .
        :year a owl:DatatypeProperty ; rdfs:label "जारी होने का साल" ; rdfs:range xsd:integer ."""
    )
    for name in ("जारी_होने_का_साल", snake("जारी होने का साल")):
        Compiler(told).compiled(parse(f"{name} = 1990"))
    assert plain("कि") != plain("का")
    assert plain("e\u0301té") == plain("Été")


def test_a_property_and_a_relation_of_one_name_are_told_apart_by_case():
    turtle = """
    :Label a owl:Class . :genre a owl:DatatypeProperty ; rdfs:range xsd:integer .
    :Genre2 a owl:Class . :genRe a owl:ObjectProperty ; kg:inverseLabel "x" ; rdfs:domain :Thing ; rdfs:range :Label .
    """
    compiler = Compiler(parse_ontology(PREFIXES + turtle))
    compiler.compiled(parse("genre = 1 and GEN_RE = 'x' and genRe = 'x'"))
    with pytest.raises(FilterError, match=re.escape("'Genre' can be genre (a property) or genRe (GEN_RE)")):
        compiler.compiled(parse("Genre = 1"))
