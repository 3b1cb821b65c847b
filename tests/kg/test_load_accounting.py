"""Files with damaged bytes: every row is loaded or refused, each refusal says where and why, and repair heals all."""

import gzip
import json
import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.errors import InputError
from tests.kg.load_ledger import LedgerGraph
from tests.kg.test_load_rules import SCRATCH

MANY = int(os.environ.get("KG_TEST_DAMAGES", "40"))
MAPPING = """
ontology: library.ttl
files:
  "books.*":
    entity: {class: Book, key: id, properties: {name: title, pages: pages}}
    triples:
      - {relation: WRITTEN_BY, tail: {class: Author, key: by, split: "|", create: true}}
"""
ROWS = [
    (f"b{i}", ["Dune", "Größe", 'say "hi", twice', "a,b;c\td"][i % 4], str(i), "x|y" if i % 3 else "")
    for i in range(12)
]
NAMES = ("id", "title", "pages", "by")


def _table(delimiter: str) -> bytes:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if set(text) & {'"', ",", "\t"} else text

    return "".join(delimiter.join(map(cell, row)) + "\n" for row in [NAMES, *ROWS]).encode()


FILES = {
    "books.csv": _table(","),
    "books.tsv": _table("\t"),
    "books.jsonl": "".join(
        json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=False) + "\n" for row in ROWS
    ).encode(),
    "books.json": json.dumps([dict(zip(NAMES, row, strict=True)) for row in ROWS]).encode(),
}
PIECES = st.sampled_from(
    [b"", b"\0", b"\n", b"\r", b'"', b",", b"\t", b"\xff", b"\xc3", b"few", b"{", b"\xef\xbb\xbf", b" "]
)
DAMAGE = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3), PIECES), min_size=1, max_size=4)


def damaged(data: bytes, damage: list[tuple[int, int, bytes]]) -> bytes:
    """The same with some bytes replaced, cut out or put in."""
    for at, length, piece in damage:
        place = at % len(data) if data else 0
        data = data[:place] + piece + data[place + length :]
    return data


def check_refusals(loaded: LedgerGraph, path: Path) -> set[int]:
    """Each refusal says where it is and why; give the refused lines."""
    lines = (loaded.folder / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    for refusal in map(json.loads, lines):
        assert set(refusal) == {"file", "line", "column", "value", "rule", "reason", "row"}
        assert refusal["file"] == str(path)
        assert refusal["line"] >= 1
        assert re.fullmatch("[a-z0-9-]+", refusal["rule"])
        assert len(refusal["reason"]) > 5
        assert len(refusal["value"]) <= 201
        assert refusal["row"] is None or set(refusal["row"]) <= set(NAMES) or ".json" in path.name
        assert refusal["row"] is None or refusal["column"]
    return {json.loads(line)["line"] for line in lines}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FILES)
@settings(max_examples=MANY, deadline=None)
@given(damage=DAMAGE)
def test_every_row_of_a_damaged_file_is_loaded_or_refused(
    name: str, packed: bool, damage: list[tuple[int, int, bytes]]
) -> None:
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        loaded = LedgerGraph(Path(folder), MAPPING)
        path = loaded.folder / (f"{name}.gz" if packed else name)
        data = damaged(FILES[name], damage)
        path.write_bytes(gzip.compress(data) if packed else data)
        try:
            loaded.load_files([path])
        except InputError as error:
            assert str(path) in str(error)  # noqa: PT017 some damage is an error, other damage a refused row
            assert loaded.graph == {}
        else:
            refused = check_refusals(loaded, path)
            assert len(refused) == loaded.refused_rows
            assert loaded.described + loaded.refused_rows == loaded.read
            assert loaded.about["Book"] == loaded.refused_rows
            assert loaded.about["WRITTEN_BY"] <= loaded.refused_rows
            if name == "books.jsonl":
                end = b"\r" if b"\n" not in data else b"\n"
                texts = [line.decode("utf-8", "replace") for line in data.split(end)]
                assert loaded.read == sum(bool(text.removeprefix("\ufeff").strip()) for text in texts)
        path.write_bytes(gzip.compress(FILES[name]) if packed else FILES[name])
        loaded.load_files([path], removing=True)
        assert (loaded.read, loaded.refused_rows) == (len(ROWS), 0)
        assert {key: loaded.graph["entity", "Book", key].get("name") for key, *_ in ROWS} == {r[0]: r[1] for r in ROWS}
        assert len(loaded.graph) == 12 + 2 + sum(row[3].count("x") + row[3].count("y") for row in ROWS)


@settings(max_examples=MANY, deadline=None)
@given(name=st.sampled_from(sorted(FILES)), damage=DAMAGE)
def test_a_damaged_archive_is_refused_as_a_whole_or_read_to_its_end(
    name: str, damage: list[tuple[int, int, bytes]]
) -> None:
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        loaded = LedgerGraph(Path(folder), MAPPING)
        path = loaded.folder / f"{name}.gz"
        path.write_bytes(damaged(gzip.compress(FILES[name], mtime=0), damage))
        try:
            loaded.load_files([path])
        except InputError as error:
            assert str(path) in str(error)  # noqa: PT017 some damage is an error, other damage a refused row
            assert loaded.graph == {}
        else:
            check_refusals(loaded, path)
            assert loaded.described + loaded.refused_rows == loaded.read
