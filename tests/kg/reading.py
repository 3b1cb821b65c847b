"""What a file reads as, in a form that a test can compare."""

from dataclasses import asdict
from pathlib import Path

import orjson

from kg.formats.door import read_blocks
from kg.formats.form import FOUND_OUT, Format
from kg.triples import Refusal
from ontology.errors import InputError


def records(path: Path, content: bytes | None = None, form: Format = FOUND_OUT) -> list[tuple[int, object]]:
    """Line and, for a row its cells, for a refusal its reason, in the order of the lines."""
    if content is not None:
        path.write_bytes(content)
    found: list[tuple[int, object]] = []
    for block in read_blocks(path, form):
        # All of it can be stored, and written to a report.
        orjson.dumps([asdict(block), [*block.columns.items()]], default=list)
        assert not any("\0" in text for texts in block.columns.values() for text in texts)
        assert all(len(texts) == len(block.lines) for texts in block.columns.values())
        assert list(block.lines) == sorted(set(block.lines))
        rows: list[tuple[int, object]] = [(line, block.row(i)) for i, line in enumerate(block.lines)]
        found += sorted([*rows, *((r.line, r.reason) for r in block.refused)], key=lambda record: record[0])
    assert [line for line, _ in found] == sorted({line for line, _ in found})
    return found


def rows(path: Path, content: bytes | None = None, form: Format = FOUND_OUT) -> list[dict[str, str]]:
    """The cells of the rows alone."""
    return [cells for _, cells in records(path, content, form) if isinstance(cells, dict)]


def refusals(path: Path, form: Format = FOUND_OUT) -> list[Refusal]:
    return [refusal for block in read_blocks(path, form) for refusal in block.refused]


def wrong(path: Path, form: Format = FOUND_OUT) -> str:
    """Why a file cannot be read to its end; its name where it can."""
    try:
        records(path, form=form)
    except InputError as error:
        return str(error)
    return str(path)
