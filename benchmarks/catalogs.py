"""Catalogs as `kg ingest` loads them, into a graph of their own."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kg.connect import connect
from kg.snapshot import Snapshot, snapshot
from kg.workspace import Workspace
from ontology.model import Ontology
from ontology.turtle import load_ontology
from service import ingesting

ROOT = Path(__file__).parents[1]
ML_100K = Path(__file__).with_name("ml-100k")


def films() -> tuple[Snapshot, Ontology]:
    """The example catalog."""
    return _loaded([ROOT / "examples" / "movies"], ROOT / "ontology" / "movies.mapping.yaml")


def ml_100k(data: Path) -> tuple[Snapshot, Ontology]:
    """From a folder with `ratings.csv` and `items_info.json`."""
    return _loaded([data / "items_info.json", data / "ratings.csv"], ML_100K / "mapping.yaml")


def with_items_moved(seen: Snapshot, seed: int) -> Snapshot:
    """A control: items have changed places in the graph; what is liked, and their own texts, stay."""
    moved = np.arange(len(seen.keys), dtype=np.int32)
    moved[: seen.n_items] = np.random.default_rng(seed).permutation(seen.n_items)
    triples = seen.triples.copy()
    triples[:, 0], triples[:, 2] = moved[triples[:, 0]], moved[triples[:, 2]]
    return replace(seen, triples=triples)


def _loaded(files: Sequence[Path], mapping: Path) -> tuple[Snapshot, Ontology]:
    with tempfile.TemporaryDirectory(prefix="kgrec-catalog-") as folder:
        workspace = Workspace(Path(folder))
        ingesting.load(workspace, files, mapping)
        ontology = load_ontology(workspace.ontology)
        with connect(workspace.graph) as store:
            return snapshot(store, ontology), ontology
