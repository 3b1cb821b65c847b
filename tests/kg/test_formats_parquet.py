import gzip
import os
import signal
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from arro3.core import Array, DataType, Field, Table, list_array, struct_array
from arro3.io import write_parquet
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.blocks import ROWS
from kg.formats.door import header, read_blocks
from kg.formats.limits import MAX_COLUMNS
from ontology.errors import InputError
from tests.kg.reading import records, refusals, rows, wrong

T = DataType


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "films.parquet"


def write(path: Path, **columns: Array) -> None:
    write_parquet(Table.from_pydict(columns), str(path))


def test_values_become_text(path: Path) -> None:
    instant = Array([1_700_000_000_123, None], T.int64())
    write(
        path,
        s=Array(["ü", None], T.string()),
        i=Array([1 << 62, None], T.int64()),
        f=Array([1.5, float("nan")], T.float64()),
        f32=Array([0.1, None], T.float32()),
        b=Array([True, None], T.bool()),
        at=instant.cast(T.timestamp("ms")),
        utc=instant.cast(T.timestamp("ms", tz="UTC")),
        day=Array([19_000, None], T.int32()).cast(T.date32()),
        price=Array([20, None], T.int64()).cast(T.decimal128(20, 2)),
        raw=Array([b"abc", None], T.binary()),
    )
    first, second = rows(path)
    assert first == {
        "s": "ü",
        "i": str(1 << 62),
        "f": "1.5",
        "f32": "0.1",
        "b": "true",
        "at": "2023-11-14T22:13:20.123",
        "utc": "2023-11-14T22:13:20.123Z",
        "day": date(2022, 1, 8).isoformat(),
        "price": str(Decimal("20.00")),
        "raw": "abc",
    }
    assert set(second.values()) == {""}
    assert datetime.fromisoformat(first["utc"]) == datetime(2023, 11, 14, 22, 13, 20, 123_000, UTC)


def test_lists_become_json_and_structs_dotted_columns(path: Path) -> None:
    offers = struct_array(
        [Array([1, None], T.int64()), Array(["EUR", None], T.string())],
        fields=[Field("price", T.int64(), nullable=True), Field("currency", T.string(), nullable=True)],
    )
    tags = list_array(Array(np.array([0, 2, 2], dtype=np.int32)), Array(["ä", 'b"'], T.string()))
    write(path, id=Array(["1", "2"], T.string()), tags=tags, offers=offers)
    assert header(path) == ("id", "tags", "offers.price", "offers.currency")
    assert rows(path) == [
        {"id": "1", "tags": '["ä", "b\\""]', "offers.price": "1", "offers.currency": "EUR"},
        {"id": "2", "tags": "[]", "offers.price": "", "offers.currency": ""},
    ]


def test_rows_are_numbered_through_all_blocks(path: Path) -> None:
    write(path, a=Array([str(n) for n in range(25_000)], T.string()))
    assert [len(block.lines) <= ROWS for block in read_blocks(path)] == [True] * 3
    assert records(path)[24_999] == (25_000, {"a": "24999"})
    packed = path.with_name("films.parquet.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert rows(packed) == rows(path)
    assert header(packed) == ("a",)


def test_a_file_without_rows_has_one_block_with_its_columns(path: Path) -> None:
    write(path, a=Array([], T.string()))
    (block,) = read_blocks(path)
    assert (dict(block.columns), list(block.lines)) == ({"a": ()}, [])


def test_bytes_that_are_no_text_and_nul_are_refused(path: Path) -> None:
    write(path, id=Array(["1", "2", "3"], T.string()), raw=Array([b"\xff", b"x", b"\0"], T.binary()))
    assert [(r.line, r.column, r.rule) for r in refusals(path)] == [(1, "raw", "not-utf8"), (3, "raw", "nul-character")]
    assert rows(path) == [{"id": "2", "raw": "x"}]


def test_what_is_not_parquet_is_an_input_error(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(path, a=Array(["x"] * 100, T.string()), b=Array(list(range(100)), T.int64()))
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match="is cut short or not Parquet"):
            list(read_blocks(path))
        with pytest.raises(InputError, match="is cut short or not Parquet"):
            header(path)


def test_too_many_columns_are_an_input_error(path: Path) -> None:
    write(path, **{f"c{n}": Array(["x"], T.string()) for n in range(MAX_COLUMNS + 1)})
    with pytest.raises(InputError, match=f"has {MAX_COLUMNS + 1} columns"):
        header(path)


CELL = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(
    st.lists(
        st.tuples(CELL, st.none() | st.integers(-(1 << 63), (1 << 63) - 1), st.none() | st.booleans()), max_size=20
    )
)
@settings(max_examples=50)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str | None, int | None, bool | None]]
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "x.parquet"
    write(
        path,
        s=Array([r[0] for r in written], T.string()),
        i=Array([r[1] for r in written], T.int64()),
        b=Array([r[2] for r in written], T.bool()),
    )
    expected = [[s or "", "" if i is None else str(i), "" if b is None else str(b).lower()] for s, i, b in written]
    assert [list(row.values()) for row in rows(path)] == expected


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_rows_or_an_input_error_or_ends_its_process_alone(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """The library reserves what a damaged length says, and aborts where there is not so much memory."""
    path = tmp_path_factory.mktemp("parquet") / "x.parquet"
    write(path, a=Array([f"t{n}" for n in range(50)], T.string()), b=Array(list(range(50)), T.int64()))
    content = bytearray(path.read_bytes())
    for _ in range(3):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    child = os.fork()
    if child == 0:
        os.close(2)  # what the library says when it aborts
        os._exit(0 if str(path) in wrong(path) else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, -signal.SIGABRT}
