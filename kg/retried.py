"""The rows that a load refused, to be loaded after a fix: of the mapping, of what they name, or of their cells."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from kg.blocks import ROWS, Block
from kg.formats.door import read_blocks
from kg.formats.limits import MAX_RECORD
from kg.formats.source import STDIN
from kg.lookups import wanted
from kg.mapping import Mapping
from kg.sources import Source, entry, named
from kg.triples import Refusal
from ontology.errors import InputError

UNREADABLE = "could not be read as a row; mend it in its file, and load that again"


@dataclass(frozen=True)
class Retried(Source):
    """The refused rows of one file; of one in which only others look something up, none."""

    records: Sequence[tuple[int, dict[str, str] | None, str]] = ()

    def table(self) -> Iterator[Block]:
        """All rows of the file, those that are retried as they are now."""
        lines = {line for line, _, _ in self.records}
        for block in read_blocks(self.path, self.form):
            yield block.part([i for i, line in enumerate(block.lines) if line not in lines])
        yield from self.blocks()

    @property
    def size(self) -> int:
        """None: they are in memory."""
        return 0

    def blocks(self, seen: Callable[[int], None] = lambda _: None) -> Iterator[Block]:
        """The rows; lines that could not be read as one are refused again."""
        for start in range(0, len(self.records), ROWS):
            part = self.records[start : start + ROWS]
            rows = [(line, row) for line, row, _ in part if row is not None]
            names = dict.fromkeys(name for _, row in rows for name in row)
            columns = {name: [row.get(name, "") for _, row in rows] for name in names}
            refused = [
                Refusal(str(self.path), line, "", value, UNREADABLE, "not-a-row")
                for line, row, value in part
                if row is None
            ]
            yield Block(str(self.path), columns, [line for line, _ in rows], refused)


def retried(path: Path, mapping: Mapping) -> list[Source]:
    """The rows of a file of rejects, each once, by the file they are from. Raises InputError.

    What they look up is looked for where they are from.
    """
    found: dict[str, dict[int, tuple[dict[str, str] | None, str]]] = defaultdict(dict)
    for number, line in enumerate(_lines(path), 1):
        file, at, row, value = _record(path, number, line)
        found[file].setdefault(at, (row, value))
    if not found:
        raise InputError(f"{path} has no rejects, so there is nothing to load")
    sources: list[Source] = []
    for file, rows in found.items():
        source = named(Path(file), mapping)
        records = [(line, *its) for line, its in sorted(rows.items())]
        sources.append(Retried(source.path, source.rule, source.name, records))
    return [*sources, *_tables(sources, mapping)]


def _tables(sources: Sequence[Source], mapping: Mapping) -> Iterator[Source]:
    """The files that rows are not retried of, and that those of others look values up in."""
    names = {lookup.file for lookup in wanted(source.rule for source in sources)}
    there = {source.path for source in sources}
    for folder in sorted({path.parent for path in there if path != STDIN}):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path not in there and path.is_file() and (found := entry(path, mapping)) in names:
                yield Retried(path, mapping.files[found], found)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from (line for line in iter(lambda: file.readline(MAX_RECORD), b"") if line.strip())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error


def _record(path: Path, number: int, line: bytes) -> tuple[str, int, dict[str, str] | None, str]:
    try:
        found: dict[str, Any] = orjson.loads(line)
        row = found["row"]
        if row is not None and not all(isinstance(x, str) for pair in row.items() for x in pair):
            raise TypeError
        return str(found["file"]), int(found["line"]), row, str(found["value"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"{path}, line {number}: is no reject as `kg ingest` writes it: {{file, line, row, …}}"
        ) from error
