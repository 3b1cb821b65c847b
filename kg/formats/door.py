"""The door to all formats: a file, or standard input, as blocks of rows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from kg.blocks import Block
from kg.formats.arrays import read_json
from kg.formats.delimited import header_of, read_delimited
from kg.formats.dialect import dialect_of
from kg.formats.form import FOUND_OUT, Format, resolved
from kg.formats.jsonlines import read_json_lines
from kg.formats.merchant import read_merchant
from kg.formats.parquet import parquet_columns, read_parquet_file
from kg.formats.rdf import read_rdf
from kg.formats.source import Input, flows, opened

_TABLES = ("csv", "tsv")


def read_blocks(
    path: Path, form: Format = FOUND_OUT, seen: Callable[[int], None] = lambda _: None, copy: BinaryIO | None = None
) -> Iterator[Block]:
    """The rows of a file, or of standard input for `-`, in one pass and in bounded memory.

    Every record comes out once, as a row or as a refusal of its block, in order. A table without rows gives one block
    without rows. Raises InputError, after the rows that came before, for a file that cannot be read on.
    `seen` is told how many bytes of the file were read so far, before each block. `copy` is written, and read when the
    same is read again: a pipe gives its bytes once.
    """
    with opened(path, copy) as source:
        for block in _blocks(source, path, resolved(source, form)):
            seen(source.position())
            yield block


def header(path: Path, form: Format = FOUND_OUT) -> tuple[str, ...] | None:
    """The columns, where a format names them ahead of its rows: CSV, TSV, Parquet. Raises InputError.

    None for the other formats, and for standard input and pipes, of which nothing may be used up.
    """
    if flows(path):
        return None
    with opened(path) as source:
        form = resolved(source, form)
        if form.format in _TABLES:
            return header_of(source, dialect_of(source, form))
        return parquet_columns(source, path) if form.format == "parquet" else None


def found(path: Path, form: Format = FOUND_OUT) -> Format:
    """The format with all that was found out about it, so that a report can say it. Raises InputError.

    The same for standard input and pipes, of which nothing may be used up.
    """
    if flows(path):
        return form
    with opened(path) as source:
        form = resolved(source, form)
        if form.format in _TABLES:
            dialect = dialect_of(source, form)
            return Format(form.format, dialect.encoding, dialect.delimiter, dialect.quote)
        return form


def _blocks(source: Input, path: Path, form: Format) -> Iterator[Block]:
    match form.format:
        case "csv" | "tsv":
            return read_delimited(source, dialect_of(source, form))
        case "jsonl":
            return read_json_lines(source, form)
        case "json":
            return read_json(source, form)
        case "parquet":
            return read_parquet_file(source, path)
        case "turtle" | "ntriples" | "jsonld":
            return read_rdf(source, form, form.format)
        case _:
            return read_merchant(source, form)
