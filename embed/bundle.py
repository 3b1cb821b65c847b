"""A bundle: one immutable folder of model files, named by its digest, published by one rename."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embed.adjacency import Adjacency
from embed.also import opened
from embed.content_files import content_arrays, content_from, content_names
from embed.record import Curves
from embed.teachers import Teachers
from embed.userknn import UserNeighbours
from embed.weights import ItemWeights
from kg.columns import Arrays, load_table, map_arrays, save_arrays, save_table
from kg.snapshot import Interactions, Snapshot
from ontology.errors import InputError, NotReadyError, StoreError
from ontology.model import Ontology
from ontology.turtle import load_ontology

FORMAT = 7
CURRENT = "current"
MANIFEST = "manifest.json"
CURVES = "curves.json"
LEARNER = "learner.safetensors"
WEIGHTS = ("neighbours", "linear", "transitions")
ARRAYS = ("teachers", *WEIGHTS, "users", "graph", "content", "interactions")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Catalog:
    """The entities of a bundle by number: items, then users, then all others (see Snapshot)."""

    classes: tuple[str, ...]
    entity_class: NDArray[np.int16]
    keys: tuple[str, ...]
    names: tuple[str, ...]
    properties: tuple[str, ...]
    n_items: int
    n_users: int
    relations: tuple[str, ...]


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. Its arrays are mapped read-only, so that worker processes share them.

    `held_out` bool (m,) marks the interactions that nothing was learned from.
    """

    folder: Path
    version: str
    manifest: Mapping[str, Any]
    ontology: Ontology
    catalog: Catalog
    teachers: Teachers
    interactions: Interactions
    held_out: NDArray[np.bool_]

    @property
    def index_file(self) -> Path:
        """The FAISS index over `teachers.gnn_items`."""
        return self.folder / "index.faiss"

    @property
    def learner_file(self) -> Path:
        """What a warm start goes on with; nothing that serves reads it, and older versions did not write it."""
        return self.folder / LEARNER

    @property
    def ranker_file(self) -> Path:
        """The ranker (ONNX)."""
        return self.folder / "ranker.onnx"


@dataclass(frozen=True)
class Draft:
    """Everything that a bundle will hold, before it is one. `about` goes into the manifest as it is.

    `curves` say how the learning went, epoch by epoch; `learner` is what a later training can go on with.
    """

    snapshot: Snapshot
    ontology: Ontology
    teachers: Teachers
    held_out: NDArray[np.bool_]
    index: bytes
    ranker: bytes
    about: Mapping[str, Any]
    curves: Curves = field(default_factory=dict)
    learner: Arrays = field(default_factory=dict)


def publish(draft: Draft, models: Path) -> str:
    """Write the bundle beside the others, make it the current one, and give its version.

    Until the one rename at the end nobody sees it; a second bundle of the same content is the same bundle.

    Raises StoreError where the disk refuses.
    """
    try:
        models.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=models, prefix=".new-", ignore_cleanup_errors=True) as scratch:
            folder = Path(scratch) / "bundle"
            folder.mkdir()
            _write_files(draft, folder)
            version = _write_manifest(draft, folder)
            with contextlib.suppress(FileExistsError):
                _rename_new(folder, models / version)
        _point_current(models, version)
    except OSError as error:
        raise StoreError(f"the bundle cannot be written to {models}: {error.strerror}") from error
    return version


def curves_of(folder: Path) -> Curves:
    """How the learning of a bundle went; nothing where an older version made it."""
    path = folder / CURVES
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def current(models: Path) -> Path:
    """The folder of the bundle that is served.

    Raises NotReadyError if nothing was trained yet.
    """
    link = models / CURRENT
    if not link.exists():
        raise NotReadyError(f"there is no bundle in {models}: run `kg train` first")
    return link.resolve()


def open_bundle(folder: Path) -> Bundle:
    """Verify every file against the manifest and map it.

    Raises InputError if a file is missing, changed or of another format.
    """
    manifest = _verified_manifest(folder)
    arrays = {name: map_arrays(folder / f"{name}.safetensors") for name in ARRAYS}
    entities = load_table(folder / "entities.parquet")
    held_out = arrays["interactions"].pop("held_out")
    catalog = Catalog(
        classes=tuple(manifest["classes"]),
        entity_class=arrays["graph"].pop("entity_class"),
        keys=entities["key"],
        names=entities["name"],
        properties=entities["properties"],
        n_items=manifest["n_items"],
        n_users=manifest["n_users"],
        relations=tuple(manifest["relations"]),
    )
    return Bundle(
        folder=folder,
        version=folder.name,
        manifest=manifest,
        ontology=load_ontology(folder / "ontology.ttl"),
        catalog=catalog,
        teachers=Teachers(
            **arrays["teachers"],
            neighbours=ItemWeights(**arrays["neighbours"]),
            linear=ItemWeights(**arrays["linear"]),
            transitions=ItemWeights(**arrays["transitions"]),
            users=UserNeighbours(**arrays["users"]),
            adjacency=Adjacency(**arrays["graph"]),
            content=content_from(arrays["content"], load_table(folder / "content.parquet")),
            also=opened({name: map_arrays(folder / _also(name)) for name in manifest.get("also", ())}),
        ),
        interactions=Interactions(**arrays["interactions"]),
        held_out=held_out,
    )


def _write_files(draft: Draft, folder: Path) -> None:
    snapshot, learned = draft.snapshot, dict(vars(draft.teachers))
    graph, content, users = (learned.pop(name) for name in ("adjacency", "content", "users"))
    weights, also = {name: learned.pop(name) for name in WEIGHTS}, learned.pop("also")
    columns: dict[str, Sequence[str]] = {
        "class": [snapshot.classes[c] for c in snapshot.entity_class],
        "key": snapshot.keys,
        "name": snapshot.names,
        "properties": snapshot.properties,
    }
    write: dict[str, Callable[[Path], object]] = {
        "teachers.safetensors": lambda path: save_arrays(path, learned),
        "users.safetensors": lambda path: save_arrays(path, vars(users)),
        "graph.safetensors": lambda path: save_arrays(path, vars(graph) | {"entity_class": snapshot.entity_class}),
        "interactions.safetensors": lambda path: save_arrays(
            path, vars(snapshot.interactions) | {"held_out": draft.held_out}
        ),
        "content.safetensors": lambda path: save_arrays(path, content_arrays(content)),
        "content.parquet": lambda path: save_table(path, content_names(content)),
        "entities.parquet": lambda path: save_table(path, columns),
        "ontology.ttl": lambda path: path.write_text(draft.ontology.text, encoding="utf-8"),
        "index.faiss": lambda path: path.write_bytes(draft.index),
        "ranker.onnx": lambda path: path.write_bytes(draft.ranker),
        LEARNER: lambda path: save_arrays(path, draft.learner),
        CURVES: lambda path: path.write_text(json.dumps(draft.curves, indent=1, sort_keys=True), encoding="utf-8"),
    }
    for name, weight in weights.items():
        write[f"{name}.safetensors"] = partial(save_arrays, arrays=vars(weight))
    for name, teacher in also.items():
        write[_also(name)] = partial(save_arrays, arrays=vars(teacher))
    for name, writer in write.items():
        writer(folder / name)
        _fsync(folder / name)


def _also(name: str) -> str:
    """The file of an additional teacher."""
    return f"also-{name}.safetensors"


def _write_manifest(draft: Draft, folder: Path) -> str:
    snapshot = draft.snapshot
    manifest = {
        "format": FORMAT,
        "snapshot": snapshot.digest,
        "classes": snapshot.classes,
        "relations": snapshot.relations,
        "n_items": snapshot.n_items,
        "n_users": snapshot.n_users,
        "files": {path.name: _sha256(path) for path in sorted(folder.iterdir())},
        **({"also": list(draft.teachers.also)} if draft.teachers.also else {}),
        **draft.about,
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    _fsync(folder / MANIFEST)
    _fsync(folder)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _verified_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        text = path.read_bytes()
        manifest: dict[str, Any] = json.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} is not a bundle: its {MANIFEST} cannot be read ({error})") from error
    if hashlib.sha256(text).hexdigest()[:16] != folder.name:
        raise InputError(f"{path} was changed: its digest is not the folder's name")
    if manifest.get("format") != FORMAT:
        found = manifest.get("format")
        raise InputError(f"{folder} has bundle format {found}; this version reads {FORMAT}: run `kg train` again")
    for name, digest in manifest["files"].items():
        file = folder / name
        if not file.is_file() or _sha256(file) != digest:
            raise InputError(f"{file} is missing or damaged: its SHA-256 is not the manifest's; train again")
    return manifest


def _sha256(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def _rename_new(folder: Path, target: Path) -> None:
    if target.exists():
        try:
            _verified_manifest(target)
        except InputError:
            shutil.rmtree(target)  # damaged since: this one takes its place
        else:
            raise FileExistsError(target)
    folder.rename(target)
    _fsync(target.parent)


def _point_current(models: Path, version: str) -> None:
    fresh = models / f".{CURRENT}-{version}-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(version)
    fresh.replace(models / CURRENT)
    _fsync(models)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
