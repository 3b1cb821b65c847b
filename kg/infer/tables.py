"""A sample of a file, and what its columns look like."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

from kg import values
from kg.blocks import Block
from kg.cells import JSON_LIST, split
from kg.conversions import comma_number, time_parser
from kg.infer.naming import stem, words
from kg.values import MAX_KEY
from ontology.model import Datatype

ID = "@id"
"""The column of what identifies a thing of RDF."""
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?")
_LEADING_ZERO = re.compile(r"[+-]?0[0-9]")
_TIME_WORDS = {"time", "timestamp", "date", "at", "when", "on", "day", "ts", "since", "until", "created", "updated"}
_FLAG_WORDS = {"is", "has", "in", "was", "can", "flag"}
_FORMATS = ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d-%b-%Y", "%Y%m%d")
_SEPARATORS = ("|", ";", ",", "/")
_COMMAS = ("keywords",)
"""What schema.org publishes with commas between, as the last word of a name."""
_SECONDS = (10**8, 4 * 10**9)
"""Seconds from 1973 to 2096; smaller numbers are something else."""
_NO_VALUE = {"n/a", "n.a.", "na", "nan", "null", "nil", "none", "unknown", "tbd", "tba", "-", "--", "–", "—", "?"}
"""Texts, in small letters, that stand for a number or a date which nobody knows."""
_MAX_PART = 60
"""Characters of a name in a list; longer ones are sentences."""


@dataclass(frozen=True)
class Reading:
    """How the texts of a column are read: their datatype, and the keys that a cell of the mapping needs for it.

    `empty` are the texts that stand for an empty cell.
    """

    datatype: Datatype
    keys: tuple[tuple[str, str], ...] = ()
    empty: tuple[str, ...] = ()


_NUMBERS: tuple[tuple[Callable[[str], object], Reading], ...] = (
    (values.integer, Reading("integer")),
    (values.number, Reading("number")),
    (comma_number, Reading("number", (("decimal", ","),))),
)


@dataclass(frozen=True)
class Column:
    """The texts of a column in a sample, "" where a row has none.

    `repeats` says that any cell may hold a JSON list; `names` is the type of what it names, where that is said.
    """

    name: str
    texts: tuple[str, ...]
    repeats: bool = False
    names: str = ""

    @cached_property
    def filled(self) -> tuple[str, ...]:
        """The texts that are there."""
        return tuple(filter(None, self.texts))

    @cached_property
    def distinct(self) -> frozenset[str]:
        """The different texts."""
        return frozenset(self.filled)

    @property
    def full(self) -> bool:
        """Whether every row has a text."""
        return len(self.filled) == len(self.texts) > 0

    @property
    def nearly_full(self) -> bool:
        """Whether all rows have a text but one, or one of ten: those are wrong, and will be refused."""
        lacking = len(self.texts) - len(self.filled)
        return lacking <= max(1, len(self.texts) // 10) and lacking < len(self.filled)

    @property
    def unique(self) -> bool:
        """Whether every row has a text of its own that can be a key."""
        return self.full and len(self.distinct) == len(self.texts) and max(map(len, self.texts)) <= MAX_KEY

    @property
    def numeric(self) -> bool:
        """Whether all that is there are numbers."""
        return _all(values.number, self.distinct)

    @cached_property
    def reading(self) -> Reading:
        """How it is best read. A column of texts has the word `unknown`; one of numbers lacks a number there."""
        empty = self.distinct - self.given
        found = _reading(self.name, self.given) if self.given else Reading("string")
        return found if found.datatype == "string" else replace(found, empty=tuple(sorted(empty)))

    @cached_property
    def given(self) -> frozenset[str]:
        """The different texts without those that stand for none."""
        return frozenset(text for text in self.distinct if text.casefold() not in _NO_VALUE)

    @cached_property
    def separator(self) -> str | None:
        """What stands between the texts of a cell that holds several; None where cells hold one."""
        lists = [text.startswith("[") for text in self.filled]
        if (any if self.repeats else all)(lists) and _all(_json_texts, self.distinct):
            return JSON_LIST
        if self.reading.datatype != "string":
            return None
        found = [separator for separator in _SEPARATORS if self._separates(separator)]
        return found[0] if found else None

    @cached_property
    def parts(self) -> frozenset[str]:
        """The different texts, those of a list apart."""
        if self.separator is None:
            return self.distinct
        return frozenset(part for text in self.distinct for part in split(text, self.separator))

    @property
    def comes_back(self) -> bool:
        """Whether the texts in its lists are named again and again."""
        if self.separator != JSON_LIST:
            return True
        count = sum(len(split(text, JSON_LIST)) for text in self.filled)
        return count >= 2 * len(self.parts)

    def _separates(self, separator: str) -> bool:
        """Whether cells are lists: often several short parts, and the same ones again and again."""
        lists = [text for text in self.filled if separator in text]
        if len(lists) < 2 or len(lists) < len(self.filled) / 20:
            return False
        parts = [part.strip() for text in self.filled for part in text.split(separator)]
        kinds = set(parts)
        # A comma or a slash stands in sentences and addresses, too: there the parts have to come back more often.
        commas = separator == "," and words(self.name)[-1:] == _COMMAS
        again = 2 if separator in "|;" else 1 if commas else 4
        alone = again < 4 or any(text in kinds for text in self.filled if separator not in text)
        return (
            alone and len(parts) >= again * len(kinds) and max(map(len, kinds)) <= _MAX_PART and "://" not in lists[0]
        )


def _reading(name: str, texts: Collection[str]) -> Reading:
    return _time(name, texts) or _plain(name, texts)


def _time(name: str, texts: Collection[str]) -> Reading | None:
    if _all(_iso_day, texts):
        return Reading("date")
    if "id" in words(name) or not _TIME_WORDS & set(words(name)):
        return None
    if _all(values.integer, texts):
        low, high = min(map(int, texts)), max(map(int, texts))
        if _SECONDS[0] <= low and high < _SECONDS[1]:
            return Reading("date", (("unit", "s"),))
        if _SECONDS[0] * 1000 <= low and high < _SECONDS[1] * 1000:
            return Reading("date", (("unit", "ms"),))
    written = (f for f in _FORMATS if _all(time_parser(None, f), texts))
    return next((Reading("date", (("format", f),)) for f in written), None)


def _plain(name: str, texts: Collection[str]) -> Reading:
    flags = {text.lower() for text in texts}
    named_flag = bool(_FLAG_WORDS & set(words(name)))
    if flags <= {"true", "false", "yes", "no"} or (flags <= {"0", "1"} and named_flag):
        return Reading("boolean")
    # Leading zeros would be lost, and nobody counts with what identifies something.
    if "id" in words(name) or any(map(_LEADING_ZERO.match, texts)):
        return Reading("string")
    return next((reading for parse, reading in _NUMBERS if _all(parse, texts)), Reading("string"))


@dataclass(frozen=True)
class Table:
    """A sample of a file, or of its rows of one type. `cut` says that the file has more rows."""

    file: str
    columns: Mapping[str, Column]
    rows: int
    cut: bool
    kind: str | None = None

    @property
    def called(self) -> str:
        """What its rows are, in a word or some: by their type, or by the name of the file."""
        return stem(self.file) if self.kind is None else self.kind or "Thing"


def sample(file: str, blocks: Iterable[Block], rows: int, looked_at: int) -> Table:
    """At most so many rows of a file: the first half of them from its start, the others spread over what follows.

    No more of the file is read than `looked_at` rows: a file that is sorted shows its kinds of rows all the same.
    """
    kept = _Sample(rows)
    for block in blocks:
        kept.add(block)
        if kept.seen >= looked_at:
            break
    columns = {name: Column(name, tuple(texts)) for name, texts in kept.texts.items()}
    return Table(file, columns, kept.count, kept.seen > kept.count or kept.seen >= looked_at)


class _Sample:
    """Rows that are kept: `seen` so far, `count` of them kept."""

    def __init__(self, rows: int) -> None:
        self.rows, self.start = rows, rows // 2
        self.seen = self.count = 0
        self.step = 1
        self.texts: dict[str, list[str]] = {}

    def add(self, block: Block) -> None:
        """Keep those of the rows whose turn it is."""
        first, size = self.seen, len(block.lines)
        turn = [i for i in range(size) if first + i < self.start or (first + i - self.start) % self.step == 0]
        for name, column in block.columns.items():
            known = self.texts.setdefault(name, [""] * self.count)
            known += [column[i].strip() for i in turn]
        self.seen, self.count = first + size, self.count + len(turn)
        for texts in self.texts.values():
            texts.extend([""] * (self.count - len(texts)))
        while self.count > max(self.rows, 2):
            self._thin_out()

    def _thin_out(self) -> None:
        """Keep every other of the later rows."""
        for name, known in self.texts.items():
            self.texts[name] = known[: self.start] + known[self.start :: 2]
        later = self.count - self.start
        self.count, self.step = self.start + (later + 1) // 2, self.step * 2


def _all(parse: Callable[[str], object], texts: Iterable[str]) -> bool:
    """Whether all of the texts, and at least one, are what the parser wants."""
    found = False
    for text in texts:
        try:
            parse(text)
        except ValueError:
            return False
        found = True
    return found


def _iso_day(text: str) -> int:
    if not _ISO.fullmatch(text):
        raise ValueError("is not a day")
    return values.iso_time(text)


_json_texts = partial(split, by=JSON_LIST)
