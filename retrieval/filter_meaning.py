"""What the names of a filter mean: properties and relations of an ontology, by the words that people see.

`HAS_GENRE`, `hasGenre`, `has_genre` and the label "has the genre" as `has_the_genre` are read without case and `_`.
What names are tried, in this order: those of the ontology; labels, inverse labels (which walk a relation backwards)
and names in other vocabularies (`genre`, for `schema:genre`); the class of a relation's tail. The first that has a
meaning where it stands counts. Two meanings of one kind are refused.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from ontology.letters import is_part_of_a_word
from ontology.model import ITEM, Ontology, Property, Relation
from ontology.names import local_name
from retrieval.filter_tree import FilterError, Name

KEY = "id"
"""The key of an entity."""
ITSELF = "item"
"""The item itself, at the beginning of a path."""
MOST_NAMED = 12
"""How many names a message lists."""
KINDS = 3


@dataclass(frozen=True)
class Walk:
    """From entities of the classes `start` along a relation, or back, to entities of the classes `end`."""

    relation: Relation
    inverse: bool
    start: frozenset[str] = field(compare=False)
    end: frozenset[str] = field(compare=False)

    @property
    def name(self) -> str:
        """How it is said best."""
        return snake(self.relation.inverse_label) if self.inverse else local_name(self.relation.iri)

    def said(self) -> str:
        """It, in a sentence."""
        return f"{self.name} ({self.relation.name}{', backwards' if self.inverse else ''})"


@dataclass(frozen=True)
class Attribute:
    """A property of any entity; None is the key."""

    of: Property | None

    @property
    def name(self) -> str:
        """How it is said best."""
        return self.of.name if self.of else KEY

    def said(self) -> str:
        """It, in a sentence."""
        return f"{self.name} (a property)"


Meaning = Walk | Attribute


def plain(name: str) -> str:
    """A name or a label without case and everything that is no letter or digit, or a mark on one."""
    return "".join(c for c in unicodedata.normalize("NFC", name).casefold() if is_part_of_a_word(c))


def snake(label: str) -> str:
    """A label as it is written in a filter: `is_the_genre_of`."""
    return "_".join("".join(c if is_part_of_a_word(c) else " " for c in label).split())


class Meanings:
    """All names of an ontology that a filter may use."""

    def __init__(self, ontology: Ontology) -> None:
        self._ontology = ontology
        self._known: tuple[dict[str, dict[Meaning, None]], ...] = tuple(defaultdict(dict) for _ in range(KINDS))
        for kind, name, meaning in self._all():
            self._known[kind][plain(name)][meaning] = None
        self._events = {plain(relation.name): relation.name for relation in ontology.interactions()}
        self.items = frozenset(ontology.kinds_of(ITEM))
        self.hierarchies = [
            self._walk(relation, inverse=False) for relation in ontology.knowledge() if relation.hierarchy
        ]

    def of(self, name: Name, start: frozenset[str], where: str) -> Meaning:
        """What a name means of entities of the classes `start`, which are called `where`. Raises FilterError."""
        for kind in self._known:
            fitting = [m for m in kind.get(plain(name.text), ()) if _fits(m, start)]
            exact = [m for m in fitting if _is_exactly(m, name.text)]
            if len(fitting) == 1 or len(exact) == 1:
                return (exact or fitting)[0]
            if fitting:
                several = " or ".join(m.said() for m in fitting)
                raise FilterError(name.at, f"{name.text!r} can be {several}; name the one that is meant")
        raise FilterError(name.at, self._unknown(name.text, start, where))

    def kinds(self, name: Name) -> frozenset[str]:
        """The classes that are of the named class. Raises FilterError."""
        classes = self._ontology.classes.values()
        words = {plain(text): one.name for one in classes for text in (one.label, one.name)}
        if plain(name.text) in words:
            return frozenset(self._ontology.kinds_of(words[plain(name.text)]))
        near = _near(name.text, {plain(one.name): one.name for one in classes})
        raise FilterError(name.at, f'{name.text!r} is no class{near}; an entity is named in quotes: "{name.text}"')

    def _unknown(self, text: str, start: frozenset[str], where: str) -> str:
        if plain(text) in self._events:
            return f"{self._events[plain(text)]} is what users do with items; a filter asks for what items are"
        if elsewhere := next((m for kind in self._known for m in kind.get(plain(text), ())), None):
            ends = sorted(elsewhere.start) if isinstance(elsewhere, Walk) else []
            return f"{text!r} leads from {' or '.join(ends)}, not from {where}"
        names = {plain(m.name): m.name for kind in self._known for ms in kind.values() for m in ms if _fits(m, start)}
        spellings = {p: m.name for kind in self._known for p, ms in kind.items() for m in ms if _fits(m, start)}
        near = _near(text, spellings | names, otherwise=sorted(names.values()))
        return f"{text!r} is no property and no relation of {where}{near}"

    def _all(self) -> Iterator[tuple[int, str, Meaning]]:
        yield 0, KEY, Attribute(None)
        for one in self._ontology.properties.values():
            yield from ((kind, name, Attribute(one)) for kind, name in _named(one))
        for relation in self._ontology.knowledge():
            ahead, back = self._walk(relation, inverse=False), self._walk(relation, inverse=True)
            yield from ((kind, name, ahead) for kind, name in _named(relation))
            yield 1, relation.inverse_label, ahead if relation.symmetric else back
            end = self._ontology.classes[relation.range]
            yield from ((2, name, ahead) for name in (end.name, end.label))

    def _walk(self, relation: Relation, *, inverse: bool) -> Walk:
        ends = [frozenset(self._ontology.kinds_of(end)) for end in (relation.domain, relation.range)]
        return Walk(relation, inverse, *(ends[::-1] if inverse else ends))


def _named(one: Property | Relation) -> Iterator[tuple[int, str]]:
    yield 0, one.name
    yield 1, one.label
    yield from ((1, name) for name in one.aligned)


def _fits(meaning: Meaning, start: frozenset[str]) -> bool:
    return isinstance(meaning, Attribute) or bool(meaning.start & start)


def _is_exactly(meaning: Meaning, text: str) -> bool:
    stored = isinstance(meaning, Walk) and not meaning.inverse and text == meaning.relation.name
    return stored or text == meaning.name


def _near(text: str, known: Mapping[str, str], otherwise: list[str] | None = None) -> str:
    """What may be meant; or all there is, where that is given."""
    close = dict.fromkeys(known[one] for one in get_close_matches(plain(text), known, n=3, cutoff=0.7))
    if close:
        return f"; did you mean {' or '.join(close)}?"
    if not otherwise:
        return ""
    more = f" and {len(otherwise) - MOST_NAMED} more" if len(otherwise) > MOST_NAMED else ""
    return f"; there is {', '.join(otherwise[:MOST_NAMED])}{more}"
