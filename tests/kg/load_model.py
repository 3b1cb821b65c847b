"""What a library's graph has to be after loads, from the rules as they are stated, in plain Python.

An entity, a triple or an interaction is there as long as one source says it. Of several that give a property, a time or
a value, the one whose row changed last has its way; in one load, the later one in the mapping.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.kg.load_worlds import SOURCES
from tests.kg.loads import Rows

Thing = tuple[str, ...]
"""("entity", class, key), ("triple", relation, head, tail) or ("interaction", id)."""
Values = dict[str, Any]


class Statement(NamedTuple):
    """What one row says of one thing. An entity that is only named is not described; an owned triple goes when the
    row of its head says something else."""

    source: str
    line: int
    thing: Thing
    values: Values
    described: bool = True
    owned: bool = False


@dataclass
class Claim:
    """What one source says of one thing, and in which load it came to say so."""

    values: Values
    at: int
    owned: bool


@dataclass
class Model:
    """What all sources say after some loads."""

    claims: dict[Thing, dict[str, Claim]] = field(default_factory=lambda: defaultdict(dict))
    at: int = 0

    def load(self, rows: Rows, *, removing: bool) -> set[tuple[str, int]]:
        """Load files; give the refused rows by file and line."""
        self.at += 1
        statements, refused = read(rows)
        removes = {source: removing and source not in {file for file, _ in refused} for source in rows}
        named = {s.thing for s in statements if s.thing[0] == "entity"}
        gone = {thing for thing, found in self.claims.items() if thing[0] == "entity" and thing not in named}
        gone = {thing for thing in gone if all(removes.get(source) for source in self.claims[thing])}
        there = named | (self.claims.keys() - gone)
        dangling = [s for s in statements if not _ends(s.thing, s.values) <= there]
        refused |= {(s.source, s.line) for s in dangling}
        self._lose(said := _joined(s for s in statements if s not in dangling), removes, gone)
        self._take(said, removes)
        return refused

    def graph(self) -> dict[Thing, Values]:
        """Each thing that is there, with what is said of it."""
        return {thing: _together(thing[0], found) for thing, found in self.claims.items()}

    def _lose(self, said: "Joined", removes: Mapping[str, bool], gone: set[Thing]) -> None:
        for thing, found in list(self.claims.items()):
            for source, claim in list(found.items()):
                head = said.get((source, ("entity", "Book", *thing[2:3])))
                unsaid = source in removes and (source, thing) not in said
                replaced = claim.owned and head is not None and head.described
                if thing in gone or _ends(thing, claim.values) & gone or (unsaid and (removes[source] or replaced)):
                    del found[source]
            if not found:
                del self.claims[thing]

    def _take(self, said: "Joined", removes: Mapping[str, bool]) -> None:
        for (source, thing), statement in said.items():
            before = self.claims[thing].get(source)
            if before and not statement.described and not removes[source]:
                continue
            same = before and (before.values, before.owned) == (statement.values, statement.owned)
            at = before.at if before and same else self.at
            self.claims[thing][source] = Claim(statement.values, at, statement.owned)


Joined = dict[tuple[str, Thing], Statement]


def _joined(statements: Iterator[Statement]) -> Joined:
    """What each source says of each thing: of entities all that its rows give, of the others what the last one does."""
    joined: Joined = {}
    for statement in statements:
        name, now = (statement.source, statement.thing), statement
        known = joined.get(name)
        if known and statement.thing[0] == "entity":
            values, described = known.values | statement.values, known.described or statement.described
            now = statement._replace(values=values, described=described)
        joined[name] = now
    return joined


def _ends(thing: Thing, values: Values) -> set[Thing]:
    if thing[0] == "triple":
        return {("entity", "Book", thing[2]), ("entity", "Author" if thing[1] == "WRITTEN_BY" else "Book", thing[3])}
    if thing[0] == "interaction":
        return {("entity", "Reader", values["user"]), ("entity", "Book", values["item"])}
    return set()


def _together(what: str, found: Mapping[str, Claim]) -> Values:
    """What several sources say of one thing."""
    claims = sorted(found.items(), key=lambda claim: (claim[1].at, SOURCES.index(claim[0])))
    together: Values = {}
    for _, claim in claims:
        together |= claim.values
    return together


def read(rows: Rows) -> tuple[list[Statement], set[tuple[str, int]]]:
    """What files say, row by row, in the order of the mapping; and what is refused."""
    statements: list[Statement] = []
    refused: set[tuple[str, int]] = set()
    for source in SOURCES:
        for line, row in enumerate(rows.get(source, ()), 2):
            found = _SAID[source](*row)
            if found is None:
                refused.add((source, line))
            else:
                statements += (Statement(source, line, *said) for said in found)
    return statements, refused


def _given(**values: object) -> Values:
    return {name: value for name, value in values.items() if value not in ("", None)}


def _pages(text: str) -> int | None:
    return int(text) if text else None


def _book(key: str, title: str, pages: str, authors: str, like: str) -> list[Any] | None:
    if not key or pages == "few":
        return None
    written, liked = (list(filter(None, text.split("|"))) for text in (authors, like))
    return [
        (("entity", "Book", key), _given(name=title, pages=_pages(pages))),
        *((("entity", "Author", author), {}, False) for author in written),
        *((("entity", "Book", other), {}, False) for other in liked),
        *((("triple", "WRITTEN_BY", key, author), {}, True, True) for author in written),
        *((("triple", "CITES", key, other), {}, True, True) for other in liked),
    ]


def _note(key: str, note: str, pages: str) -> list[Any] | None:
    return None if not key or pages == "few" else [(("entity", "Book", key), _given(note=note, pages=_pages(pages)))]


def _citation(head: str, tail: str, since: str) -> list[Any] | None:
    if not head or not tail or since == "soon":
        return None
    return [(("triple", "CITES", head, tail), _given(since=int(since) if since else None))]


def _event(id_: str, user: str, item: str, stars: str, at: str) -> list[Any] | None:
    if not item or not stars:
        return None
    said = {"user": user, "item": item, "value": float(stars), "at": int(at)}
    return [(("interaction", id_), said), (("entity", "Reader", user), {}, False)]


_SAID = {
    "books.csv": _book,
    "notes.csv": _note,
    "citations.csv": _citation,
    "more.csv": _citation,
    "reads.csv": _event,
    "plays.csv": _event,
}
