"""JSON text value by value, in bounded memory: what is in the buffer, and more of the file where a value goes on."""

import json
import re
from codecs import IncrementalDecoder
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from kg.formats.encoding import decoder
from kg.formats.limits import MAX_RECORD
from kg.formats.objects import WrongObjectError
from kg.formats.source import Input
from ontology.errors import InputError

_PIECE = 1 << 18
_SPACE = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]|"', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}\s]+(?=[,\]}\s])")


_BOTTOMLESS = 10_000
"""Brackets inside each other at which nobody looks for the end any more."""


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
_EXACT = json.JSONDecoder(parse_constant=_no_constant, parse_float=str, parse_int=str)
"""Numbers stay the text that they are."""


@dataclass(frozen=True)
class Element:
    """An element of an array, or why it is none, with its text."""

    value: Any
    text: str
    wrong: WrongObjectError | None = None


class JsonText:
    """The text of a file, and how far it was read. Raises InputError where what follows cannot be JSON."""

    def __init__(self, source: Input, encoding: str, *, exact: bool = False) -> None:
        """Begin; with `exact`, numbers come as text."""
        self.source = source
        self.json = _EXACT if exact else _DECODER
        self.decoder: IncrementalDecoder = decoder(encoding)
        self.text, self.at, self.ended = "", 0, False
        self.record = 0
        self._more()
        self.text = self.text.removeprefix("\ufeff")

    def next(self) -> str:
        """The next character that is no white space, which stays; empty at the end."""
        while True:
            match = _SPACE.match(self.text, self.at)
            self.at = match.end() if match else self.at
            if self.at < len(self.text) or not self._more():
                return self.text[self.at : self.at + 1]

    def after(self) -> str:
        """The character after the next one, without white space."""
        at = self.at
        self.at += 1
        found = self.next()
        self.at = at
        return found

    def take(self, characters: str) -> str:
        """Take the next character, which has to be one of these."""
        found = self.next()
        if not found:
            raise InputError(f"{self.source.name} is cut short: it ends {self._where()}")
        if found not in characters:
            expected = " or ".join(characters)
            raise InputError(f"{self.source.name} is not JSON: {found!r} where {expected} has to be, {self._where()}")
        self.at += 1
        return found

    def value(self) -> Element:
        """Take a whole value."""
        while True:
            self.next()
            wrong = None
            try:
                value, end = self.json.raw_decode(self.text, self.at)
            except (ValueError, RecursionError) as error:
                # Either it goes on behind the buffer, or it is whole and wrong.
                value, end = None, self._end()
                wrong = WrongObjectError("not-json", f"is not JSON: {getattr(error, 'msg', error)}")
            # A number at the end of the buffer may go on.
            if end >= 0 and (end < len(self.text) or self.ended or self.text[end - 1] in '}]"'):
                text, self.at = self.text[self.at : end], end
                if len(text) > MAX_RECORD:
                    wrong = WrongObjectError("record-too-long", f"is longer than {MAX_RECORD} characters")
                return Element(value, text, wrong)
            if len(self.text) - self.at > MAX_RECORD:
                raise InputError(f"{self.source.name}: more than {MAX_RECORD} characters {self._where()}")
            if not self._more() and end < 0:
                raise InputError(f"{self.source.name} is cut short or not JSON: {wrong} {self._where()}")

    def elements(self) -> Iterator[Element]:
        """Take an array, element by element."""
        self.take("[")
        if self.next() == "]":
            self.take("]")
            return
        while True:
            self.record += 1
            yield self.value()
            self.text, self.at = (self.text[self.at :], 0) if self.at > _PIECE else (self.text, self.at)
            if self.take(",]") == "]":
                return

    def members(self) -> Iterator[str]:
        """Take an object; after each key the caller takes its value."""
        self.take("{")
        if self.next() == "}":
            self.take("}")
            return
        while True:
            key = self.value().value if self.next() == '"' else self.take('"')
            self.take(":")
            yield str(key)
            if self.take(",}") == "}":
                return

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.next():
            raise InputError(f"{self.source.name} is not JSON: it goes on after its end, {self._where()}")

    def _end(self) -> int:
        try:
            return _end(self.text, self.at)
        except RecursionError as error:
            name = self.source.name
            raise InputError(f"{name} is nested more than {_BOTTOMLESS} deep {self._where()}") from error

    def _where(self) -> str:
        return f"in record {self.record}" if self.record else "before the first record"

    def _more(self) -> bool:
        # As much as is waiting: a long value is then looked at a few times only.
        raw = self.source.stream.read(max(_PIECE, len(self.text) - self.at))
        self.text += self.decoder.decode(raw, not raw)
        self.ended = not raw
        return bool(raw)


def _end(text: str, start: int) -> int:
    """Where a value ends that cannot be read, by its brackets; -1 where it does not end."""
    if text[start : start + 1] not in ("[", "{", '"'):
        scalar = _SCALAR.match(text, start)
        return scalar.end() if scalar else -1
    depth = 0
    for match in _TOKEN.finditer(text, start):
        found = match.group()
        if found == '"':
            # A text that does not end.
            return -1
        depth += (found in "[{") - (found in "]}")
        if depth <= 0:
            return match.end()
        if depth > _BOTTOMLESS:
            raise RecursionError
    return -1
