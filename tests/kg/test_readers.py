import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.lines import MAX_LINE, MAX_RECORD_LINES
from kg.readers import columns, read
from kg.triples import Refusal, Row
from ontology.errors import InputError


def records(path: Path, content: bytes) -> list[tuple[int, object]]:
    """Line and, for a row its values, for a refusal its reason."""
    path.write_bytes(content)
    return [(r.line, dict(r.values) if isinstance(r, Row) else r.reason) for r in read(path)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "films.csv"


def test_a_row_has_its_values_file_and_line(table: Path) -> None:
    table.write_text('id,title\n1,"Postman, The"\n\n2,"two\nlines"\n3,7" disc\n', encoding="utf-8")
    assert list(read(table)) == [
        Row({"id": "1", "title": "Postman, The"}, str(table), 2),
        Row({"id": "2", "title": "two\nlines"}, str(table), 4),
        Row({"id": "3", "title": '7" disc'}, str(table), 6),
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(table: Path) -> None:
    assert records(table, b"\xef\xbb\xbfid,title\r\n1,Am\xc3\xa9lie\r\n") == [(2, {"id": "1", "title": "Amélie"})]
    assert columns(table) == ("id", "title")


def test_tabs_separate_tsv(tmp_path: Path) -> None:
    assert records(tmp_path / "a.tsv", b"id\tname\n1\ta,b\n") == [(2, {"id": "1", "name": "a,b"})]


def test_a_wrong_number_of_columns_is_refused(table: Path) -> None:
    assert records(table, b"a,b\n1\n2,3\n4,5,6\n") == [
        (2, "does not have as many columns (1) as the header (2)"),
        (3, {"a": "2", "b": "3"}),
        (4, "does not have as many columns (3) as the header (2)"),
    ]


def test_a_quote_that_is_never_closed_costs_one_line(table: Path) -> None:
    lines = b"".join(b"%d,x\n" % n for n in range(3, 3 + 3 * MAX_RECORD_LINES))
    found = records(table, b'a,b\n2,"open\n' + lines)
    assert found[0] == (2, "is not a CSV line: unexpected end of data")
    assert found[1:] == [(n, {"a": str(n), "b": "x"}) for n in range(3, 3 + 3 * MAX_RECORD_LINES)]


def test_a_quote_that_swallows_to_a_later_quote_costs_one_line(table: Path) -> None:
    found = records(table, b'a,b\n1,"open\n2,x\n3,"y"\n')
    assert found[0][0] == 2
    assert "CSV" in str(found[0][1])
    assert found[1:] == [(3, {"a": "2", "b": "x"}), (4, {"a": "3", "b": "y"})]


def test_what_is_not_utf8_is_refused_and_shown(table: Path) -> None:
    table.write_bytes(b"id,title\n1,Am\xe9lie\n2,Seven\n")
    bad, good = read(table)
    assert bad == Refusal(str(table), 2, "title", "Am\\xe9lie", "is not UTF-8 (character 3); save the file as UTF-8")
    assert isinstance(good, Row)


def test_a_line_that_is_too_long_is_refused(table: Path, tmp_path: Path) -> None:
    long = b"x" * (MAX_LINE + 10)
    reason = f"the line is longer than {MAX_LINE} bytes"
    assert records(table, b"a\n" + long + b"\n1\n") == [(2, reason), (3, {"a": "1"})]
    assert records(table, b"a,b\n" + long + b"\n1,2\n") == [(2, reason), (3, {"a": "1", "b": "2"})]
    assert records(tmp_path / "a.jsonl", long + b'\n{"a": 1}\n') == [(1, reason), (2, {"a": "1"})]


def test_a_nul_character_is_refused(table: Path) -> None:
    assert records(table, b"a,b\n1,x\0y\n") == [(2, "has a NUL character")]


def test_json_lines(tmp_path: Path) -> None:
    content = '{"id": 7, "name": "山川", "tags": ["a", "b"], "sold": true, "none": null, "price": 1.50}\n\n[1]\n{"id"\n'
    found = records(tmp_path / "a.jsonl", content.encode())
    assert found[0] == (
        1,
        {"id": "7", "name": "山川", "tags": '["a", "b"]', "sold": "true", "none": "", "price": "1.5"},
    )
    assert found[1] == (3, "is not a JSON object; each line has to be one: {…}")
    assert found[2][0] == 4
    assert "is not JSON" in str(found[2][1])
    assert columns(tmp_path / "a.jsonl") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no header"),
        (b"\n", "has no header"),
        (b"a,a\n", "names 'a' twice"),
        (b"a,,b\n", "has a column without a name"),
        (b"a,\xe9\n", "the header is not UTF-8"),
        (b'a,"b\n1,2\n', "the header cannot be read"),
        (b"\xff\xfea\x00", "is UTF-16"),
    ],
)
def test_a_table_that_cannot_be_read_at_all_is_an_input_error(table: Path, content: bytes, message: str) -> None:
    table.write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read(table))


def test_an_unknown_ending_and_a_missing_file_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the ending '\.xls' is not known; known are \.csv, \.tsv, \.jsonl"):
        read(tmp_path / "a.xls")
    with pytest.raises(InputError, match="No such file"):
        list(read(tmp_path / "a.csv"))


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(st.lists(st.tuples(CELL, CELL), max_size=20))
@settings(max_examples=50)
def test_what_the_csv_module_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_bytes(text.getvalue().encode())
    assert [tuple(r.values.values()) for r in read(path) if isinstance(r, Row)] == rows


@given(st.lists(st.dictionaries(CELL, CELL, max_size=3), max_size=20))
@settings(max_examples=50)
def test_json_objects_are_read_back(tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, str]]) -> None:
    path = tmp_path_factory.mktemp("json") / "x.jsonl"
    path.write_text("".join(json.dumps(o) + "\n" for o in objects), encoding="utf-8", newline="\n")
    assert [dict(r.values) for r in read(path) if isinstance(r, Row)] == objects


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_any_bytes_become_rows_or_refusals(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(b"a,b\n" + content)
    lines = [r.line for r in read(path)]
    assert lines == sorted(set(lines))
    filled = [line for line in content.split(b"\n") if line.strip(b"\r")]
    assert len(lines) <= len(filled)
