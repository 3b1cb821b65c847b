"""A snapshot on disk is the snapshot, or is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.snapshot import Snapshot, digest_of
from kg.snapshot_file import load_snapshot, save_snapshot
from ontology.errors import InputError
from tests.worlds import world

ROWS = [(0, 2, 17), (1, 2, 17), (2, 1, 0)]
HAPPENED = [(0, 1, 3), (0, 2, 4), (1, 5, 3)]


def snapshot() -> Snapshot:
    made = world(ROWS, HAPPENED).snapshot
    return replace(made, digest=digest_of(made))


@given(st.lists(st.text(max_size=5), min_size=1), st.integers(0, 5))
def test_what_was_saved_is_what_is_loaded(tmp_path_factory, names: list[str], triples: int):
    folder = tmp_path_factory.mktemp("snapshots")
    wanted = replace(snapshot(), keys=tuple(names), names=tuple(names), properties=tuple(names))
    wanted = replace(wanted, triples=wanted.triples[:triples])
    wanted = replace(wanted, digest=digest_of(wanted))
    for _ in range(2):
        save_snapshot(wanted, folder)
    found = load_snapshot(folder / wanted.digest)
    assert found.digest == wanted.digest
    for name, value in vars(wanted).items():
        parts = vars(value) if name == "interactions" else {name: value}
        for part, array in parts.items():
            got = getattr(found.interactions if name == "interactions" else found, part)
            assert np.array_equal(got, array)
            assert getattr(got, "dtype", None) == getattr(array, "dtype", None)
    assert [path.name for path in folder.iterdir()] == [wanted.digest]


@pytest.mark.parametrize("file", ["about.json", "entities.parquet"])
def test_one_that_cannot_be_read_is_replaced(tmp_path: Path, file: str):
    wanted = snapshot()
    save_snapshot(wanted, tmp_path)
    (tmp_path / wanted.digest / file).write_bytes(b"")
    save_snapshot(wanted, tmp_path)
    assert load_snapshot(tmp_path / wanted.digest).digest == wanted.digest
    assert [path.name for path in tmp_path.iterdir()] == [wanted.digest]


@pytest.mark.parametrize("file", ["about.json", "graph.safetensors", "interactions.safetensors", "entities.parquet"])
def test_a_file_that_is_gone_or_cut_short_is_said(tmp_path: Path, file: str):
    wanted = snapshot()
    save_snapshot(wanted, tmp_path)
    path = tmp_path / wanted.digest / file
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(InputError, match=r"cannot be read|is damaged"):
        load_snapshot(tmp_path / wanted.digest)
    path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        load_snapshot(tmp_path / wanted.digest)
