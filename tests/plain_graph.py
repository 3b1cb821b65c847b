"""A graph as plain Python: what every graph store has to agree with, and made-up things to put into both."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hypothesis import strategies as st

from kg.snapshot import Readable
from kg.triples import Entity, Interaction, Ref, Triple, Value
from ontology.turtle import load_ontology

SHOP = load_ontology(Path(__file__).parent / "catalogs" / "shop" / "shop.ttl")
SHAPES = {
    "IN_CATEGORY": ("Product", "Category"),
    "MADE_BY": ("Product", "Brand"),
    "PART_OF": ("Category", "Category"),
}
KEYS = (
    "a",
    "b",
    "",
    " ",
    "0",
    "null",
    "a'b",
    'a"b',
    "a`b",
    "a\\b",
    "a\nb",
    "$a",
    "{a}",
    "\u00e9",
    "e\u0301",
    "山川",
    "🎬",
    "\0",
)
"""Short and nasty. Two are the same letter to the eye, written in two ways, and so two keys."""


class PlainGraph:
    """Reads and writes as a graph store does."""

    def __init__(self) -> None:
        self._properties: dict[Ref, dict[str, Value]] = {}
        self._triples: set[Triple] = set()
        self._interactions: dict[tuple[str, str], Interaction] = {}

    def upsert_entities(self, entities: Iterable[Entity]) -> int:
        said = list(entities)
        for entity in said:
            self._properties.setdefault(Ref(entity.cls, entity.key), {}).update(entity.properties)
        return len(said)

    def upsert_triples(self, triples: Iterable[Triple]) -> list[int]:
        said = list(triples)
        missing = [i for i, t in enumerate(said) if not {t.head, t.tail} <= self._properties.keys()]
        self._triples.update(t for i, t in enumerate(said) if i not in missing)
        return missing

    def upsert_interactions(self, interactions: Iterable[Interaction]) -> list[int]:
        said = list(interactions)
        missing = [i for i, x in enumerate(said) if x.item not in self._properties]
        last = {(x.relation, x.id): x for i, x in enumerate(said) if i not in missing}
        for interaction in last.values():
            self._properties.setdefault(interaction.user, {})
        self._interactions |= last
        return missing

    def entities(self, cls: str) -> Iterator[Entity]:
        return (Entity(ref.cls, ref.key, found) for ref, found in self._properties.items() if ref.cls == cls)

    def triples(self, relation: str) -> Iterator[tuple[str, str, str, str]]:
        return ((*t.head, *t.tail) for t in self._triples if t.relation == relation)

    def interactions(self, relation: str) -> Iterator[Interaction]:
        return (x for x in self._interactions.values() if x.relation == relation)


def contents(graph: Readable) -> dict[str, list[str]]:
    """All that a graph of the shop holds, by class or relation, in an order of its own; 1, 1.0 and True differ."""
    found: dict[str, Iterable[object]] = {
        cls: [(e.key, sorted(e.properties.items())) for e in graph.entities(cls)] for cls in SHOP.classes
    }
    found |= {relation: graph.triples(relation) for relation in SHAPES}
    found |= {relation.name: graph.interactions(relation.name) for relation in SHOP.interactions()}
    return {name: sorted(map(repr, things)) for name, things in found.items()}


POOL = st.shared(st.lists(st.sampled_from(KEYS), min_size=2, max_size=3, unique=True), key="keys")
"""One example has few keys, so that what it says often meets what is there."""


def keys() -> st.SearchStrategy[str]:
    return POOL.flatmap(st.sampled_from)


def values() -> st.SearchStrategy[Value]:
    """All that a property can be."""
    number = st.floats(allow_nan=False, allow_infinity=False)
    return st.one_of(texts(), st.integers(-(1 << 63), (1 << 63) - 1), number, st.booleans())


def texts() -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def entities() -> st.SearchStrategy[Entity]:
    properties = st.dictionaries(st.sampled_from(["name", "price", "since"]), values(), max_size=3)
    return st.builds(Entity, st.sampled_from(["Product", "GiftCard", "Category", "Brand"]), keys(), properties)


def triples() -> st.SearchStrategy[Triple]:
    def of(relation: str) -> st.SearchStrategy[Triple]:
        head, tail = SHAPES[relation]
        return st.builds(Triple, refs(head), st.just(relation), refs(tail))

    return st.sampled_from(sorted(SHAPES)).flatmap(of)


def interactions() -> st.SearchStrategy[Interaction]:
    """Ids begin with the class of the item: in one batch an id has one."""

    def of(cls: str) -> st.SearchStrategy[Interaction]:
        relation, value = st.sampled_from(["BOUGHT", "VIEWED"]), st.floats(-1e9, 1e9)
        ids = st.sampled_from("12'").map(lambda id_: f"{cls} {id_}")
        at = st.integers(0, 253_402_300_799_999)
        return st.builds(Interaction, ids, refs("Customer"), relation, refs(cls), value, at)

    return st.sampled_from(["Product", "GiftCard"]).flatmap(of)


def refs(cls: str) -> st.SearchStrategy[Ref]:
    return st.builds(Ref, st.just(cls), keys())


Batch = tuple[str, Sequence[object]]


def batches() -> st.SearchStrategy[list[Batch]]:
    """Calls of a store: the method, and what it is given."""

    def of(method: str, things: st.SearchStrategy[object]) -> st.SearchStrategy[Batch]:
        return st.tuples(st.just(method), st.lists(things, max_size=8))

    first = of("upsert_entities", entities())
    any_ = st.one_of(first, of("upsert_triples", triples()), of("upsert_interactions", interactions()))
    return st.builds(lambda one, others: [one, *others], first, st.lists(any_, min_size=1, max_size=6))
