"""Google Merchant feeds in XML (RSS or Atom): one row a product, `g:price` as the column `price`.

The TSV variant of such a feed is read as any TSV.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from kg.blocks import Block
from kg.formats.encoding import decoder, found
from kg.formats.form import Format
from kg.formats.limits import MAX_DEPTH, MAX_RECORD
from kg.formats.rows import Row, blocks_of
from kg.formats.source import Input
from ontology.errors import InputError

_GOOGLE = "http://base.google.com/ns/1.0"
_ITEMS = {"item", "entry"}
_ROOTS = {"rss", "feed", "RDF"}
_PIECE = 1 << 18


def read_merchant(source: Input, form: Format) -> Iterator[Block]:
    """The products of a feed, numbered from 1. Raises InputError."""
    yield from blocks_of(source.name, _rows(source, form))


def _rows(source: Input, form: Format) -> Iterator[Row]:
    # Without a given encoding the parser follows the declaration in the file.
    given = decoder(found(b"", form.encoding, source.name)) if form.encoding else None
    feed = _Feed(source.name, "utf-8" if given else None)
    while raw := source.stream.read(_PIECE):
        yield from feed.read(given.decode(raw).encode("utf-8", "backslashreplace") if given else raw)
    yield from feed.read(b"", last=True)


@dataclass
class _Element:
    """An element that is open: its column, its text so far, and whether it has elements in it."""

    column: str
    google: bool
    text: list[str] = field(default_factory=list)
    nested: bool = False


class _Feed:
    """Takes a feed piece by piece, and gives the products that are whole."""

    def __init__(self, name: str, encoding: str | None) -> None:
        self.name, self.count, self.size = name, 0, 0
        self.depth, self.item_depth = 0, 0
        self.rows: list[Row] = []
        self.open: list[_Element] = []
        self.cells: dict[str, list[tuple[bool, str]]] = {}
        self.parser = expat.ParserCreate(encoding, " ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def read(self, piece: bytes, *, last: bool = False) -> list[Row]:
        """The products that end in this piece. Raises InputError."""
        self.size += len(piece)
        try:
            self.parser.Parse(piece, last)
        except expat.ExpatError as error:
            where = f"line {error.lineno}, {self._where()}"
            raise InputError(
                f"{self.name} is cut short or not XML: {expat.ErrorString(error.code)} ({where})"
            ) from error
        except (ValueError, LookupError) as error:
            raise InputError(f"{self.name} is in an encoding that is not known ({error}); give its encoding") from error
        if self.size > MAX_RECORD:
            raise InputError(f"{self.name} has more than {MAX_RECORD} bytes {self._where()}")
        rows, self.rows = self.rows, []
        return rows

    def _where(self) -> str:
        return f"behind product {self.count}" if self.count else "before the first product"

    def _doctype(self, *_: object) -> None:
        raise InputError(f"{self.name} has a DOCTYPE, which is refused since it can name entities and files; remove it")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        self.depth += 1
        if self.depth == 1 and name not in _ROOTS:
            raise InputError(f"{self.name} is no product feed: it begins with <{name}>, not with <rss> or <feed>")
        if self.depth > MAX_DEPTH:
            raise InputError(f"{self.name} is nested more than {MAX_DEPTH} deep {self._where()}")
        if not self.item_depth:
            self.item_depth = self.depth if name in _ITEMS else 0
            return
        prefix = f"{self.open[-1].column}." if self.open else ""
        for element in self.open:
            element.nested = True
        element = _Element(prefix + name, namespace == _GOOGLE)
        # Atom has links in an attribute.
        element.text += [attributes["href"]] if name == "link" and "href" in attributes else []
        self.open.append(element)

    def _text(self, text: str) -> None:
        if self.open:
            self.open[-1].text.append(text)

    def _end(self, _: str) -> None:
        if self.open:
            element = self.open.pop()
            text = "".join(element.text).strip()
            if text or not element.nested:
                self.cells.setdefault(element.column, []).append((element.google, text))
        elif self.item_depth == self.depth:
            self.count += 1
            self.rows.append(Row(self.count, {name: _cell(values) for name, values in self.cells.items()}))
            self.cells, self.item_depth, self.size = {}, 0, 0
        self.depth -= 1


def _cell(values: list[tuple[bool, str]]) -> str:
    """The text of a column; several as a JSON list. Where `title` and `g:title` are both there, the latter counts."""
    google = [text for is_google, text in values if is_google]
    texts = [text for text in google or [text for _, text in values] if text]
    return texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False) if texts else ""
