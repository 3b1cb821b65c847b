"""Catalogs as `kg ingest` loads them, into a graph of their own."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

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


def _loaded(files: Sequence[Path], mapping: Path) -> tuple[Snapshot, Ontology]:
    with tempfile.TemporaryDirectory(prefix="kgrec-catalog-") as folder:
        workspace = Workspace(Path(folder))
        ingesting.load(workspace, files, mapping)
        ontology = load_ontology(workspace.ontology)
        with connect(workspace.graph) as store:
            return snapshot(store, ontology), ontology
