"""The one folder that holds everything local; removing it resets all."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """Where things are. Nothing is created until somebody writes."""

    root: Path

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Workspace":
        """The folder named by `KG_HOME`, or `.kg` in the current folder."""
        return cls(Path(env.get("KG_HOME") or ".kg").resolve())

    @property
    def graph(self) -> Path:
        """The files of the embedded graph database."""
        return self.root / "graph"

    @property
    def journal(self) -> Path:
        """Events that were acknowledged (SQLite)."""
        return self.root / "journal.sqlite"

    @property
    def snapshots(self) -> Path:
        """Columnar copies of the graph, one folder each, named by digest."""
        return self.root / "snapshots"

    @property
    def training(self) -> Path:
        """What is finished of the training that runs, or was killed."""
        return self.root / "training"

    @property
    def searches(self) -> Path:
        """The trials of searches for better options, one file each."""
        return self.root / "searches"

    @property
    def runs(self) -> Path:
        """How long each training took, and a picture of it; two files each."""
        return self.root / "runs"

    @property
    def models(self) -> Path:
        """Bundles, one folder each, named by digest; `current` points to the one that is served."""
        return self.root / "models"

    @property
    def rejects(self) -> Path:
        """What the last load refused, one JSON object a line."""
        return self.root / "rejects.jsonl"

    @property
    def jobs(self) -> Path:
        """Loads that were asked for through the API, one folder each."""
        return self.root / "jobs"

    @property
    def ontology(self) -> Path:
        """The ontology of the last load, as Turtle."""
        return self.root / "ontology.ttl"
