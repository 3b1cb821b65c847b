"""How a table is written: encoding, delimiter, quote; given, or found out from a sample of its start."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from kg.formats.encoding import decoder, found
from kg.formats.form import Format
from kg.formats.lines import line_end
from kg.formats.source import Input
from ontology.errors import InputError

_DELIMITERS = (",", ";", "\t", "|")
_RECORDS = 100
"""Records by which a delimiter is judged."""


class CsvReader(Iterator[list[str]], Protocol):
    """What csv.reader gives."""

    line_num: int


@dataclass(frozen=True)
class Dialect:
    """How a table is written; without quoting, `quote` is empty."""

    encoding: str
    delimiter: str
    quote: str = '"'

    def reader(self, lines: Iterable[str]) -> CsvReader:
        """The csv module's reader. It raises csv.Error for what is no record."""
        if self.quote:
            return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)


def dialect_of(source: Input, form: Format) -> Dialect:
    """What is given, and the rest from the sample. Raises InputError."""
    encoding = found(source.sample, form.encoding, source.name)
    quote = '"' if form.quote is None else form.quote
    for what, text in (("delimiter", form.delimiter), ("quote", form.quote or None)):
        if text is not None and (len(text) != 1 or text in "\r\n\0 "):
            raise InputError(f"{source.name}: the {what} has to be one character, but is {text!r}")
    usual = "\t" if form.format == "tsv" else ","
    delimiter = form.delimiter or _detected(source.sample, encoding, quote, usual)
    if delimiter == quote:
        raise InputError(f"{source.name}: delimiter and quote are the same, {quote!r}")
    return Dialect(encoding, delimiter, quote)


def _detected(sample: bytes, encoding: str, quote: str, usual: str) -> str:
    """The delimiter by which most records are as wide as the header; the usual one where none divides it."""
    text = decoder(encoding).decode(sample).removeprefix("\ufeff")
    lines = [line + "\n" for line in text.split(line_end(sample))]
    # The last line may be cut by the end of the sample.
    lines = lines[:-1] or lines
    scores = {d: _share_as_wide(Dialect(encoding, d, quote), lines) for d in _DELIMITERS if d != quote}
    best = max(scores, key=lambda d: (scores[d], d == usual))
    return best if scores[best] > 0 else usual


def _share_as_wide(dialect: Dialect, lines: list[str]) -> float:
    """The share of the records that are as wide as the first; 0 where that is not divided at all."""
    widths = list(islice(_widths(dialect.reader(lines)), _RECORDS))
    return widths.count(widths[0]) / len(widths) if widths and widths[0] > 1 else 0


def _widths(reader: CsvReader) -> Iterator[int]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield 0
        else:
            if cells:
                yield len(cells)
