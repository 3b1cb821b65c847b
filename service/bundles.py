"""The bundles of a workspace, as their manifests describe them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embed.bundle import MANIFEST
from service.types import ModelDescription


def describe(models: Path, current: str | None) -> list[ModelDescription]:
    """All bundles in the folder, the current one first, then by version."""
    manifests = sorted(models.glob(f"[!.]*/{MANIFEST}"))
    found = [_describe(path, current) for path in manifests if not path.parent.is_symlink()]
    return sorted(found, key=lambda model: (not model["current"], model["version"]))


def _describe(path: Path, current: str | None) -> ModelDescription:
    manifest: Mapping[str, Any] = json.loads(path.read_bytes())
    return {
        "version": path.parent.name,
        "current": path.parent.name == current,
        "graph_version": str(manifest["snapshot"])[:16],
        "metrics": dict(manifest.get("metrics", {})),
    }
