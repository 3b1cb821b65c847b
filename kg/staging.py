"""Reads the files of a load once, and stages what their rows say."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from kg.at_most_one import AtMostOne, Second
from kg.blocks import Block
from kg.check import unknown_columns
from kg.concerned import concerned
from kg.conversions import Lookups
from kg.difference import Dangling, Difference
from kg.formats.encoding import shown
from kg.ledger import Ledger
from kg.lookups import load_lookups, wanted
from kg.progress import Progress
from kg.rejects import Limit, Rejects
from kg.shaped import shaped
from kg.sources import Source
from kg.stage import Stage
from kg.statements import said
from kg.triples import Ref, Refusal
from ontology.errors import InputError
from ontology.model import Ontology


@dataclass
class Staged:
    """What was read. `unused`: file -> columns that the mapping does not read. `kept`: sources of which nothing is
    removed, since rows of them were refused, or a file of them is quite empty. `left_out`: files of sources of which
    something is. `empty`: files without a row. `rejected`: what the refused rows were about."""

    read: int = 0
    unused: dict[str, list[str]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    warnings: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)


@dataclass
class Staging:
    """Takes the rows of a load to its stage; what is wrong in itself goes to `refused`."""

    stage: Stage
    ontology: Ontology
    refused: Rejects
    progress: Progress
    max_errors: Limit | None = None
    staged: Staged = field(default_factory=Staged)

    def files(self, sources: Sequence[Source], *, delete_missing: bool) -> Staged:
        """Stage all files.

        With `delete_missing`, what a source lacks is to go, unless a row of it was refused, which may say what is
        missed, or a file of it is quite empty, as one is that was not written to its end. Raises InputError when more
        is refused than may be, or a file cannot be read.
        """
        self.staged.left_out = _left_out(self.stage.ledger, sources) if delete_missing else []
        lookups = _lookups(sources)
        removing = dict.fromkeys((source.name for source in sources), delete_missing)
        done, total = 0, sum(source.size for source in sources)
        self.progress("read", 0, None)
        for source in sources:
            before, rows, read = self.refused.rows, self.staged.read, [0]
            for block in source.blocks(read.append):
                self._block(source, block, lookups)
                self._tell(done + read[-1], total)
            done += source.size
            removing[source.name] &= self.refused.rows == before and not source.empty
            self.staged.empty += [str(source.path)] if self.staged.read == rows else []
        self.staged.kept = sorted(name for name, removes in removing.items() if delete_missing and not removes)
        self.progress("sort", 0, None)
        self.stage.seal([(self.stage.ledger.source(name), removes) for name, removes in removing.items()])
        return self.staged

    def _tell(self, bytes_read: int, size: int) -> None:
        """Rows that were read, and how many there will be about, by how much of the files they took."""
        rows = self.staged.read
        self.progress("read", rows, max(rows, rows * size // bytes_read) if size and bytes_read else None)

    def _block(self, source: Source, block: Block, lookups: Lookups) -> None:
        ledger, staged = self.stage.ledger, self.staged
        found, warnings = shaped(said(source.rule, block, self.ontology, lookups), source.rule, block, self.ontology)
        self.stage.add(ledger.source(source.name), ledger.file(block.file), found)
        refused = sorted([*block.refused, *found.refused], key=lambda refusal: refusal.line)
        for refusal in refused:
            self.refused.add(refusal)
        if refused:
            self.refused.about += concerned(source.rule, block, {refusal.line for refusal in refused})
        for about, n in warnings.items():
            staged.warnings[about] = staged.warnings.get(about, 0) + n
        staged.read += len(block.lines) + len(block.refused)
        if unused := unknown_columns(source.rule, block.columns):
            staged.unused[source.path.name] = sorted({*staged.unused.get(source.path.name, ()), *unused})
        self.refused.check(self.max_errors, staged.read, so_far=True)


def compare(
    difference: Difference,
    sources: Sequence[Source],
    ontology: Ontology,
    refused: Rejects,
    existing: Callable[[set[Ref]], set[Ref]],
) -> None:
    """Find out what a load changes; refuse the rows that cannot stand beside what others say.

    `existing` gives the entities that nobody says and that are in the graph all the same, such as users who are known
    by an event.
    """
    difference.entities()
    unknown = set(difference.unknown())
    difference.miss(unknown - existing(unknown))
    _refuse(sources, refused, (_dangling(found) for found in difference.dangling()))
    difference.lost()
    second = sorted(AtMostOne(difference, ontology).second())
    _refuse(sources, refused, map(_second, second))
    difference.relationships()


class Late(NamedTuple):
    """A row that is refused after all, for what it says of a relation."""

    file: str
    line: int
    column: str
    value: str
    reason: str
    rule: str
    relation: str


def _dangling(found: Dangling) -> Late:
    cls, key = found.ref
    reason = f"{cls} {shown(key)!r} is not in the graph; load what describes it before this, or with it"
    return Late(found.file, found.row, found.column, shown(key), reason, "not-in-graph", found.relation)


def _second(found: Second) -> Late:
    value = shown(found.value)
    return Late(found.file, found.row, found.column, value, found.reason, "functional", found.relation)


def _refuse(sources: Sequence[Source], refused: Rejects, late: Iterable[Late]) -> None:
    """Refuse rows, given by file. Their files are read again, for the cells."""
    for file, found in groupby(late, key=attrgetter("file")):
        by_line: dict[int, dict[Late, None]] = defaultdict(dict)
        for refusal in found:
            by_line[refusal.line][refusal] = None
        rows = _rows(next(source for source in sources if str(source.path) == file), by_line)
        for line, its in by_line.items():
            refused.about.update({refusal.relation for refusal in its})
            for _, _, column, value, reason, rule, _ in its:
                refused.add(Refusal(file, line, column, value, reason, rule, rows.get(line)))


def _rows(source: Source, lines: Iterable[int]) -> dict[int, dict[str, str]]:
    """The cells of some rows."""
    wanted_lines = set(lines)
    return {
        line: block.row(i) for block in source.blocks() for i, line in enumerate(block.lines) if line in wanted_lines
    }


def _left_out(ledger: Ledger, sources: Sequence[Source]) -> list[str]:
    """Files that these sources were read from before, that are still there, and that are not read now."""
    given = {source.path.resolve() for source in sources}
    before = {Path(path) for name in {source.name for source in sources} for path in ledger.files_of(name)}
    return sorted(str(path) for path in before if path.is_file() and path.resolve() not in given)


def _lookups(sources: Sequence[Source]) -> Lookups:
    def read(name: str) -> Iterator[Block]:
        named = [source for source in sources if source.name == name]
        if not named:
            raise InputError(
                f"the mapping looks values up in {name}, which is not among the files of this load; give it too, with "
                f"an entry of its own in the mapping: `rules: [{{skip: true}}]` where it says nothing else"
            )
        for source in named:
            yield from source.table()

    return load_lookups(wanted(source.rule for source in sources), read)
