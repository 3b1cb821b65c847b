import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.blocks import ROWS
from kg.formats.door import found, header, read_blocks
from kg.formats.form import Format
from kg.formats.limits import CHUNK, MAX_CELL, MAX_COLUMNS, MAX_LINE, MAX_RECORD_LINES
from kg.triples import Refusal
from ontology.errors import InputError
from tests.kg.reading import records, refusals, rows, wrong


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "films.csv"


def test_a_row_has_its_cells_and_its_line(table: Path) -> None:
    table.write_text('id,title\n1,"Postman, The"\n\n2,"two\nlines"\n3,7" disc\n', encoding="utf-8")
    assert records(table) == [
        (2, {"id": "1", "title": "Postman, The"}),
        (4, {"id": "2", "title": "two\nlines"}),
        (6, {"id": "3", "title": '7" disc'}),
    ]
    assert {block.file for block in read_blocks(table)} == {str(table)}


def test_a_byte_order_mark_and_windows_line_ends_are_fine(table: Path) -> None:
    assert records(table, b"\xef\xbb\xbfid,title\r\n1,Am\xc3\xa9lie\r\n") == [(2, {"id": "1", "title": "Amélie"})]
    assert header(table) == ("id", "title")


def test_line_ends_of_the_old_macintosh(table: Path) -> None:
    assert records(table, b"id,title\r1,Seven\r2,Alien\r") == [
        (2, {"id": "1", "title": "Seven"}),
        (3, {"id": "2", "title": "Alien"}),
    ]


def test_a_line_break_within_a_cell_stays_as_it_is(table: Path) -> None:
    assert rows(table, b'a,b\r\n1,"x\r\ny"\r\n') == [{"a": "1", "b": "x\r\ny"}]


def test_a_table_without_rows_has_one_block_with_its_columns(table: Path) -> None:
    table.write_bytes(b"a,b\n")
    (block,) = read_blocks(table)
    assert (dict(block.columns), list(block.lines)) == ({"a": (), "b": ()}, [])


def test_a_wrong_number_of_columns_is_refused(table: Path) -> None:
    assert records(table, b"a,b\n1\n2,3\n4,5,6\n") == [
        (2, "does not have as many columns (1) as the header (2); leave empty what has no value"),
        (3, {"a": "2", "b": "3"}),
        (4, "does not have as many columns (3) as the header (2); quote cells that hold the delimiter"),
    ]
    assert refusals(table)[0] == Refusal(
        str(table),
        2,
        "",
        "1",
        "does not have as many columns (1) as the header (2); leave empty what has no value",
        "wrong-column-count",
    )


def test_lines_that_are_short_and_long_in_turn_are_not_put_together(table: Path) -> None:
    assert [type(r) for _, r in records(table, b"a,b\n1,2,3\n4\n5,6\n")] == [str, str, dict]


def test_a_quote_that_is_never_closed_costs_one_line(table: Path) -> None:
    lines = b"".join(b"%d,x\n" % n for n in range(3, 3 + 3 * MAX_RECORD_LINES))
    read = records(table, b'a,b\n2,"open\n' + lines)
    assert read[0] == (2, "is not a CSV line: unexpected end of data")
    assert read[1:] == [(n, {"a": str(n), "b": "x"}) for n in range(3, 3 + 3 * MAX_RECORD_LINES)]


def test_a_quote_that_swallows_to_a_later_quote_costs_one_line(table: Path) -> None:
    read = records(table, b'a,b\n1,"open\n2,x\n3,"y"\n')
    assert read[0][0] == 2
    assert "CSV" in str(read[0][1])
    assert read[1:] == [(3, {"a": "2", "b": "x"}), (4, {"a": "3", "b": "y"})]


@pytest.mark.parametrize("filler", [ROWS - 200, ROWS - 101, ROWS - 100, ROWS - 99, ROWS - 3, ROWS])
@pytest.mark.parametrize("lines", [2, MAX_RECORD_LINES - 1, MAX_RECORD_LINES])
def test_a_cell_over_the_border_of_two_blocks_is_whole(table: Path, filler: int, lines: int) -> None:
    cell = "\n".join(["x"] * lines)
    table.write_text("a,b\n" + "1,2\n" * filler + f'3,"{cell}"\n' + "4,5\n" * 50)
    read = records(table)
    assert read[filler] == (filler + 2, {"a": "3", "b": cell})
    assert read[-1] == (filler + 1 + lines + 50, {"a": "4", "b": "5"})
    assert len(read) == filler + 51
    assert max(len(block.lines) for block in read_blocks(table)) <= ROWS


def test_an_open_quote_at_the_border_of_two_blocks_costs_one_line(table: Path) -> None:
    table.write_text("a,b\n" + "1,2\n" * (ROWS - 150) + '3,"open\n' + "4,5\n" * (2 * ROWS))
    assert len(rows(table)) == 3 * ROWS - 150
    assert [r.line for r in refusals(table)] == [ROWS - 148]


def test_what_is_not_utf8_is_refused_and_shown(table: Path) -> None:
    table.write_bytes(b"id,title\n1,Am\xe9lie\n2,Seven\n")
    reason = "is not UTF-8 (character 3); save the file as UTF-8, or give its encoding"
    row = {"id": "1", "title": "Am\\xe9lie"}
    assert refusals(table) == [Refusal(str(table), 2, "title", "Am\\xe9lie", reason, "not-utf8", row)]
    assert rows(table) == [{"id": "2", "title": "Seven"}]


def test_a_line_that_is_too_long_is_refused(table: Path) -> None:
    long = b"x" * (MAX_LINE + 10)
    reason = f"the line is longer than {MAX_LINE} characters"
    assert records(table, b"a\n" + long + b"\n1\n") == [(2, reason), (3, {"a": "1"})]
    assert records(table, b"a,b\n" + long + b"\n1,2\n") == [(2, reason), (3, {"a": "1", "b": "2"})]
    assert records(table, b"a,b\n1,2\n" + 5 * long) == [(2, {"a": "1", "b": "2"}), (3, reason)]
    assert records(table, b"a,b\n" + 9 * long + b"\n" + long + b"\n") == [(2, reason), (3, reason)]


def test_a_cell_that_is_too_long_is_refused(table: Path) -> None:
    read = records(table, b"a,b\n1," + b"x" * (MAX_CELL + 1) + b"\n1,2\n")
    assert read == [(2, f"is not a CSV line: field larger than field limit ({MAX_CELL})"), (3, {"a": "1", "b": "2"})]


def test_a_nul_character_is_refused(table: Path) -> None:
    assert records(table, b"a,b\n1,x\0y\n2,z\n") == [(2, "has a NUL character"), (3, {"a": "2", "b": "z"})]
    assert refusals(table)[0].row == {"a": "1", "b": "x\0y"}


def test_long_rows_make_small_blocks(table: Path) -> None:
    table.write_text("a,b\n" + ("1," + "x" * 100_000 + "\n") * 500)
    assert max(sum(map(len, block.columns["b"])) for block in read_blocks(table)) < 2 * CHUNK


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no header"),
        (b"\n", "has no header"),
        (b"a,a\n", "names 'a' twice"),
        (b"a,,b\n", "has a column without a name"),
        (b"a,\xe9\n", "the header is not UTF-8"),
        (b'a,"b\n1,2\n', "the header cannot be read"),
        (b"a\0,b\n1,2\n", "the header has a NUL character"),
        (b"x" * (2 * MAX_LINE) + b"\n1\n", "is longer than"),
        (b",".join(b"c%d" % n for n in range(MAX_COLUMNS + 1)) + b"\n", f"has {MAX_COLUMNS + 1} columns"),
    ],
)
def test_a_table_that_cannot_be_read_at_all_is_an_input_error(table: Path, content: bytes, message: str) -> None:
    table.write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_blocks(table))
    with pytest.raises(InputError, match=message):
        header(table)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_the_delimiter_is_detected(tmp_path: Path, delimiter: str, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_text(delimiter.join(["id", "title, or name", "price"][:: 1 if delimiter != "," else 2]) + "\n")
    with path.open("a") as file:
        csv.writer(file, delimiter=delimiter).writerows([["1", "x,y", "2,5"][:: 1 if delimiter != "," else 2]] * 3)
    assert found(path).delimiter == delimiter
    assert {row["price"] for row in rows(path)} == {"2,5"}


def test_a_single_column_and_few_bad_rows_do_not_mislead_the_detection(table: Path) -> None:
    assert rows(table, b"title\nOne\nTwo\n") == [{"title": "One"}, {"title": "Two"}]
    assert rows(table, b"a,b\n1;2\n3;4\n5,6\n") == [{"a": "5", "b": "6"}]


def test_a_dialect_can_be_given(table: Path) -> None:
    table.write_bytes(b"a:b\n'x:y':z\"\n")
    assert rows(table, form=Format(delimiter=":", quote="'")) == [{"a": "x:y", "b": 'z"'}]
    table.write_bytes(b'a\tb\n"x\t"y"z\n')
    assert rows(table, form=Format("tsv", quote="")) == [{"a": '"x', "b": '"y"z'}]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (Format(delimiter=",,"), "the delimiter has to be one character, but is ',,'"),
        (Format(delimiter=""), "the delimiter has to be one character"),
        (Format(quote="\n"), "the quote has to be one character"),
        (Format(delimiter="|", quote="|"), "delimiter and quote are the same"),
        (Format(encoding="latin-99"), "the encoding 'latin-99' is not known"),
        (Format(encoding="rot13"), "the encoding 'rot13' is not known"),
        (Format(encoding="idna"), "the encoding 'idna' is not known"),
        (Format("excel"), "the format 'excel' is not known"),  # type: ignore[arg-type]
    ],
)
def test_a_dialect_that_cannot_be_is_an_input_error(table: Path, form: Format, message: str) -> None:
    table.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(InputError, match=message):
        list(read_blocks(table, form))


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(
    st.lists(st.tuples(CELL, CELL), max_size=20),
    st.sampled_from([",", ";", "\t", "|"]),
    # With a plain line feed as the end, the writer leaves a carriage return unquoted unless told to quote all.
    st.sampled_from([(csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_MINIMAL, "\r\n")]),
)
@settings(max_examples=200)
def test_what_the_csv_module_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, str]], delimiter: str, style: tuple[int, str]
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=style[0], delimiter=delimiter, lineterminator=style[1])  # type: ignore[arg-type]
    writer.writerows([("a", "b"), *written])
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_bytes(text.getvalue().encode())
    assert [tuple(row.values()) for row in rows(path, form=Format(delimiter=delimiter))] == written


@given(st.lists(st.text(st.sampled_from('ab,\r" '), max_size=8), max_size=8), st.integers(1, 3))
@settings(max_examples=300)
def test_a_line_is_what_the_csv_module_says(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], width: int
) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    names = [f"c{n}" for n in range(width)]
    path.write_bytes((",".join(names) + "\n" + "".join(f"{line}\n" for line in lines if '"' not in line)).encode())
    expected = []
    for line in (line for line in lines if '"' not in line):
        try:
            cells = next(csv.reader([line + "\n"], strict=True))
        except csv.Error:
            continue
        if len(cells) == width:
            expected.append(cells)
    assert [list(row.values()) for row in rows(path, form=Format(delimiter=","))] == expected


@given(st.binary(max_size=200) | st.text(st.sampled_from('a1,;\r\n"\0é'), max_size=60).map(str.encode))
@settings(max_examples=300)
def test_any_bytes_become_rows_or_refusals(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(b"a,b\n" + content)
    lines = [line for line, _ in records(path, form=Format(encoding="utf-8", delimiter=","))]
    filled = [line for line in content.split(b"\n") if line.strip(b"\r")]
    assert len(lines) <= len(filled)
    # Without a quote each line that is not blank is one record.
    assert b'"' in content or len(lines) == len(filled)


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_any_bytes_at_all_are_read_or_an_input_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(content)
    assert str(path) in wrong(path)
