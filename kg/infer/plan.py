"""What was found out of a catalog: the nouns between looking at its columns and writing a mapping and an ontology."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count

from kg.infer.naming import camel, class_name, unused, words
from kg.infer.tables import Reading
from ontology.model import ITEM, USER, Datatype
from ontology.names import RESERVED_PROPERTIES, relation_name

CORE_CLASSES = frozenset({ITEM, USER})


@dataclass(frozen=True)
class End:
    """A column that names entities of a class."""

    cls: str
    column: str
    split: str | None = None
    create: bool = False


@dataclass(frozen=True)
class Chosen:
    """A column that chooses the relation: text -> relation."""

    column: str
    relations: Mapping[str, str]


@dataclass(frozen=True)
class TriplePlan:
    """Without a head it is the row's entity. `why` is what a person wants to know of the choice."""

    relation: str | Chosen
    tail: End
    head: End | None = None
    why: str = ""


@dataclass(frozen=True)
class PropertyPlan:
    """A property and its column."""

    name: str
    column: str
    reading: Reading
    why: str = ""


@dataclass(frozen=True)
class EntityPlan:
    """Each row is an entity."""

    cls: str
    key: str
    properties: Sequence[PropertyPlan] = ()
    why: str = ""


@dataclass(frozen=True)
class InteractionPlan:
    """What a user did with an item."""

    relation: str | Chosen
    user: End
    item: End
    at: tuple[str, Reading]
    value: str | None = None
    id: str | None = None
    why: str = ""


@dataclass
class FilePlan:
    """What the rows of a file, or those of one type in it, say; `notes` are what a person should know of it."""

    file: str
    kind: str | None = None
    entity: EntityPlan | None = None
    triples: list[TriplePlan] = field(default_factory=list)
    interactions: list[InteractionPlan] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def says_something(self) -> bool:
        """Whether there is anything to load."""
        return bool(self.entity or self.triples or self.interactions)


@dataclass(frozen=True)
class Relation:
    """A relation of the ontology; `local` is its name there, `directedBy`."""

    local: str
    label: str
    inverse: str
    domain: str
    range: str
    positive_from: float | None = None


class Vocabulary:
    """The names that the ontology will have, none of them twice."""

    def __init__(self) -> None:
        """Only what every ontology has."""
        self.labels: dict[str, str] = {}
        self.parents: dict[str, str] = {}
        self.datatypes: dict[str, tuple[str, Datatype]] = {}
        self.relations: dict[str, Relation] = {}
        self._things: dict[tuple[str, ...], str] = {}
        self._taken = {name.casefold() for name in CORE_CLASSES}
        self._property_names = {name.casefold() for name in RESERVED_PROPERTIES} | {"name"}

    def new_class(self, parts: Sequence[str], label: str) -> str:
        """A class by its words. Two things of one name are told apart; what is called user or item is that."""
        name = class_name(parts)
        if name not in CORE_CLASSES:
            name = unused(name, self._taken)
        self.labels.setdefault(name, label)
        return name

    def thing(self, parts: Sequence[str], label: str) -> str:
        """The class of what columns of this name hold; columns of one name share it."""
        if tuple(parts) not in self._things:
            self._things[tuple(parts)] = self.new_class(parts, label)
        return self._things[tuple(parts)]

    def property(self, parts: Sequence[str], called: tuple[str, Datatype], cls: str, used: Container[str]) -> str:
        """A property by its words, with its label and datatype; none of those that the class has `used` already.

        Classes share properties of one name, if they agree in its datatype; else it gets the class into its name.
        """
        plain, of_class = camel(parts, "value"), camel((*words(cls), *(parts or ("value",))), "value")
        for name in chain((plain, of_class), (f"{of_class}{number}" for number in count(2))):
            known = self.datatypes.get(name)
            free = name.casefold() not in self._property_names
            if name not in used and (free or (known and known[1] == called[1])):
                break
        self._property_names.add(name.casefold())
        self.datatypes.setdefault(name, called)
        return name

    def relation(self, relation: Relation) -> str:
        """The name of a relation in the graph, `HAS_GENRE`. One of that name between other classes is told apart."""
        known = self.relations.get(relation_name(relation.local))
        if known and (known.domain, known.range) == (relation.domain, relation.range):
            return relation_name(relation.local)
        local = relation.local
        if known:
            local = camel((*words(relation.domain), *words(local)), "has")
        while (name := relation_name(local)).casefold() in self._taken:
            local += "s"
        self._taken.add(name.casefold())
        self.relations[name] = Relation(
            local, relation.label, relation.inverse, relation.domain, relation.range, relation.positive_from
        )
        return name
