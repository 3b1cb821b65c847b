"""Parquet: values as text, structs as dotted columns, lists as JSON text, times as ISO 8601."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, time
from pathlib import Path
from typing import Any, BinaryIO

from arro3.core import DataType, Field
from arro3.io import read_parquet

from kg.blocks import ROWS, Block
from kg.formats.limits import CHUNK, MAX_COLUMNS, MAX_DEPTH, MAX_RATIO, RATIO_FROM
from kg.formats.rows import checked
from kg.formats.source import Input, on_disk
from ontology.errors import InputError

Columns = Mapping[str, Sequence[str]]


def read_parquet_file(source: Input, path: Path) -> Iterator[Block]:
    """The rows of a Parquet file; their numbers are ordinals from 1."""
    with on_disk(source, path) as file, _named(source.name):
        size = _size(file)
        reader = read_parquet(file)
        names = _names(source.name, reader.schema)
        start, characters = 1, 0
        for columns, rows in _joined(_batches(reader, names), names):
            characters += sum(len(text) for texts in columns.values() for text in texts)
            if characters > max(RATIO_FROM, MAX_RATIO * size):
                raise InputError(
                    f"{source.name} becomes more than {MAX_RATIO} times its size and was not read to its end"
                )
            yield checked(source.name, columns, range(start, start + rows))
            start += rows
        if start == 1:
            yield Block(source.name, dict.fromkeys(names, ()), ())


def parquet_columns(source: Input, path: Path) -> tuple[str, ...]:
    """The names of the columns. Raises InputError."""
    with on_disk(source, path) as file, _named(source.name):
        return _names(source.name, read_parquet(file).schema)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say which file could not be read."""
    try:
        yield
    except (InputError, GeneratorExit, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        # The library is in Rust: its panics are no Exceptions.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = str(error).strip().splitlines()
        raise InputError(f"{name} is cut short or not Parquet: {reason[0] if reason else 'no reason given'}") from error


def _size(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size


def _names(file: str, schema: Any) -> tuple[str, ...]:
    names = tuple(name for i in range(len(schema)) for name in _field_names(schema.field(i), "", MAX_DEPTH))
    if len(names) > MAX_COLUMNS:
        raise InputError(f"{file} has {len(names)} columns; {MAX_COLUMNS} are allowed")
    if odd := [name for name in names if not name or "\0" in name]:
        raise InputError(f"{file} has a column whose name is {odd[0]!r}")
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise InputError(f"{file} names the column {twice[0]!r} twice")
    return names


def _field_names(field: Field, prefix: str, depth: int) -> Iterator[str]:
    name = prefix + field.name
    if DataType.is_struct(field.type) and depth:
        for inner in field.type.fields:
            yield from _field_names(inner, f"{name}.", depth - 1)
    else:
        yield name


def _batches(reader: Iterable[Any], names: Sequence[str]) -> Iterator[tuple[Columns, int]]:
    for batch in reader:
        columns: dict[str, Sequence[str]] = {}
        for i, name in enumerate(batch.schema.names):
            columns.update(_texts(name, batch.column(i)))
        yield {name: columns[name] for name in names}, batch.num_rows


def _texts(name: str, array: Any) -> Iterator[tuple[str, Sequence[str]]]:
    """The texts of a column; of each field for a struct."""
    kind = array.type
    if DataType.is_struct(kind):
        yield from _struct_texts(name, kind.fields, array.to_pylist())
        return
    if DataType.is_nested(kind) or DataType.is_binary(kind) or DataType.is_large_binary(kind):
        yield name, [_text(value) for value in array.to_pylist()]
        return
    texts = array.cast(DataType.string()).to_pylist()
    # Where a data frame has no number, it writes NaN.
    nothing = (None, "NaN") if DataType.is_floating(kind) else (None,)
    yield name, ["" if text in nothing else text for text in texts]


def _struct_texts(
    name: str, fields: Iterable[Field], values: Sequence[Mapping[str, Any] | None]
) -> Iterator[tuple[str, Sequence[str]]]:
    for field in fields:
        inner = [value[field.name] if value else None for value in values]
        if DataType.is_struct(field.type):
            yield from _struct_texts(f"{name}.{field.name}", field.type.fields, inner)
        else:
            yield f"{name}.{field.name}", [_text(value) for value in inner]


def _text(value: Any) -> str:
    if isinstance(value, list | tuple | dict | bool):
        return json.dumps(value, ensure_ascii=False, default=_text)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, date | time):
        return value.isoformat()
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        return ""
    return str(value)


def _joined(batches: Iterator[tuple[Columns, int]], names: Sequence[str]) -> Iterator[tuple[Columns, int]]:
    """Small batches as larger ones."""
    held: list[Columns] = []
    rows, size = 0, 0
    for columns, count in batches:
        added = sum(len(text) for texts in columns.values() for text in texts)
        if held and (rows + count > ROWS or size + added > CHUNK):
            yield _one(held, names), rows
            held, rows, size = [], 0, 0
        held.append(columns)
        rows, size = rows + count, size + added
    if held:
        yield _one(held, names), rows


def _one(held: Sequence[Columns], names: Sequence[str]) -> Columns:
    return {name: [text for columns in held for text in columns[name]] for name in names}
