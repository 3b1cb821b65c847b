"""The bytes of a file or of standard input, decompressed, with a sample of their start. No URL is ever fetched."""

import gzip
import io
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryFile
from typing import BinaryIO

from backports import zstd

from kg.formats.limits import MAX_RATIO, MAX_WINDOW_LOG, RATIO_FROM, SAMPLE
from ontology.errors import InputError, StoreError

STDIN = Path("-")
"""Standard input, in the place of a file."""
COMPRESSED: Mapping[str, bytes] = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
"""The endings of compressed files, and how these begin."""
_BUFFER = 1 << 18
_WINDOW: Mapping[int, int] = {int(zstd.DecompressionParameter.window_log_max): MAX_WINDOW_LOG}


@dataclass(frozen=True)
class Input:
    """An open file. `ending` is that of the content: `.csv` for `films.csv.gz`.

    `position` gives the bytes of the file that were read so far.
    """

    name: str
    ending: str
    sample: bytes
    stream: BinaryIO
    position: Callable[[], int]


@contextmanager
def opened(path: Path, copy: BinaryIO | None = None) -> Iterator[Input]:
    """Open a file, or standard input for `-`. Raises InputError, now or while it is read.

    What can be read once only is written to a `copy`, or read from it when it is there already. Raises StoreError
    where it cannot be written.
    """
    with ExitStack() as stack:
        if copy is not None and copy.tell():
            with _kept(path):
                copy.seek(0)
            raw, copy = copy, None
        else:
            raw = sys.stdin.buffer if path == STDIN else stack.enter_context(_open(path))
        counted = _Counted(raw, path, copy)
        first = _fill(counted)
        compression = next((ending for ending, magic in COMPRESSED.items() if first.startswith(magic)), "")
        ending = "" if path == STDIN else path.suffix.lower()
        if ending in COMPRESSED:
            if ending != compression and first:
                raise InputError(f"{path} does not hold what its ending {ending} says; was it decompressed already?")
            ending = PurePath(path.stem).suffix.lower()
        whole: io.RawIOBase = _Again(first, counted)
        if compression or (path.suffix.lower() in COMPRESSED):
            whole = _Decompressed(compression or path.suffix.lower(), whole, counted)
            first = _fill(whole)
            whole = _Again(first, whole)
        stream = stack.enter_context(io.BufferedReader(whole, _BUFFER))
        yield Input(str(path), ending, first, stream, lambda: counted.count)


@contextmanager
def on_disk(source: Input, path: Path) -> Iterator[BinaryIO]:
    """The same as a file in which one can go back: itself, or a copy in the folder for temporary files."""
    if path.is_file() and path.suffix.lower() not in COMPRESSED:
        with _open(path) as file:
            yield file
        return
    with TemporaryFile() as copy:
        for piece in iter(lambda: source.stream.read(_BUFFER), b""):
            copy.write(piece)
        copy.seek(0)
        yield copy


def flows(path: Path) -> bool:
    """Whether it is standard input or a pipe, which can be read once only."""
    return path == STDIN or path.is_fifo()


def is_url(path: Path) -> bool:
    """Whether a path was meant as a URL; a path has folded its two slashes into one."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)) is not None


def _open(path: Path) -> BinaryIO:
    if is_url(path):
        raise InputError(
            f"{str(path).replace(':/', '://', 1)} is a URL, and none is ever fetched; download it, then give the file"
        )
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error


@contextmanager
def _kept(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"what {path} gives cannot be kept in the workspace ({error.strerror})") from error


def _fill(stream: io.RawIOBase) -> bytes:
    """The first `SAMPLE` bytes; fewer where there are no more."""
    parts: list[bytes] = []
    size = 0
    while size < SAMPLE and (part := stream.read(SAMPLE - size)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


class _Counted(io.RawIOBase):
    """Counts what was read, copies it, and names the file where reading it fails."""

    def __init__(self, raw: BinaryIO, path: Path, copy: BinaryIO | None) -> None:
        self.raw, self.path, self.copy, self.count = raw, path, copy, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            part = self.raw.read(len(buffer))
        except OSError as error:
            raise InputError(f"{self.path} cannot be read ({error.strerror})") from error
        if self.copy is not None:
            with _kept(self.path):
                self.copy.write(part)
        buffer[: len(part)] = part
        self.count += len(part)
        return len(part)


class _Again(io.RawIOBase):
    """What was read for the sample, and then the rest."""

    def __init__(self, first: bytes, rest: io.RawIOBase) -> None:
        self.first, self.rest = first, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self.first:
            return self.rest.readinto(buffer) or 0
        part, self.first = self.first[: len(buffer)], self.first[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


class _Decompressed(io.RawIOBase):
    """The content of a gzip or Zstandard file. Refuses bombs, and files that are cut short or damaged."""

    def __init__(self, ending: str, whole: io.RawIOBase, counted: _Counted) -> None:
        self.counted, self.count = counted, 0
        packed = io.BufferedReader(whole, _BUFFER)
        self.plain = gzip.GzipFile(fileobj=packed) if ending == ".gz" else zstd.ZstdFile(packed, options=_WINDOW)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        name = self.counted.path
        try:
            size = self.plain.readinto(buffer)
        except EOFError as error:
            raise InputError(f"{name} is cut short: its compressed data end too early") from error
        except (OSError, zlib.error, zstd.ZstdError) as error:
            raise InputError(f"{name} is damaged: {error}") from error
        self.count += size
        if self.count > max(RATIO_FROM, MAX_RATIO * self.counted.count):
            raise InputError(f"{name} becomes more than {MAX_RATIO} times its size and was not read to its end")
        return size
