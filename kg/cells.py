"""The cells of a block as columns of texts, keys and values; and the first cell of each row that is wrong.

A column is parsed whole; only where that fails, each of its texts is, once however often it stands there.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar, cast

import orjson

from kg import values
from kg.blocks import Block, Origin
from kg.conversions import Lookups, text_conversion, time_parser
from kg.formats.encoding import shown
from kg.mapping import Reference
from kg.mapping_cells import Cell, Time, template_format
from kg.triples import Refusal
from kg.values import WrongValueError

JSON_LIST = "json"
"""The `split` of a cell that holds a JSON list."""
Keys = Sequence[str] | Sequence[tuple[str, ...]]
"""The keys of each row: one, "" for none; or several."""
T = TypeVar("T")
V = TypeVar("V")


class BadCell(NamedTuple):
    """A cell that is not what the mapping says it is, so its row is refused. `reason` begins with a verb."""

    column: str
    value: str
    rule: str
    reason: str


class Cells:
    """The columns of a block by the sources that a mapping names. Every list has one element a row.

    `bad` is row -> its first bad cell; what a list has at a bad row means nothing.
    """

    def __init__(self, block: Block, lookups: Lookups) -> None:
        """Nothing is parsed yet."""
        self.block, self.lookups = block, lookups
        self.rows = range(len(block.lines))
        self.bad: dict[int, BadCell] = {}
        self._texts: dict[str, list[str]] = {}

    def column(self, name: str) -> list[str]:
        """The texts of a column without white space at their ends; a column that is not there is empty."""
        if name not in self._texts:
            found = self.block.columns.get(name)
            self._texts[name] = [""] * len(self.rows) if found is None else list(map(str.strip, found))
        return self._texts[name]

    def texts(self, cell: Cell) -> list[str]:
        """The texts of a cell as they stand in the file. A template is empty where one of its columns is."""
        if cell.column is not None:
            return self.column(cell.column)
        if cell.template is None:
            return [str(cell.constant)] * len(self.rows)
        parts = zip(*map(self.column, cell.columns), strict=True)
        form = template_format(cell.template)
        return [form.format(*texts) if all(texts) else "" for texts in parts]

    def values(self, cell: Cell, parse: Callable[[str], V]) -> Sequence[V | None]:
        """The values of a cell; None where it is empty."""
        convert = text_conversion(cell, self.lookups)
        parser = partial(_parse, convert=convert, parse=parse) if convert else parse
        return self.parsed(self.texts(cell), name(cell), parser)

    def needed(self, cell: Cell, parse: Callable[[str], V], rule: str) -> Sequence[V]:
        """The values of a cell that every row has to give; a row that does not breaks `rule`."""
        found = self.values(cell, parse)
        self.need(found, self.rows, BadCell(name(cell), "", rule, "is empty, and every row needs one"))
        return cast(Sequence[V], found)

    def needed_keys(self, cell: Cell) -> Sequence[str]:
        """The keys of a cell that every row has to give."""
        found = self.needed(cell, values.key, "missing-key")
        return found if all(found) else [key or "" for key in found]

    def need(self, column: Sequence[object], rows: Sequence[int], otherwise: BadCell) -> None:
        """Refuse those of the rows in which the column has None, no text, or no keys."""
        if not all(column):
            self.refuse([i for i in rows if column[i] in _NOTHING], otherwise)

    def times(self, time: Time, rows: Sequence[int]) -> Sequence[int | None]:
        """The times of these rows in epoch milliseconds; None for the others, and where the cell is empty."""
        texts = self.only(self.column(time.column), rows)
        return self.parsed(texts, time.column, time_parser(time.unit, time.format))

    def only(self, texts: list[str], rows: Sequence[int]) -> list[str]:
        """The texts of these rows, "" for the others."""
        if rows is self.rows:
            return texts
        there = set(rows)
        return [text if i in there else "" for i, text in enumerate(texts)]

    def parsed(self, texts: Sequence[str], column: str, parse: Callable[[str], V | None]) -> Sequence[V | None]:
        """The value of each text; None for an empty one."""
        try:
            return _at_once(texts, parse)
        except ValueError:
            found, wrong = _one_by_one(texts, parse)
        for i in self.rows if wrong else ():
            if error := wrong.get(texts[i]):
                self.refuse([i], BadCell(column, error.value or texts[i], error.rule, str(error)))
        return list(map(found.get, texts))

    def keys_of(self, reference: Reference, rows: Sequence[int]) -> Keys:
        """The keys that the cells of a reference name in these rows, each once; nothing where a cell is empty."""
        cell = reference.key
        texts = self.only(self.texts(cell), rows)
        convert = text_conversion(cell, self.lookups)
        if reference.split is not None:
            several = partial(split, by=reference.split, convert=convert)
            return [keys or () for keys in self.parsed(texts, name(cell), several)]
        one = partial(_parse, convert=convert, parse=values.key) if convert else values.key
        found = self.parsed(texts, name(cell), one)
        return cast(list[str], found) if all(found) else [key or "" for key in found]

    def of(self, column: Sequence[T], rows: Sequence[int]) -> Sequence[T]:
        """What a column has in these rows."""
        return column if rows is self.rows else [column[i] for i in rows]

    def refuse(self, rows: Iterable[int], cell: BadCell) -> None:
        """Note a bad cell of these rows; the first of a row stays."""
        for i in rows:
            self.bad.setdefault(i, cell)

    def refusals(self) -> list[Refusal]:
        """What is refused, by row."""
        block = self.block
        return [
            Refusal(block.file, block.lines[i], cell.column, shown(cell.value), cell.reason, cell.rule, block.row(i))
            for i, cell in sorted(self.bad.items())
        ]

    def origin(self, rows: Sequence[int]) -> Origin:
        """Where the statements of these rows are from."""
        return Origin(self.block.file, self.of(self.block.lines, rows), rows)


_NOTHING = (None, "", ())


def name(cell: Cell) -> str:
    """The column of a cell, or those of a template; "" for a constant."""
    return ", ".join(cell.columns)


def split(text: str, by: str, convert: Callable[[str], str] | None = None) -> tuple[str, ...]:
    """The keys in a cell, each once; `by` is a separator, or `json` for a JSON list, or a text that is no list."""
    parts: Iterable[str] = filter(None, map(str.strip, json_list(text) if by == JSON_LIST else text.split(by)))
    keys = tuple(dict.fromkeys(filter(None, map(convert, parts)) if convert else parts))
    if convert or len(text) > values.MAX_KEY:
        for key in keys:
            values.key(key)
    return keys


def _parse(text: str, convert: Callable[[str], str], parse: Callable[[str], V]) -> V | None:
    found = convert(text)
    return parse(found) if found else None


def json_list(text: str) -> list[str]:
    """What a JSON list says; a text that is none says itself, for what is repeated in one row is single in another.

    Raises WrongValueError.
    """
    if not text.lstrip().startswith(("[", "{")):
        return [text]
    try:
        parts = orjson.loads(text)
    except orjson.JSONDecodeError:
        parts = None
    if not isinstance(parts, list) or not all(isinstance(p, str | int) and not isinstance(p, bool) for p in parts):
        raise WrongValueError("not-a-json-list", 'is not a JSON list of texts, for example ["a", "b"]')
    return [str(part) for part in parts]


def _at_once(texts: Sequence[str], parse: Callable[[str], V | None]) -> Sequence[V | None]:
    """The values of a column where all of it is as it should be. Raises ValueError where it is not."""
    at_once = values.AT_ONCE.get(parse)
    if at_once is None:
        raise ValueError("is not parsed at once")
    if all(texts):
        return at_once(texts)
    found = iter(at_once(list(filter(None, texts))))
    return [next(found) if text else None for text in texts]


def _one_by_one(
    texts: Sequence[str], parse: Callable[[str], V | None]
) -> tuple[dict[str, V | None], dict[str, WrongValueError]]:
    found: dict[str, V | None] = {}
    wrong: dict[str, WrongValueError] = {}
    for text in set(texts):
        if text:
            try:
                found[text] = parse(text)
            except WrongValueError as error:
                wrong[text] = error
    return found, wrong
