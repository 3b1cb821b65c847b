"""Turtle, N-Triples and JSON-LD, parsed by Oxigraph, as one row a subject."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Literal, cast

import pyoxigraph as ox

from kg.blocks import Block
from kg.formats.encoding import decoder, found, lone, readable
from kg.formats.form import Format
from kg.formats.jsonld import documents
from kg.formats.limits import MAX_LINE, MAX_RECORD
from kg.formats.lines import TOO_LONG, line_chunks
from kg.formats.rows import Row, blocks_of
from kg.formats.source import Input
from kg.formats.spool import BLANK, Spool, Value, spool
from kg.formats.subjects import TYPE, local_name, rows_of, unnumbered
from kg.triples import Refusal
from ontology.errors import InputError

RdfFormat = Literal["turtle", "ntriples", "jsonld"]
_BASE = "relative:/"
"""Relative IRIs are resolved against this, and cut back: a row says what the file says, wherever it lies."""
_SCHEMA_ORG = "https://schema.org/"
_DOUBLE = "http://www.w3.org/2001/XMLSchema#double"
_SUBJECT = re.compile(r"\s*(?:<([^<>\s]*)>|(_:[^\s<]+))\s")


def read_rdf(source: Input, form: Format, syntax: RdfFormat) -> Iterator[Block]:
    """The rows of a file of statements, numbered by the first appearance of their subjects."""
    encoding = found(source.sample, form.encoding, source.name)
    with spool() as spooled:
        load = {"turtle": _load_turtle, "ntriples": _load_ntriples, "jsonld": _load_jsonld}[syntax]
        refused = list(load(source, encoding, spooled))
        yield from blocks_of(source.name, _records(source.name, spooled, refused))


def _records(file: str, spooled: Spool, refused: Iterable[tuple[str, str, str]]) -> Iterator[Row | Refusal]:
    line = 0
    for record in rows_of(file, spooled):
        line = record.line
        yield record
    yield from unnumbered(file, line + 1, refused)


def _load_turtle(source: Input, encoding: str, spooled: Spool) -> Iterator[tuple[str, str, str]]:
    """An error in Turtle ends the load: what a parser makes of the rest is a guess."""
    reading = _Utf8(source, encoding)
    with _errors_of(source.name, "Turtle"):
        for quad in ox.parse(cast(IO[bytes], reading), format=ox.RdfFormat.TURTLE, base_iri=_BASE, lenient=True):
            reading.mark()
            _add(spooled, quad)
    yield from ()


def _load_ntriples(source: Input, encoding: str, spooled: Spool) -> Iterator[tuple[str, str, str]]:
    """A bad line refuses its subject, since a half one would be worse."""
    line = 1
    for lines in line_chunks(source, encoding):
        quads = _parsed("\n".join(lines)) if TOO_LONG not in lines else None
        for quad in quads or ():
            _add(spooled, quad)
        for number, text in enumerate(lines if quads is None else (), line):
            quads = _parsed(text)
            for quad in quads or ():
                _add(spooled, quad)
            if quads is None:
                yield from _refuse(spooled, number, text)
        line += len(lines)


def _parsed(text: str) -> list[Any] | None:
    """The statements of N-Triples; None where something is wrong with them."""
    try:
        return list(ox.parse(text.encode(), format=ox.RdfFormat.N_TRIPLES, lenient=True))
    except (SyntaxError, MemoryError, UnicodeEncodeError):
        return None


def _refuse(spooled: Spool, line: int, text: str) -> Iterator[tuple[str, str, str]]:
    reason = f'line {line} is not N-Triples; one is <head> <relation> <tail> or "text" .'
    if text == TOO_LONG:
        text, reason = "", f"line {line} is longer than {MAX_LINE} characters"
    if lone(text) >= 0:
        reason = f"line {line} is not UTF-8 (character {lone(text) + 1}); save the file as UTF-8, or give its encoding"
    subject = _SUBJECT.match(text)
    if subject and lone(subject.group()) < 0:
        spooled.refuse(subject[1] or subject[2], reason, readable(text))
    else:
        yield "not-rdf", text, reason


def _load_jsonld(source: Input, encoding: str, spooled: Spool) -> Iterator[tuple[str, str, str]]:
    for document in documents(source, encoding):
        rule, reason = document.wrong
        quads: list[Any] = []
        if not rule:
            try:
                quads = list(
                    ox.parse(document.text.encode(), format=ox.RdfFormat.JSON_LD, base_iri=_BASE, lenient=True)
                )
                rule, reason = ("", "") if quads else ("says-nothing", "says nothing beside its identity")
            except (SyntaxError, UnicodeEncodeError) as error:
                rule, reason = "not-json-ld", f"is not JSON-LD: {error}"
        for quad in quads:
            _add(spooled, quad)
        if rule:
            yield rule, document.shown, f"record {document.record} {reason}"


def _add(spooled: Spool, quad: Any) -> None:
    predicate = quad.predicate.value
    value = _value(quad.object)
    if predicate == TYPE and isinstance(value, str):
        value = local_name(value)
    elif predicate.startswith(_SCHEMA_ORG):
        # Both are published, and mean the same.
        predicate = predicate.replace("https:", "http:", 1)
    spooled.add(_name(quad.subject), predicate, value)


def _name(node: Any) -> str:
    kind = type(node)
    if kind is ox.NamedNode:
        return cast(str, node.value).removeprefix(_BASE)
    return f"{BLANK}{node.value}" if kind is ox.BlankNode else str(node)


def _value(node: Any) -> Value:
    kind = type(node)
    if kind is ox.Literal:
        text: str = node.value
        # Canonical JSON-LD writes 1.5 as 1.5E0.
        return repr(float(text)) if text.endswith("E0") and node.datatype.value == _DOUBLE else text
    return [_name(node)] if kind is ox.BlankNode else _name(node)


@contextmanager
def _errors_of(file: str, what: str) -> Iterator[None]:
    try:
        yield
    except SyntaxError as error:
        raise InputError(f"{file} is not {what}: {error}") from error
    except MemoryError as error:
        raise InputError(f"{file} has a text or an IRI of more than {MAX_RECORD} bytes") from error


class _Utf8:
    """A file as UTF-8, watched: between two statements there can be `MAX_RECORD` bytes at most."""

    def __init__(self, source: Input, encoding: str) -> None:
        self.source, self.waiting, self.begun = source, 0, False
        self.decoder = None if encoding == "utf-8" else decoder(encoding)

    def read(self, size: int = -1) -> bytes:
        """Some bytes."""
        raw = self.source.stream.read(size)
        if self.decoder is not None:
            raw = self.decoder.decode(raw, not raw).encode("utf-8", "backslashreplace")
        if not self.begun:
            raw, self.begun = raw.removeprefix(b"\xef\xbb\xbf"), True
        self.waiting += len(raw)
        if self.waiting > 2 * MAX_RECORD:
            raise InputError(f"{self.source.name} has no statement in {self.waiting} bytes")
        return raw

    def mark(self) -> None:
        """A statement has come out."""
        self.waiting = 0
