"""RDF as rows: one a subject, predicates as columns, what is said of blank nodes as dotted columns."""

import json
from collections.abc import Iterable, Iterator
from itertools import count

from kg.formats.encoding import shown
from kg.formats.limits import MAX_CELL, MAX_COLUMNS, MAX_DEPTH
from kg.formats.objects import WrongObjectError
from kg.formats.rows import Row, refused_line
from kg.formats.spool import BLANK, Said, Spool, Value
from kg.formats.things import IDENTITY, Thing, thing_of
from kg.triples import Refusal
from ontology.errors import InputError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TYPE, FIRST, REST, NIL = RDF + "type", RDF + "first", RDF + "rest", RDF + "nil"


def rows_of(file: str, spooled: Spool) -> Iterator[Row | Refusal]:
    """The rows of all statements, numbered from 1. Raises InputError."""
    if len(spooled.predicates) > MAX_COLUMNS:
        raise InputError(f"{file} has {len(spooled.predicates)} predicates; {MAX_COLUMNS} are allowed")
    subjects = _Subjects(spooled)
    spooled.identify(subjects.thing_of)
    for line, subject in zip(count(1), spooled.roots()):
        try:
            yield Row(line, subjects.cells(subject))
        except WrongObjectError as error:
            yield refused_line(file, line, subjects.wrong or subject, error.rule, str(error))


def local_names(iris: Iterable[str]) -> dict[str, str]:
    """IRI -> its last part; the whole IRI for those that share their last part."""
    shared: dict[str, list[str]] = {}
    for iri in iris:
        shared.setdefault(local_name(iri), []).append(iri)
    return {iri: name if len(found) == 1 else iri for name, found in shared.items() for iri in found}


def local_name(iri: str) -> str:
    """What is behind the last # or / of an IRI; all of it where nothing is."""
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri


class _Subjects:
    """Puts together what is said of a subject and of the blank nodes in it."""

    def __init__(self, spooled: Spool) -> None:
        self.spooled = spooled
        names = {**local_names(spooled.predicates), TYPE: "@type"}
        self.names = {number: names[iri] for iri, number in spooled.predicates.items()}
        self.first, self.rest = spooled.predicates.get(FIRST), spooled.predicates.get(REST)
        self.type = spooled.predicates.get(TYPE, -1)
        self.identity = {iri: spooled.predicates[iri] for iri in IDENTITY if iri in spooled.predicates}
        self.values = 0
        self.wrong = ""

    def cells(self, subject: str) -> dict[str, str]:
        """The cells of a row. Raises WrongObjectError."""
        self.values, self.wrong = 0, ""
        found: dict[str, list[str]] = {"@id": [self._id(subject)]}
        self._add(subject, "", found, (subject,))
        return {name: _text(values) for name, values in found.items()}

    def thing_of(self, said: Said) -> Thing | None:
        """The thing that a blank node is, by what is said of it."""
        return thing_of(
            _texts(said.get(self.type, ())), {iri: _texts(said.get(n, ())) for iri, n in self.identity.items()}
        )

    def _id(self, subject: str) -> str:
        if not subject.startswith(BLANK):
            return subject
        thing = self.spooled.thing(subject)
        return thing.key if thing else ""

    def _add(self, subject: str, prefix: str, found: dict[str, list[str]], path: tuple[str, ...]) -> None:
        if len(path) > MAX_DEPTH:
            raise WrongObjectError("nested-too-deep", f"is nested more than {MAX_DEPTH} deep")
        if subject.startswith(BLANK):
            self.spooled.tell(subject)
        if wrong := self.spooled.bad(subject):
            self.wrong = wrong[1]
            raise WrongObjectError("not-rdf", wrong[0])
        for number, values in self.spooled.said(subject).items():
            self._add_values(prefix + self.names[number], values, found, path)

    def _add_values(
        self, name: str, values: Iterable[Value], found: dict[str, list[str]], path: tuple[str, ...]
    ) -> None:
        for value in values:
            self.values += 1
            if self.values > MAX_CELL:
                raise WrongObjectError("record-too-long", f"has more than {MAX_CELL} values")
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
            elif thing := self.spooled.thing(value[0]):
                for column in (name, f"{name}.{thing.cls}"):
                    found.setdefault(column, []).append(thing.key)
            elif value[0] not in path:
                said = self._list_of(value[0])
                if said is not None:
                    self._add_values(name, said, found, (*path, value[0]))
                else:
                    self._add(value[0], f"{name}.", found, (*path, value[0]))

    def _list_of(self, blank: str) -> list[Value] | None:
        """The items of an RDF list; None where the blank node is none."""
        if self.first is None or self.rest is None:
            return None
        said = self.spooled.said(blank)
        items: list[Value] = []
        seen = set()
        while self.first in said and blank not in seen and len(items) < MAX_CELL:
            self.spooled.tell(blank)
            seen.add(blank)
            items += said[self.first]
            following = said.get(self.rest, [NIL])[0]
            if isinstance(following, str):
                return items
            blank = following[0]
            said = self.spooled.said(blank)
        return items or None


def _texts(values: Iterable[Value]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _text(values: list[str]) -> str:
    return values[0] if len(values) == 1 else json.dumps(values, ensure_ascii=False)


def unnumbered(file: str, start: int, refused: Iterable[tuple[str, str, str]]) -> Iterator[Refusal]:
    """Refusals of what belongs to no subject (rule, text, reason), numbered on from the last row."""
    for line, (rule, text, reason) in enumerate(refused, start):
        yield Refusal(file, line, "", shown(text), reason, rule)
