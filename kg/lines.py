"""The lines of a text file, numbered, bounded, and able to go back within a record that went wrong."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from ontology.errors import InputError

MAX_LINE = 1 << 20
"""Bytes. A longer line is passed over, and never held in memory."""
TOO_LONG = "\0\n"
"""Stands for a line longer than `MAX_LINE`; no line of a table or of JSON that can be loaded has a NUL."""
MAX_RECORD_LINES = 100
"""A quoted cell may hold line breaks; one that is open for longer was never closed."""


class Lines(Iterator[str]):
    """Lines with their ends. Bytes that are not UTF-8 become lone surrogates (PEP 383), so that the row can be named.

    A reader that builds records of several lines calls `start_record` before each: the lines it takes then end after
    `MAX_RECORD_LINES`, and `back_to_second` gives all of them but the first back.
    """

    def __init__(self, path: Path) -> None:
        """Open a file. Raises InputError when that fails or when it is UTF-16."""
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror})") from error
        start = self._file.read(3)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            self._file.close()
            raise InputError(f"{path} is UTF-16; save it as UTF-8")
        self._file.seek(3 if start == b"\xef\xbb\xbf" else 0)
        self._taken: list[str] = []
        self._again: list[str] = []
        self._line = 0

    def __enter__(self) -> Self:
        """Give the lines; leaving closes the file."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file."""
        self._file.close()

    def start_record(self) -> int:
        """Begin a record; returns the number of its first line."""
        self._taken.clear()
        return self._line + 1

    def back_to_second(self) -> str:
        """Give back all lines of this record but its first, which is returned."""
        first, *rest = self._taken
        self._again = rest + self._again
        self._line -= len(rest)
        return first

    @property
    def too_long(self) -> bool:
        """Whether this record begins with a line longer than `MAX_LINE`."""
        return bool(self._taken) and self._taken[0] is TOO_LONG

    def __next__(self) -> str:
        """The next line of this record, or `TOO_LONG`."""
        if len(self._taken) >= MAX_RECORD_LINES:
            raise StopIteration
        line = self._again.pop(0) if self._again else self._read()
        self._line += 1
        self._taken.append(line)
        return line

    def _read(self) -> str:
        raw = self._file.readline(MAX_LINE + 1)
        if not raw:
            raise StopIteration
        if len(raw) > MAX_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = self._file.readline(MAX_LINE)
            return TOO_LONG
        return raw.decode("utf-8", "surrogateescape")
