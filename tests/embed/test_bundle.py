"""A bundle is whole or refused, published by one rename, and never seen half-written."""

import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from embed.bundle import CURRENT, Draft, current, open_bundle, publish
from kg.workspace import Workspace
from ontology.errors import InputError, NotReadyError, StoreError
from retrieval.index import build_index
from tests.worlds import ONTOLOGY, world

ROWS = [(0, 2, 17), (1, 2, 17), (2, 1, 0)]
HAPPENED = [(0, 1, 3), (0, 2, 4), (1, 5, 3)]


def draft(seed: int = 0) -> Draft:
    made = world(ROWS, HAPPENED, seed)
    held_out = np.array([False, True, False])
    index = build_index(made.teachers.gnn_items)
    return Draft(made.snapshot, ONTOLOGY, made.teachers, held_out, index, b"onnx", {"metrics": {}})


def same(found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    """Equal down to the types of arrays, whichever parts hold them."""
    for name, value in wanted.items():
        got = found[name]
        if isinstance(value, np.ndarray):
            assert np.array_equal(got, value)
            assert got.dtype == value.dtype
        elif is_dataclass(value):
            same(vars(got), {field.name: getattr(value, field.name) for field in fields(value)})
        else:
            assert got == value


def test_what_was_published_is_what_is_opened(tmp_path: Path):
    wanted = draft()
    version = publish(wanted, tmp_path)
    bundle = open_bundle(current(tmp_path))
    assert bundle.version == version == bundle.folder.name
    same(vars(bundle.teachers), vars(wanted.teachers))
    assert bundle.catalog.keys == wanted.snapshot.keys
    assert bundle.catalog.names == wanted.snapshot.names
    assert bundle.held_out.tolist() == [False, True, False]
    assert bundle.ontology.classes == ONTOLOGY.classes
    assert bundle.index_file.read_bytes() == wanted.index


def test_its_arrays_are_mapped_and_cannot_be_written(tmp_path: Path):
    publish(draft(), tmp_path)
    items = open_bundle(current(tmp_path)).teachers.gnn_items
    assert isinstance(items.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        items[0] = 0


def test_the_same_content_is_the_same_bundle_and_other_content_is_current_at_once(tmp_path: Path):
    first, again = publish(draft(), tmp_path), publish(draft(), tmp_path)
    assert first == again
    other = publish(draft(1), tmp_path)
    assert current(tmp_path).name == other != first
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([first, other, CURRENT])


@pytest.mark.parametrize("name", ["teachers.safetensors", "entities.parquet", "index.faiss", "ranker.onnx"])
def test_a_changed_or_missing_or_shortened_file_is_refused(tmp_path: Path, name: str):
    publish(draft(), tmp_path)
    file = current(tmp_path) / name
    whole = file.read_bytes()
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[: len(whole) // 2], b""):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=f"{name} is missing or damaged"):
            open_bundle(current(tmp_path))
    file.unlink()
    with pytest.raises(InputError, match=f"{name} is missing or damaged"):
        open_bundle(current(tmp_path))


def test_a_changed_manifest_another_format_and_a_strange_folder_are_refused(tmp_path: Path):
    publish(draft(), tmp_path)
    folder = current(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"n_items": 3}))
    with pytest.raises(InputError, match="was changed"):
        open_bundle(folder)
    (folder / "manifest.json").write_text("no json")
    with pytest.raises(InputError, match="is not a bundle"):
        open_bundle(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match="is not a bundle"):
        open_bundle(folder)


def test_before_the_first_training_it_says_what_to_run(tmp_path: Path):
    with pytest.raises(NotReadyError, match="run `kg train` first"):
        current(tmp_path)


def test_a_place_that_cannot_be_written_is_a_store_error(tmp_path: Path):
    (tmp_path / "models").write_text("a file")
    with pytest.raises(StoreError, match="cannot be written"):
        publish(draft(), tmp_path / "models")


def publish_for_ever(models: Path) -> None:
    for seed in range(1000):
        publish(draft(seed), models)


def test_killed_at_any_moment_the_current_bundle_is_whole(tmp_path: Path):
    publish(draft(999_999), tmp_path)
    for _ in range(5):
        child = multiprocessing.get_context("fork").Process(target=publish_for_ever, args=(tmp_path,))
        child.start()
        child.join(0.3)
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        open_bundle(current(tmp_path))
    for folder in tmp_path.glob("[!.]*"):
        if not folder.is_symlink():
            open_bundle(folder)


def test_there_is_no_pickle_in_a_trained_bundle(films: Workspace, tmp_path: Path):
    folder = current(films.models)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert sorted(manifest["files"]) == sorted(p.name for p in folder.iterdir() if p.name != "manifest.json")
    assert {p.suffix for p in folder.iterdir()} == {".safetensors", ".parquet", ".ttl", ".faiss", ".onnx", ".json"}
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    assert open_bundle(copy).version == folder.name  # it holds no path of where it was made
