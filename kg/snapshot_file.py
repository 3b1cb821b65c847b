"""A snapshot on disk: a folder named by its digest, that appears by one rename."""

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from kg.columns import Arrays, load_table, map_arrays, save_arrays, save_table
from kg.snapshot import Interactions, Snapshot, digest_of
from ontology.errors import InputError

_TEXT = ("keys", "names", "properties")
_COUNTS = ("n_items", "n_users")
_WORDS = ("classes", "relations")


def save_snapshot(snapshot: Snapshot, folder: Path) -> None:
    """Write it to `folder / digest`, unless it is there and can be read. Raises OSError."""
    target = folder / snapshot.digest
    if _readable(target):
        return
    fresh = folder / f".{snapshot.digest}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        arrays: Arrays = {"entity_class": snapshot.entity_class, "triples": snapshot.triples}
        save_arrays(fresh / "graph.safetensors", arrays)
        save_arrays(fresh / "interactions.safetensors", vars(snapshot.interactions))
        save_table(fresh / "entities.parquet", {name: getattr(snapshot, name) for name in _TEXT})
        about = {name: getattr(snapshot, name) for name in (*_COUNTS, *_WORDS)}
        about["files"] = {file.name: _sha256(file) for file in fresh.iterdir()}
        (fresh / "about.json").write_text(json.dumps(about), encoding="utf-8")
        for file in fresh.iterdir():
            _to_disk(file)
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def load_snapshot(folder: Path) -> Snapshot:
    """Read a folder that `save_snapshot` wrote. Raises InputError where it is damaged or gone."""
    try:
        found = _read(folder)
    except (OSError, ValueError, KeyError, TypeError, InputError) as error:
        raise InputError(f"the snapshot {folder} cannot be read ({error})") from error
    found = replace(found, digest=digest_of(found))
    if found.digest != folder.name:
        raise InputError(f"the snapshot {folder} is damaged: its digest is not its name")
    return found


def _readable(folder: Path) -> bool:
    if not folder.exists():
        return False
    try:
        load_snapshot(folder)
    except InputError:
        return False
    return True


def _to_disk(path: Path) -> None:
    """Wait until what was written is on the disk: a rename may reach it before."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _read(folder: Path) -> Snapshot:
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    for name, digest in about["files"].items():  # first: the Parquet library panics at a damaged file
        if _sha256(folder / name) != digest:
            raise InputError(f"{name} is damaged")
    columns: dict[str, Any] = {
        **{name: about[name] for name in _COUNTS},
        **{name: tuple(about[name]) for name in _WORDS},
        **load_table(folder / "entities.parquet"),
        **map_arrays(folder / "graph.safetensors"),
        "interactions": Interactions(**map_arrays(folder / "interactions.safetensors")),
    }
    return Snapshot(**columns, digest="")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
