"""Columns on disk: arrays as safetensors, tables as Parquet. Arrays are mapped, so processes share their memory."""

import errno
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from arro3.core import Array, DataType, Table
from arro3.io import read_parquet, write_parquet
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from ontology.errors import InputError

Arrays = Mapping[str, NDArray[Any]]

# The names that the safetensors format gives to the types we write.
_DTYPES = {
    "F32": "<f4",
    "F64": "<f8",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U8": "<u1",
    "BOOL": "?",
}
_HEADER_LIMIT = 1 << 20


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write named arrays of any shape to one safetensors file. Raises OSError."""
    try:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
    except SafetensorError as error:  # its word for a full disk
        raise OSError(errno.EIO, str(error), str(path)) from error


def map_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Map the arrays of a safetensors file, read-only and without copying.

    The layout (eight bytes of header length, JSON, data) is the format's published one; the library copies
    what it reads, and then each worker process would hold a copy of its own.

    Raises InputError where the file is not what its header says.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_HEADER_LIMIT, size - 8):
            raise InputError(f"{path} is not a safetensors file: its header would be {length} bytes long")
        header = json.loads(file.read(length))
    arrays: dict[str, NDArray[Any]] = {}
    for name, info in header.items():
        if name == "__metadata__":
            continue
        begin, end = info["data_offsets"]
        dtype = np.dtype(_DTYPES[info["dtype"]])
        shape = tuple(info["shape"])
        if 8 + length + end > size or end - begin != dtype.itemsize * int(np.prod(shape, dtype=np.int64)):
            raise InputError(f"{path} is cut short or damaged at array {name!r}")
        if begin == end:
            arrays[name] = np.empty(shape, dtype)
        else:
            # A plain array over the map: numpy's own class for it makes each later step several times slower.
            arrays[name] = np.asarray(np.memmap(path, dtype, "r", 8 + length + begin, shape))
    return arrays


def save_table(path: Path, columns: Mapping[str, Sequence[str]]) -> None:
    """Write columns of text, all of the same length, to one Parquet file. Raises OSError."""
    table = Table.from_pydict({n: Array(list(column), DataType.string()) for n, column in columns.items()})
    file = io.BytesIO()
    write_parquet(table, file)  # not to the path: where that is full, the library panics
    path.write_bytes(file.getbuffer())


def load_table(path: Path) -> dict[str, tuple[str, ...]]:
    """Read the columns of a Parquet file of text."""
    table = read_parquet(str(path)).read_all()
    return {name: tuple(table[name].to_pylist()) for name in table.column_names}
