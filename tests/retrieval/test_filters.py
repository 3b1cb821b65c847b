"""What a filter matches is what a plain evaluation of its tree, item by item over dictionaries, finds."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.entries import Edit
from kg.triples import Ref, Triple
from retrieval.filter_text import parse
from retrieval.filter_tree import (
    Among,
    And,
    Compared,
    Constant,
    Contains,
    Has,
    IsA,
    Name,
    Not,
    Or,
    Test,
    Tree,
    Value,
    written,
)
from retrieval.filter_world import Edited, Fresh
from retrieval.filters import Filters
from retrieval.items import Items
from retrieval.names import fold
from tests.filter_worlds import EDITED, ITEMS, ONTOLOGY, OTHERS, READER, Plain, Shelf, bundle_of, edits, shelves

WALKS = {
    # How it is written -> relation, ^ backwards; class at the end. From any work.
    "madeBy": ("MADE_BY", "Agent"),
    "creator": ("MADE_BY", "Agent"),
    "agent": ("MADE_BY", "Agent"),
    "WRITTEN_BY": ("WRITTEN_BY", "Agent"),
    "sequel_of": ("SEQUEL_OF", "Work"),
    "followed_by": ("^SEQUEL_OF", "Work"),
    "near": ("NEAR", "Work"),
    "is_like": ("NEAR", "Work"),
    "Part_Of": ("PART_OF", "Work"),
    "holds": ("HOLDS", "Work"),
    "genre": ("HAS_GENRE", "Genre"),
    "has_the_genre": ("HAS_GENRE", "Genre"),
    "version_of": ("VERSION_OF", "Work"),
    "has_the_version": ("^VERSION_OF", "Work"),
}
FROM = {
    "Work": WALKS,
    "Agent": {"made": ("^MADE_BY", "Work"), "wrote": ("^WRITTEN_BY", "Work")},
    "Genre": {
        "broader": ("BROADER", "Genre"),
        "includes": ("^BROADER", "Genre"),
        "isTheGenreOf": ("^HAS_GENRE", "Work"),
    },
}
DATATYPES = {
    "name": str,
    "note": str,
    "year": int,
    "year_of_release": int,
    "price": float,
    "sold": bool,
    "since": datetime,
}
STORED = {"year_of_release": "year"}
TEXTS = st.sampled_from(["Äb", "ab", "x", "g1", "g2", "b1", "b2", "n1", "Star", "p", "\nB", "ss", 'quo"te\\', "Ä"])
CONSTANTS: dict[type, st.SearchStrategy[Value]] = {
    str: TEXTS,
    int: st.sampled_from([1989, 1990, 2**63 - 1, -(2**63), 2**53, 2**53 + 1]),
    float: st.sampled_from([0.5, 1, 2, 2.0, -3.25, 2**60, 1e300]),
    bool: st.booleans(),
    datetime: st.sampled_from(["1970-01-01", "1970-01-02T00:00:00Z", "2024-05-01", "2024-05-01T02:00:00+02:00"]),
}


@st.composite
def leaves(draw: st.DrawFn) -> Tree:
    """A test that the ontology of the shelves allows."""
    path, kind = [], "Work"
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(sorted(FROM[kind])))
        path.append(name)
        kind = FROM[kind][name][1]
    if draw(st.booleans()):
        return _attribute(draw, path)
    return _entity(draw, path or ["item"], kind)


def _attribute(draw: st.DrawFn, path: list[str]) -> Tree:
    name = draw(st.sampled_from([*DATATYPES, "id"]))
    datatype = DATATYPES.get(name, str)
    names, constants = _names([*path, name]), CONSTANTS[datatype].map(Constant)
    operators = ["=", "!="] if datatype in (str, bool) else ["=", "!=", "<", "<=", ">", ">="]
    forms = [
        st.just(Has(names)),
        st.builds(Compared, st.just(names), st.sampled_from(operators), constants),
        st.builds(Among, st.just(names), st.lists(constants, min_size=1, max_size=3).map(tuple)),
    ]
    if datatype is str:
        forms.append(st.builds(Contains, st.just(names), TEXTS.map(Constant)))
    return draw(st.one_of(forms))


def _entity(draw: st.DrawFn, path: list[str], kind: str) -> Tree:
    names, texts = _names(path), TEXTS.map(Constant)
    classes = st.sampled_from(["Book", "album", "WORK", "Agent", "person", "Genre"]).map(Name)
    forms = [
        st.just(Has(names)),
        st.builds(Compared, st.just(names), st.sampled_from(["=", "!="]), texts),
        st.builds(Among, st.just(names), st.lists(texts, min_size=1, max_size=3).map(tuple)),
        st.builds(Contains, st.just(names), texts),
        st.builds(IsA, st.just(names), classes if kind == "Agent" else st.one_of(classes, texts)),
    ]
    return draw(st.one_of(forms))


def _names(path: list[str]) -> tuple[Name, ...]:
    return tuple(map(Name, path))


def trees() -> st.SearchStrategy[Tree]:
    def joined(part: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        parts = st.lists(part, min_size=2, max_size=3).map(tuple)
        return st.one_of(parts.map(And), parts.map(Or), part.map(Not))

    return st.recursive(leaves(), joined, max_leaves=5)


def matches(plain: Plain, ref: Ref, tree: Tree) -> bool:
    """The reference: one item after the other."""
    match tree:
        case Or(parts):
            return any(matches(plain, ref, part) for part in parts)
        case And(parts):
            return all(matches(plain, ref, part) for part in parts)
        case Not(part):
            return not matches(plain, ref, part)
        case Compared(path, "!=", constant):
            return not matches(plain, ref, Compared(path, "=", constant))
    return _test_holds(plain, ref, tree)


def _test_holds(plain: Plain, ref: Ref, tree: Test) -> bool:
    names, refs, kind = [name.text for name in tree.path], [ref], "Work"
    while names and names[0] in FROM[kind]:
        relation, kind = FROM[kind][names.pop(0)]
        refs = [end for one in refs for end in plain.ends(one, relation)]
    if names in ([], ["item"]):
        return any(_entity_is(plain, one, tree) for one in refs)
    if names == ["id"]:
        return any(_value_is(one.key, str, tree) for one in refs)
    name = STORED.get(names[0], names[0])
    said = [plain.properties(one)[name] for one in refs if name in plain.properties(one)]
    return any(_value_is(value, DATATYPES[name], tree) for value in said)


def _entity_is(plain: Plain, ref: Ref, tree: Tree) -> bool:
    match tree:
        case Has():
            return True
        case Contains(_, text):
            return fold(str(text.value)) in fold(plain.name(ref))
        case IsA(_, Name(text)):
            return ONTOLOGY.is_a(ref.cls, text.capitalize() if text.lower() != "work" else "Work")
        case IsA(_, kind):
            return any(kind.value in (one.key, plain.name(one)) for one in plain.wider(ref))
        case Compared(_, _, constant):
            return constant.value in (ref.key, plain.name(ref))
        case Among(_, constants):
            return any(constant.value in (ref.key, plain.name(ref)) for constant in constants)
    raise AssertionError(tree)


def _value_is(value: object, datatype: type, tree: Tree) -> bool:
    if isinstance(tree, Has):
        return True
    wanted = (int, float) if datatype is float else int if datatype is datetime else datatype
    if not isinstance(value, wanted) or (isinstance(value, bool) and datatype is not bool):
        return False
    match tree:
        case Contains(_, text):
            return fold(str(text.value)) in fold(str(value))
        case Among(_, constants):
            return any(_number(value, datatype) == _constant(c, datatype) for c in constants)
        case Compared(_, operator, constant):
            return OPERATORS[operator](_number(value, datatype), _constant(constant, datatype))
    raise AssertionError(tree)


OPERATORS: dict[str, Callable] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _number(value: object, datatype: type) -> object:
    return float(value) if datatype is float else value  # type: ignore[arg-type]


def _constant(constant: Constant, datatype: type) -> object:
    if datatype is not datetime:
        return _number(constant.value, datatype)
    time = datetime.fromisoformat(str(constant.value))
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def matched(filters: Filters, items: Items, text: str) -> set[str]:
    found = filters.matching(text)
    keys = {ref.key for i, ref in enumerate(ITEMS) if found.mask[i]}
    assert not keys & found.fresh
    for ref in {*ITEMS, *EDITED}:
        if items.get(ref.key) is not None:
            assert found.has(items.number(ref.key), ref.key) == (ref.key in keys | found.fresh)
    return keys | found.fresh


@given(shelf=shelves(), said=edits(), some=st.lists(trees(), min_size=1, max_size=3))
@settings(max_examples=200)
def test_a_mask_is_what_a_plain_evaluation_finds(shelf: Shelf, said: list[Edit], some: list[Tree]):
    items, plain = Items(shelf.bundle), shelf.plain
    filters = Filters(shelf.bundle, items)
    for tree in some:
        filters.matching(written(tree))  # before the edits: nothing of it may be kept too long
    for asked in said:
        if edit := plain.takes(asked):
            items.take(edit)
    plain.reason()
    for tree in some:
        expected = {ref.key for ref in plain.items if matches(plain, ref, tree)}
        assert matched(filters, items, written(tree)) == expected, written(tree)


def every_test() -> list[str]:
    """Each relation and property with all that it can be compared with; the rest is left to chance."""
    keys = {"Agent": ["x", "p"], "Genre": ["g1", "g2", "g3"], "Work": ["a1", "a2", "b1", "b3", "n1", "n2"]}
    found = [
        "item is_a Book",
        "year = 9007199254740992",
        "year = 9007199254740993",
        "price > 0.5",
        "since <= '1970-01-02'",
    ]
    for name, (_, kind) in WALKS.items():
        found += [f"has {name}", *(f"{name} = '{key}'" for key in keys[kind])]
    for name in ("genre", "version_of", "item", "near"):
        found += [f"{name} is_a '{key}'" for key in keys["Genre" if name == "genre" else "Work"]]
    return found + [f"has {name}" for name in DATATYPES]


EVERY = [(text, parse(text)) for text in every_test()]


@given(shelf=shelves(), said=edits())
@settings(max_examples=150)
def test_every_test_finds_what_a_plain_evaluation_finds(shelf: Shelf, said: list[Edit]):
    items, plain = Items(shelf.bundle), shelf.plain
    filters = Filters(shelf.bundle, items)
    for asked in said:
        if edit := plain.takes(asked):
            items.take(edit)
    plain.reason()
    for text, tree in EVERY:
        assert matched(filters, items, text) == {ref.key for ref in plain.items if matches(plain, ref, tree)}, text


@given(shelf=shelves(), said=edits(), a=trees(), b=trees(), c=trees())
@settings(max_examples=100)
def test_and_or_and_not_obey_their_laws(shelf: Shelf, said: list[Edit], a: Tree, b: Tree, c: Tree):
    items = Items(shelf.bundle)
    filters = Filters(shelf.bundle, items)
    for asked in said:
        if edit := shelf.plain.takes(asked):
            items.take(edit)

    def same(one: Tree, other: Tree) -> None:
        assert matched(filters, items, written(one)) == matched(filters, items, written(other))

    same(Not(Not(a)), a)
    same(Not(And((a, b))), Or((Not(a), Not(b))))
    same(Not(Or((a, b))), And((Not(a), Not(b))))
    same(And((a, Or((b, c)))), Or((And((a, b)), And((a, c)))))
    same(And((a, b)), And((b, a)))
    same(Or((a, And((a, b)))), a)
    everything = matched(filters, items, written(Or((a, Not(a)))))
    assert everything == {ref.key for ref in shelf.plain.items}
    assert matched(filters, items, written(And((a, Not(a))))) == set()


def test_what_is_kept_is_bounded_and_cannot_be_written_to():
    bundle = bundle_of([*ITEMS, READER, *OTHERS], [{} for _ in range(len(ITEMS) + 1 + len(OTHERS))], set())
    filters = Filters(bundle, Items(bundle))
    for year in range(200):
        filters.matching(f"year = {year}")
    assert filters.compiled.cache_info().currsize == 64
    with pytest.raises(ValueError, match="read-only"):
        filters.matching("year = 199").mask[0] = True


def test_hierarchies_and_transitive_relations_are_followed_to_their_end_and_round_a_circle():
    genre = [Ref("Genre", f"g{i}") for i in (1, 2, 3)]
    book, album, work = Ref("Book", "b1"), Ref("Album", "a1"), Ref("Work", "w")
    said = {
        Triple(book, "HAS_GENRE", genre[0]),
        Triple(album, "HAS_GENRE", genre[2]),
        Triple(genre[0], "BROADER", genre[1]),
        Triple(genre[1], "BROADER", genre[2]),
        Triple(work, "SEQUEL_OF", album),
        Triple(album, "SEQUEL_OF", book),
    }
    for circle in ((), (Triple(genre[2], "BROADER", genre[0]), Triple(book, "SEQUEL_OF", work))):
        bundle = bundle_of(
            [*ITEMS, READER, *OTHERS], [{} for _ in range(len(ITEMS) + 1 + len(OTHERS))], {*said, *circle}
        )
        items = Items(bundle)
        filters = Filters(bundle, items)
        assert matched(filters, items, "genre is_a 'g3'") == {"b1", "a1"}
        assert matched(filters, items, "genre is_a 'g1'") == ({"b1", "a1"} if circle else {"b1"})
        assert matched(filters, items, "sequel_of = 'b1'") == ({"w", "a1", "b1"} if circle else {"w", "a1"})
        assert matched(filters, items, "followed_by = 'w'") == ({"w", "a1", "b1"} if circle else {"a1", "b1"})


def test_what_was_edited_is_read_once_for_all_tests_of_a_filter():
    refs = [*ITEMS, READER, *OTHERS]
    items = Items(bundle_of(refs, [{"name": str(ref)} for ref in refs], set()))
    items.take(Edit("", "patch", ITEMS[0], {"year": 1990}))
    fresh = Fresh(len(refs))
    fresh.meet(items.changes()[0], items)
    edited = Edited(items.changes()[0], items, fresh)
    year, kinds = ONTOLOGY.properties["year"], frozenset({"Album"})
    assert edited.column(year) is edited.column(year)
    assert edited.words(kinds) is edited.words(kinds)
    assert edited.column(year).values.tolist() == [1990]
