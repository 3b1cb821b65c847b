"""Which files a load reads, and by which rule of the mapping."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from kg.check import used_columns
from kg.mapping import FileRule, Mapping
from kg.readers import columns
from ontology.errors import InputError

BLOCK = 1 << 20


@dataclass(frozen=True)
class Source:
    """A file and the rule for its rows."""

    path: Path
    rule: FileRule

    @property
    def makes_entities(self) -> bool:
        """Whether its rows can be or make entities."""
        ends = [reference for rule in self.rule.triples for reference in (rule.head, rule.tail)]
        return self.rule.entity is not None or any(end and end.create for end in ends)

    @cached_property
    def lines(self) -> int:
        """How many lines the file has: about as many as rows, and quick to count."""
        with self.path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))


def choose(paths: Sequence[Path], mapping: Mapping) -> list[Source]:
    """The files to read, in the order of the mapping. Raises InputError.

    A file that is named has to be in the mapping. In a folder other files are passed over, and each file of the
    mapping has to be there. Each table has to have the columns that its rule reads.
    """
    found: dict[Path, Source] = {}
    for path in paths:
        for source in _in_folder(path, mapping) if path.is_dir() else [_named(path, mapping)]:
            found.setdefault(source.path.resolve(), source)
    order = list(mapping.files.values())
    sources = sorted(found.values(), key=lambda source: order.index(source.rule))
    for source in sources:
        _check_columns(source)
    return sources


def _in_folder(folder: Path, mapping: Mapping) -> Iterator[Source]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for pattern, rule in mapping.files.items():
        matching = [path for path in files if fnmatchcase(path.name, pattern)]
        if not matching:
            raise InputError(f"{folder} has no file {pattern}, which the mapping names")
        yield from (Source(path, rule) for path in matching)


def _named(path: Path, mapping: Mapping) -> Source:
    if not path.is_file():
        raise InputError(f"{path} is not there")
    for pattern, rule in mapping.files.items():
        if fnmatchcase(path.name, pattern):
            return Source(path, rule)
    raise InputError(f"{path} is not in the mapping, which names {', '.join(mapping.files)}")


def _check_columns(source: Source) -> None:
    header = columns(source.path)
    if header is None:
        return
    if missing := sorted(used_columns(source.rule) - set(header)):
        raise InputError(
            f"{source.path} has no column {missing[0]!r}, which the mapping reads; it has {', '.join(header)}"
        )
