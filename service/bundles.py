"""The bundles of a workspace, as their manifests describe them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from embed.bundle import MANIFEST
from kg.workspace import Workspace
from service.runs import TrainingRun, settings, trainings
from service.types import ModelDescription, TrainingDescription


def describe(workspace: Workspace, current: str | None) -> list[ModelDescription]:
    """All bundles of the workspace, the current one first, then by version."""
    runs = trainings(workspace)
    manifests = sorted(workspace.models.glob(f"[!.]*/{MANIFEST}"))
    found = [_describe(path, current, runs) for path in manifests if not path.parent.is_symlink()]
    return sorted(found, key=lambda model: (not model["current"], model["version"]))


def _describe(path: Path, current: str | None, runs: Iterable[TrainingRun]) -> ModelDescription:
    manifest: Mapping[str, Any] = json.loads(path.read_bytes())
    version = path.parent.name
    return {
        "version": version,
        "current": version == current,
        "graph_version": str(manifest["snapshot"])[:16],
        "metrics": dict(manifest.get("metrics", {})),
        "settings": dict(settings(manifest.get("options", {}))),
        "libraries": dict(manifest.get("libraries", {})),
        "trainings": [_training(run) for run in runs if run.version == version],
    }


def _training(run: TrainingRun) -> TrainingDescription:
    return {
        "began": run.began,
        "seconds": run.seconds,
        "peak_mib": run.peak_mib,
        "resumed": run.resumed,
        "device": run.device,
    }
