"""The file of what a load refused: one JSON object a line, with file, line, column, value, rule, reason and cells."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from kg.triples import Refusal
from ontology.errors import InputError, StoreError

ENOUGH = 10_000
"""Rows after which a share of them says something; before, only the end does."""


@dataclass(frozen=True)
class Limit:
    """How many rows may be refused: a number, or a share of what was read in percent."""

    number: float
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """`100` or `2.5%`. Raises InputError."""
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(%?)", text.strip())
        if not found or (not found[2] and "." in found[1]) or (found[2] and float(found[1]) > 100):
            raise InputError(
                f"{text!r} is no limit of errors; give a number of rows such as 100, or a share such as 2%"
            )
        return cls(float(found[1]), bool(found[2]))

    def exceeded(self, refused: int, read: int) -> bool:
        """Whether more are refused than may be."""
        return refused > (self.number * read / 100 if self.percent else self.number)

    def __str__(self) -> str:
        return f"{self.number:g}{'%' * self.percent}"


class TooManyRefusedError(InputError):
    """More rows were refused than may be, so nothing was loaded.

    `counts` are those of the report of a load up to where this one was stopped: read, refused, rejected.
    """

    def __init__(self, message: str, **counts: int | Mapping[str, int]) -> None:
        """Keep the counts."""
        super().__init__(message)
        self.counts = counts


class Rejects:
    """Written from the start of a load, and in its place when that is staged.

    `rows` have at least one refusal; `about` counts them by the classes and relations that they were about.
    """

    def __init__(self, path: Path) -> None:
        """Begin a new file. Raises StoreError when it cannot be written."""
        self.path = path
        self._fresh = path.with_name(f"{path.name}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._fresh.open("wb")
        except OSError as error:
            raise StoreError(f"{path} cannot be written ({error.strerror})") from error
        self.rows = 0
        self.about = Counter[str]()
        # One byte per line, file by file: a row that is refused in two phases counts once.
        self._marks: dict[str, bytearray] = {}

    def __enter__(self) -> Self:
        """Give the file; leaving puts it in its place."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Put the file in its place. That of a load that failed goes elsewhere: the last list may be all there is."""
        self.close(failed=error is not None)

    @property
    def of_failed(self) -> Path:
        """Where the list of a load goes that loads nothing."""
        return self.path.with_name(f"{self.path.stem}-failed{self.path.suffix}")

    def close(self, *, failed: bool = False) -> None:
        """Put the file in the place of that of the last load. Raises StoreError."""
        if self._file.closed:
            return
        try:
            self._file.close()
            self._fresh.replace(self.of_failed if failed else self.path)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written ({error.strerror})") from error

    def add(self, refusal: Refusal) -> None:
        """Write one refusal. Raises StoreError."""
        try:
            self._file.write(orjson.dumps(asdict(refusal)) + b"\n")
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written ({error.strerror})") from error
        marks = self._marks.setdefault(refusal.file, bytearray())
        if refusal.line >= len(marks):
            marks.extend(bytes(refusal.line + 1 - len(marks)))
        self.rows += 1 - marks[refusal.line]
        marks[refusal.line] = 1

    def check(self, limit: Limit | None, read: int, *, so_far: bool = False) -> None:
        """Stop a load that refuses too much, before anything of it is written. Raises TooManyRefusedError."""
        if limit is None or (so_far and limit.percent and read < ENOUGH) or not limit.exceeded(self.rows, read):
            return
        sentence = (
            f"{self.rows:,} of {read:,} rows were refused, more than the {limit} that are allowed, so nothing was "
            f"loaded; each stands with its reason in {self.of_failed}"
        )
        rejected = dict(sorted(self.about.items()))
        raise TooManyRefusedError(sentence, read=read, refused=self.rows, rejected=rejected)
