"""Which files a load reads, and by which rule of the mapping."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import glob, has_magic
from pathlib import Path
from typing import ClassVar

from kg.blocks import Block
from kg.check import check_columns
from kg.formats.door import header, read_blocks
from kg.formats.form import ENDINGS, Format
from kg.formats.source import COMPRESSED, STDIN, flows, is_url, opened
from kg.mapping import FileRule, Mapping
from ontology.errors import InputError


@dataclass(frozen=True)
class Source:
    """A file, or standard input, the rule for its rows, and how it is read."""

    path: Path
    rule: FileRule
    name: str
    """The entry of the mapping: a file name or a pattern."""
    empty: ClassVar[bool] = False
    """Whether there is nothing in the file, not even a header."""

    @property
    def form(self) -> Format:
        """What the mapping says of how it is read."""
        return Format(self.rule.format, self.rule.encoding, self.rule.delimiter, self.rule.quote)

    def blocks(self, seen: Callable[[int], None] = lambda _: None) -> Iterator[Block]:
        """Its rows; `seen` is told how many bytes were read so far. Raises InputError."""
        return read_blocks(self.path, self.form, seen)

    def table(self) -> Iterator[Block]:
        """Its rows, for others to look values up in. Raises InputError."""
        return self.blocks()

    @property
    def size(self) -> int:
        """Its bytes, as they are on disk; 0 for standard input and pipes."""
        return self.path.stat().st_size if self.path.is_file() else 0


class Empty(Source):
    """A file in which there is nothing, beside others in which there is."""

    empty: ClassVar[bool] = True

    def blocks(self, seen: Callable[[int], None] = lambda _: None) -> Iterator[Block]:
        """No rows."""
        return iter(())


def choose(paths: Sequence[Path], mapping: Mapping) -> list[Source]:
    """The files to read, in the order of the mapping. Raises InputError.

    A path is a file, a folder, a pattern such as `data/*.csv.gz`, or `-` for standard input. A file that is named has
    to be in the mapping, with or without its `.gz` or `.zst`. In a folder other files are passed over, and each file
    of the mapping has to be there. Each table has to have the columns that its rule reads. A file in which there is
    nothing at all is none of them, but says nothing; all must not be like that.
    """
    found: dict[Path, Source] = {}
    for path in paths:
        for source in _sources(path, mapping):
            found.setdefault(source.path.resolve(), source)
    # By identity: two files can have equal rules.
    order = [id(rule) for rule in mapping.files.values()]
    sources = [_looked_at(source) for source in sorted(found.values(), key=lambda source: order.index(id(source.rule)))]
    if sources and all(source.empty for source in sources):
        names = ", ".join(str(source.path) for source in sources)
        raise InputError(f"{names}: there is nothing in it, not even a header; give a file that has rows")
    return sources


def unmapped(paths: Sequence[Path]) -> dict[str, Path]:
    """Files that no mapping names yet, by their names without `.gz` or `.zst`. Of folders, those that can be read.

    Raises InputError.
    """
    found: dict[str, Path] = {}
    for path in paths:
        readable = [p for p in _expanded(path) if not path.is_dir() or Path(_plain(p)).suffix.lower() in ENDINGS]
        if not readable:
            raise InputError(f"{path} has no files that can be read; known are {', '.join(ENDINGS)}")
        for file in readable:
            if found.setdefault(_plain(file), file) != file:
                raise InputError(f"{file} has the name of {found[_plain(file)]}; give files with different names")
    return found


def _sources(path: Path, mapping: Mapping) -> Iterator[Source]:
    if path == STDIN:
        yield named(path, mapping)
    elif is_url(path):
        raise InputError(f"{str(path).replace(':/', '://', 1)} is a URL, and none is ever fetched; give a file")
    elif path.is_dir():
        yield from _in_folder(path, mapping)
    else:
        yield from (named(file, mapping) for file in _expanded(path))


def _expanded(path: Path) -> list[Path]:
    """A file, those that match a pattern, or those of a folder. Raises InputError when there are none."""
    if path.is_dir():
        return _files(path)
    if has_magic(str(path)) and not path.exists():
        # Path.glob takes no pattern that begins at the root.
        matches = map(Path, glob(str(path), recursive=True))  # noqa: PTH207
        if matching := sorted(match for match in matches if match.is_file()):
            return matching
        raise InputError(f"no file matches {path}")
    # A pipe is a file too: `kg ingest <(zcat films.csv.gz)`.
    if path != STDIN and not path.exists():
        raise InputError(f"{path} is not there")
    return [path]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _name_of_pipe(mapping: Mapping) -> str:
    """`-`, or the only entry."""
    if str(STDIN) in mapping.files:
        return str(STDIN)
    if len(mapping.files) > 1:
        names = ", ".join(mapping.files)
        raise InputError(f"what comes through a pipe has no name, and the mapping names {names}; call one of them '-'")
    return next(iter(mapping.files))


def _in_folder(folder: Path, mapping: Mapping) -> Iterator[Source]:
    files = _files(folder)
    for pattern, rule in mapping.files.items():
        matching = [path for path in files if _matches(path, pattern)]
        if not matching:
            raise InputError(f"{folder} has no file {pattern}, which the mapping names")
        plain = {_plain(path) for path in matching}
        if len(plain) < len(matching):
            raise InputError(
                f"{folder} has {', '.join(path.name for path in matching)}: one of them twice; name the files"
            )
        yield from (Source(path, rule, pattern) for path in matching)


def named(path: Path, mapping: Mapping) -> Source:
    """A file, a pipe or standard input, by its entry in the mapping. Raises InputError when it has none."""
    name = entry(path, mapping)
    # In a list of rejects, `<(…)` of a shell is a path under /dev that was a pipe then.
    if name is None and (flows(path) or path.is_relative_to("/dev")):
        name = _name_of_pipe(mapping)
    if name is None:
        raise InputError(f"{path} is not in the mapping, which names {', '.join(mapping.files)}")
    return Source(path, mapping.files[name], name)


def entry(path: Path, mapping: Mapping) -> str | None:
    """The first entry of the mapping that a file is one of."""
    return next((pattern for pattern in mapping.files if _matches(path, pattern)), None)


def _matches(path: Path, pattern: str) -> bool:
    return fnmatchcase(path.name, pattern) or fnmatchcase(_plain(path), pattern)


def _plain(path: Path) -> str:
    """The name without the ending of a compression."""
    return path.stem if path.suffix.lower() in COMPRESSED else path.name


def _looked_at(source: Source) -> Source:
    """A source whose columns are those that its rule reads, or in which there is nothing. Raises InputError."""
    if flows(source.path):
        return source
    with opened(source.path) as file:
        if not file.sample.strip():
            return Empty(source.path, source.rule, source.name)
    names = header(source.path, source.form)
    if names is not None:
        check_columns(str(source.path), source.rule, names)
    return source
