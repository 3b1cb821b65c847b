"""The file of what a load refused: one JSON object a line, with file, line, column, value and reason."""

from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from kg.triples import Refusal
from ontology.errors import StoreError


class Rejects:
    """Written from the start of a load. `rows` is the number of rows with at least one refusal."""

    def __init__(self, path: Path) -> None:
        """Begin a new file in place of that of the last load. Raises StoreError when it cannot be written."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb")
        except OSError as error:
            raise StoreError(f"{path} cannot be written ({error.strerror})") from error
        self.rows = 0
        # One byte per line, file by file: a row that is refused in two phases counts once.
        self._marks: dict[str, bytearray] = {}

    def __enter__(self) -> Self:
        """Give the file; leaving closes it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file."""
        self._file.close()

    def add(self, refusal: Refusal) -> None:
        """Write one refusal."""
        self._file.write(orjson.dumps(asdict(refusal)) + b"\n")
        marks = self._marks.setdefault(refusal.file, bytearray())
        if refusal.line >= len(marks):
            marks.extend(bytes(refusal.line + 1 - len(marks)))
        self.rows += 1 - marks[refusal.line]
        marks[refusal.line] = 1
