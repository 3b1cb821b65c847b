"""Whether an edit of an item fits the ontology and what is there: by the rules of `kg ingest`, in its words."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from kg import values
from kg.edit_limits import Limits
from kg.entries import Edit, Op
from kg.formats.encoding import shown
from kg.planned import Known, Planned
from kg.triples import Ref, Value
from ontology.model import ITEM, Datatype, Ontology, Relation
from ontology.shapes import Broken, broken, broken_tail

Tail = str | Ref
"""A text names an entity by its key alone."""
JSON_TYPES: Mapping[Datatype, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "date": (str,),
}
"""What stands for a value in JSON. Numbers and booleans are not written as texts."""
REPLACED = "\ufffd"
"""What a path has where its bytes were not UTF-8."""


@dataclass(frozen=True)
class Asked:
    """An edit as somebody asks for it; nothing of it is checked yet."""

    op: Op
    key: str
    cls: str | None = None
    properties: Mapping[str, object] = field(default_factory=dict)
    relations: Mapping[str, Sequence[Tail]] = field(default_factory=dict)


@dataclass(frozen=True)
class Wrong:
    """What is wrong with an edit, and where: the names and positions that lead to it."""

    place: tuple[str | int, ...]
    reason: str


def checked(asked: Asked, ontology: Ontology, known: Known, at: int) -> Edit | list[Wrong]:
    """The edit, or all that is wrong with it."""
    edits, wrong = checked_all([asked], ontology, known, at)
    return edits[0] if edits else [part for _, part in wrong]


def checked_all(
    asked: Sequence[Asked], ontology: Ontology, known: Known, at: int
) -> tuple[list[Edit], list[tuple[int, Wrong]]]:
    """The edits, and all that is wrong with them by position. Each may rest on those before it."""
    planned, limits = Planned(known), Limits(ontology)
    edits: list[Edit] = []
    wrong: list[tuple[int, Wrong]] = []
    for position, one in enumerate(asked):
        found = _checked(one, ontology, planned, at)
        if isinstance(found, Edit):
            planned.take(found)
            second = [Wrong(*broken) for broken in limits.broken(found, planned)]
            wrong += [(position, part) for part in second]
            edits += [] if second else [found]
        else:
            wrong += [(position, part) for part in found]
    return edits, wrong


def _checked(asked: Asked, ontology: Ontology, known: Known, at: int) -> Edit | list[Wrong]:
    there = known.item_class(asked.key)
    if reason := _unusable_key(asked.key) or (
        f"there is no item {shown(asked.key)!r}" if asked.op != "put" and there is None else None
    ):
        return [Wrong(("id",), reason)]
    try:
        item = Ref(_class(asked, there, ontology), asked.key)
    except ValueError as error:
        return [Wrong(("class",), str(error))]
    wrong: list[Wrong] = []
    properties = _properties(asked, ontology, wrong)
    relations = _Ends(item, ontology, known).relations(asked, wrong)
    edit = Edit(uuid4().hex, asked.op, item, properties, relations, at)
    return wrong or list(_unshaped(edit, ontology)) or edit


def warnings(edits: Iterable[Edit], ontology: Ontology) -> dict[str, int]:
    """What shapes of the ontology only warn of, as the report of a load has it: `Class.name rule` -> how often."""
    broken_by = ((edit.item.cls, found) for edit in edits for _, found in _broken(edit, ontology))
    return dict(Counter(f"{cls}.{found.name} {found.rule}" for cls, found in broken_by if not _refuses(found)))


def _unshaped(edit: Edit, ontology: Ontology) -> Iterator[Wrong]:
    for place, found in _broken(edit, ontology):
        if _refuses(found):
            yield Wrong(place, f"{edit.item.cls}.{found.name} {found.reason}")


def _refuses(found: Broken) -> bool:
    return found.severity == "violation"


def _broken(edit: Edit, ontology: Ontology) -> Iterator[tuple[tuple[str | int, ...], Broken]]:
    """What breaks the shapes of the ontology, and where: of a put the whole item, of a patch what it changes."""
    if edit.op == "delete":
        return
    whole = edit.op == "put"
    names = [relation.name for relation in ontology.knowledge()] if whole else edit.relations
    counts = {name: [len(edit.relations.get(name, ()))] for name in names}
    columns = {name: [value] for name, value in edit.properties.items()}
    for found in broken(ontology, edit.item.cls, columns, counts, 1, whole=whole):
        yield ("relations" if found.name in ontology.relations else "properties", found.name), found
    for name, tails in edit.relations.items():
        for position, tail in enumerate(tails):
            for found in broken_tail(ontology, edit.item.cls, name, tail.cls):
                yield ("relations", name, position), found


def _class(asked: Asked, there: str | None, ontology: Ontology) -> str:
    """The class of the item. Raises ValueError."""
    kinds = [kind for kind in ontology.kinds_of(ITEM) if kind != ITEM]
    if asked.cls is None:
        if there is None and len(kinds) != 1:
            raise ValueError(f"say which class: {', '.join(kinds)}")
        return there or kinds[0]
    _known_class(asked.cls, ontology)
    if not ontology.is_a(asked.cls, ITEM):
        raise ValueError(f"{asked.cls} is not a kind of {ITEM}; there is {', '.join(kinds)}")
    if there not in {None, asked.cls}:
        raise ValueError(f"{shown(asked.key)!r} is a {there}; delete it before you make it a {asked.cls}")
    return asked.cls


def _properties(asked: Asked, ontology: Ontology, wrong: list[Wrong]) -> dict[str, Value | None]:
    found: dict[str, Value | None] = {}
    for name, value in asked.properties.items():
        try:
            datatype = _datatype(name, ontology)
            found[name] = None if value is None else _value(datatype, value)
        except ValueError as error:
            wrong.append(Wrong(("properties", name), str(error)))
    return {name: value for name, value in found.items() if value is not None or asked.op == "patch"}


def _datatype(name: str, ontology: Ontology) -> Datatype:
    if name not in ontology.properties:
        known = ", ".join(sorted(ontology.properties))
        raise ValueError(f"{shown(name)!r} is not in the ontology; it has {known}")
    return ontology.properties[name].datatype


def _value(datatype: Datatype, value: object) -> Value:
    """A value as a graph keeps it. Raises ValueError, in the words in which a cell is refused."""
    fits = isinstance(value, JSON_TYPES[datatype]) and isinstance(value, bool) == (datatype == "boolean")
    try:
        if fits and isinstance(value, str) and (reason := _unusable(value)):
            raise ValueError(reason)
        if datatype == "string" and not fits:
            raise ValueError("is not a text")
        return values.PROPERTY[datatype](str(value) if fits else "")
    except ValueError as error:
        found = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        raise ValueError(f"{shown(found)} {error}") from error


@dataclass(frozen=True)
class _Ends:
    """What an item may say of others."""

    item: Ref
    ontology: Ontology
    known: Known

    def relations(self, asked: Asked, wrong: list[Wrong]) -> dict[str, tuple[Ref, ...]]:
        found: dict[str, tuple[Ref, ...]] = {}
        for name, tails in asked.relations.items():
            try:
                relation = self._relation(name)
            except ValueError as error:
                wrong.append(Wrong(("relations", name), str(error)))
            else:
                refs = self._tails(relation, tails, wrong)
                found |= {name: refs} if refs or asked.op == "patch" else {}
        return found

    def _relation(self, name: str) -> Relation:
        relation = self.ontology.relations.get(name)
        if relation is None:
            available = ", ".join(r.name for r in self.ontology.knowledge())
            raise ValueError(f"{shown(name)!r} is not in the ontology; it has {available}")
        if self.ontology.is_interaction(name):
            raise ValueError(f"{name} is what a user does with an item; it is an event, not part of an item")
        if not self.ontology.is_a(self.item.cls, relation.domain):
            raise ValueError(f"the head of {name} has to be {relation.domain}; {self.item.cls} is not a kind of it")
        return relation

    def _tails(self, relation: Relation, tails: Sequence[Tail], wrong: list[Wrong]) -> tuple[Ref, ...]:
        found: dict[Ref, None] = {}
        for position, tail in enumerate(tails):
            try:
                found[self._tail(relation, tail)] = None
            except ValueError as error:
                wrong.append(Wrong(("relations", relation.name, position), str(error)))
        return tuple(found)

    def _tail(self, relation: Relation, tail: Tail) -> Ref:
        """The entity that is named, which has to be there, or to be the item itself. Raises ValueError."""
        if isinstance(tail, Ref):
            _known_class(tail.cls, self.ontology)
            if not self.ontology.is_a(tail.cls, relation.range):
                wanted = f"the tail of {relation.name} has to be {relation.range}"
                raise ValueError(f"{wanted}; {tail.cls} is not a kind of it")
        named, key = tail if isinstance(tail, Ref) else (relation.range, tail)
        kinds = (named,) if isinstance(tail, Ref) else self.ontology.kinds_of(named)
        found = [ref for ref in (Ref(kind, key) for kind in kinds) if ref == self.item or self.known.has(ref)]
        if not found:
            raise ValueError(f"{named} {shown(key)!r} is not in the graph")
        if len(found) > 1:
            classes = ", ".join(ref.cls for ref in found)
            raise ValueError(f"{shown(key)!r} can be {classes}; say which, as an object with class and key")
        return found[0]


def _known_class(cls: str, ontology: Ontology) -> None:
    if cls not in ontology.classes:
        raise ValueError(f"{shown(cls)!r} is not in the ontology; it has {', '.join(sorted(ontology.classes))}")


def _unusable_key(key: str) -> str | None:
    try:
        values.key(key)
    except ValueError as error:
        return f"{shown(key)!r} {error}"
    if reason := _unusable(key) or ("begins or ends with a space" if key != key.strip() else None):
        return f"{shown(key)!r} {reason}"
    return f"{shown(key)!r} is not UTF-8" if REPLACED in key else None


def _unusable(text: str) -> str | None:
    """Why no graph should hold this text. An empty cell of a file says nothing, so it cannot be loaded either."""
    if not text.strip():
        return "is empty"
    return "has a NUL character" if "\0" in text else None
