import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.formats.door import header, read_blocks
from kg.formats.limits import MAX_COLUMNS, MAX_DEPTH, MAX_LINE, MAX_RECORD
from ontology.errors import InputError
from tests.kg.reading import records, refusals, rows, wrong


def test_json_lines(tmp_path: Path) -> None:
    content = '{"id": 7, "name": "山川", "tags": ["a", "b"], "sold": true, "none": null, "price": 1.50}\n\n[1]\n{"id"\n'
    read = records(tmp_path / "a.jsonl", content.encode())
    assert read[0] == (
        1,
        {"id": "7", "name": "山川", "tags": '["a", "b"]', "sold": "true", "none": "", "price": "1.5"},
    )
    assert read[1] == (3, "is not a JSON object; each record has to be one: {…}")
    assert read[2][0] == 4
    assert "is not JSON" in str(read[2][1])
    assert header(tmp_path / "a.jsonl") is None
    assert [r.rule for r in refusals(tmp_path / "a.jsonl")] == ["not-an-object", "not-json"]


def test_lines_that_are_alike_are_read_as_those_that_are_not(tmp_path: Path) -> None:
    alike = [{"s": f"ü{n}", "i": n, "f": n / 3, "b": n % 2 == 0} for n in range(5)]
    content = b"".join(json.dumps(o).encode() + b"\n" for o in alike)
    quick = rows(tmp_path / "a.jsonl", content)
    assert quick == rows(tmp_path / "a.jsonl", content + b"\n{}\n")[:-1]
    assert quick[1] == {"s": "ü1", "i": "1", "f": "0.3333333333333333", "b": "false"}


def test_objects_in_objects_become_dotted_columns(tmp_path: Path) -> None:
    content = b'{"id": 1, "offers": {"price": 2, "seller": {"name": "x"}, "none": {}}}\n{"a": {"b": 1}, "a.b": 2}\n'
    assert records(tmp_path / "a.jsonl", content) == [
        (1, {"id": "1", "offers.price": "2", "offers.seller.name": "x"}),
        (2, "names the column 'a.b' twice"),
    ]


def test_long_numbers_stay_exact(tmp_path: Path) -> None:
    content = b'{"gtin": 123456789012345678901234567890}\n{"gtin": 1}\n{"gtin": ' + b"9" * 5000 + b"}\n"
    read = records(tmp_path / "a.jsonl", content)
    assert read[:2] == [(1, {"gtin": "123456789012345678901234567890"}), (2, {"gtin": "1"})]
    assert "is not JSON that can be read" in str(read[2][1])


def test_cells_that_no_graph_holds_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"id": 1, "title": "Am\xe9lie"}\n{"id": 2, "title": "x\\u0000"}\n{"id": "\\ud800"}\n{"id": NaN}\n'
    )
    assert [(r.line, r.rule, r.column) for r in refusals(path)] == [
        (1, "not-utf8", "title"),
        (2, "nul-character", "title"),
        (3, "not-json", ""),
        (4, "not-json", ""),
    ]
    json.dumps([r.row for r in refusals(path)], ensure_ascii=False).encode()


def test_names_of_columns_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a\xe9": 1}\n{"a\\u0000": 1}\n{"n": {"\xff": 2}}\n{"a": 1}\n')
    assert [(r.line, r.rule) for r in refusals(path)] == [(1, "not-utf8"), (2, "not-utf8"), (3, "not-utf8")]
    assert rows(path) == [{"a": "1"}]


def test_lines_beyond_the_limits_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    deep = ["[" * n + "1" + "]" * n for n in (MAX_DEPTH - 1, MAX_DEPTH, 500, 5000)]
    wide = json.dumps({f"c{n}": n for n in range(MAX_COLUMNS + 1)})
    objects = '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1)
    lines = [json.dumps("x" * MAX_LINE), *(f'{{"a": {d}}}' for d in deep), wide, objects, '{"a": 1}']
    path.write_text("\n".join(lines))
    assert [(r.line, r.rule) for r in refusals(path)] == [
        (1, "line-too-long"),
        (3, "nested-too-deep"),
        (4, "nested-too-deep"),
        (5, "not-json"),
        (6, "too-many-columns"),
        (7, "nested-too-deep"),
    ]
    assert len(rows(path)) == 2


def test_rows_that_name_ever_new_columns_make_small_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({f"c{n}": 1}) + "\n" for n in range(4000)))
    assert [row for row in rows(path) if "1" in row.values()][3999]["c3999"] == "1"


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(st.lists(st.dictionaries(CELL, CELL, max_size=3), max_size=20))
@settings(max_examples=100)
def test_json_objects_are_read_back(tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, str]]) -> None:
    path = tmp_path_factory.mktemp("json") / "x.jsonl"
    path.write_text("".join(json.dumps(o) + "\n" for o in objects), encoding="utf-8", newline="\n")
    # A block has the columns of all its rows; those that a row does not name are empty.
    names = {name for o in objects for name in o}
    assert rows(path) == [{name: o.get(name, "") for name in names} for o in objects]


@given(st.binary(max_size=100) | st.text(st.sampled_from('{}[]":,1a\\\n'), max_size=40).map(str.encode))
@settings(max_examples=300)
def test_any_bytes_become_rows_or_refusals(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "x.jsonl"
    path.write_bytes(b"{}\n" + content)
    lines = [line for line, _ in records(path)]
    assert len(lines) >= 1


@pytest.mark.parametrize(
    "content",
    [
        '[{"id": 1, "b": null}, {"id": "2", "b": [1, {"c": "ü"}]}]',
        '{"products": [{"id": 1}, {"id": "2", "b": [1, {"c": "ü"}]}]}',
        '{"next": null, "tags": ["x"], "data": {"n": 2, "i": [{"id": 1}, {"id": "2", "b": [1, {"c": "ü"}]}]}, "z": {}}',
    ],
)
def test_an_array_of_objects_is_found(tmp_path: Path, content: str) -> None:
    expected = [(1, {"id": "1", "b": ""}), (2, {"id": "2", "b": '[1, {"c": "ü"}]'})]
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert records(tmp_path / "a.json", content.encode(encoding)) == expected


def test_a_bad_record_of_an_array_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(
        '[{"a": 1}, {"a": NaN, "b": "]"}, 7, {"a" 1, "b": {}}, nope, null, {"a": {"b": 1}, "a.b": 2}, {"a": 2}]'
    )
    assert [line for line, _ in records(path)] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [(r.line, r.rule) for r in refusals(path)] == [
        (2, "not-json"),
        (3, "not-an-object"),
        (4, "not-json"),
        (5, "not-json"),
        (6, "not-an-object"),
        (7, "column-twice"),
    ]
    assert refusals(path)[0].value == '{"a": NaN, "b": "]"}'
    assert rows(path)[-1]["a"] == "2"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no|is cut short"),
        ("[", "is cut short"),
        ('[{"a": 1}', "is cut short: it ends in record 1"),
        ('[{"a": 1}, {"a', "is cut short or not JSON: .* in record 2"),
        ('[{"a": 1},]', "not JSON"),
        ('[{"a": 1}] 1', "goes on after its end"),
        ('[{"a": 1} {"a": 1}]', "where , or ] has to be, in record 1"),
        ('{"a": [{"b": 1}], "c": [{"d": 1}]}', "has two arrays of objects, a and c"),
        ('{"a": 1}', "has no array of objects"),
        ('{"a": [1, 2]}', "has no array of objects"),
        ("7", "where { has to be"),
        ('{"a":' * 100 + "1" + "}" * 100, f"nested more than {MAX_DEPTH} deep"),
        ("[" * 100_000, "nested more than 10000 deep in record 1"),
        ('["' + "x" * (2 * MAX_RECORD) + '"]', f"more than {MAX_RECORD} characters in record 1"),
    ],
)
def test_what_is_no_array_is_an_input_error(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=message):
        list(read_blocks(tmp_path / "a.json"))


def test_a_record_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": [' + "1," * (MAX_RECORD // 2) + '1]}, {"a": "x"}]')
    assert [r.rule for r in refusals(path)] == ["record-too-long"]
    assert rows(path) == [{"a": "x"}]


@pytest.mark.parametrize("size", [1, 7, 300_000, 2_000_000])
def test_records_over_the_border_of_the_buffer_are_whole(tmp_path: Path, size: int) -> None:
    objects = [{"n": n, "t": "x" * size, "u": n * 12345} for n in range(max(3, 400_000 // size))]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(objects, indent=2))
    if size > MAX_LINE:
        assert {r.rule for r in refusals(path)} == {"cell-too-long"}
    else:
        assert rows(path) == [{k: str(v) for k, v in o.items()} for o in objects]


def test_every_beginning_of_an_array_gives_rows_or_an_input_error(tmp_path: Path) -> None:
    whole = b'[{"id": 1, "n": {"t": "a\\"]"}}, {"id": 22, "l": [1, "}"]}]'
    for size in range(len(whole)):
        (tmp_path / "a.json").write_bytes(whole[:size])
        assert wrong(tmp_path / "a.json").startswith(f"{tmp_path / 'a.json'} ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | CELL,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.dictionaries(CELL, JSON, max_size=3), max_size=20))
@settings(max_examples=100)
def test_arrays_read_as_lines_do(tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, object]]) -> None:
    folder = tmp_path_factory.mktemp("json")
    lines = rows(folder / "x.jsonl", "".join(json.dumps(o) + "\n" for o in objects).encode())
    assert rows(folder / "x.json", json.dumps(objects, indent=1).encode()) == lines


@given(st.binary(max_size=100) | st.text(st.sampled_from('{}[]":,1a\\\n'), max_size=40).map(str.encode))
@settings(max_examples=300)
def test_any_bytes_are_an_array_or_an_input_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "x.json"
    for start in (b"", b'[{"a":1},'):
        path.write_bytes(start + content)
        assert str(path) in wrong(path)
