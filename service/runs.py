"""The trainings of a workspace: each leaves a file that says how long it took, and a picture of its curves.

What repeats with the seed (settings, digest of the data, versions, metrics, curves) is in the bundle. A second training
that makes the same bundle takes another time, so time and memory stand here, beside it.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from embed.bundle import CURRENT, MANIFEST, curves_of
from embed.record import Curves, Record, peak_mib
from kg.replacing import replace_file
from kg.workspace import Workspace
from ontology.errors import NotFoundError, StoreError

log = logging.getLogger(__name__)
_OF_ALL = frozenset({"seed", "device"})
"""Each part has these options too, where those of all parts count."""


@dataclass(frozen=True)
class TrainingRun:
    """One training: when it began (ISO 8601), and what it took.

    `seconds` are those of its phases, one after the other: without what a kill lost. `resumed` is how often it was
    killed and gone on with.
    """

    version: str
    began: str
    seconds: float
    peak_mib: int
    resumed: int
    device: str
    phases: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.began.replace(':', '')}-{self.version}"


@dataclass(frozen=True)
class Entry:
    """A training together with what its bundle says; a bundle from elsewhere has no `run`."""

    version: str
    current: bool
    graph_version: str
    run: TrainingRun | None
    settings: Mapping[str, object]
    libraries: Mapping[str, str]
    metrics: Mapping[str, object]
    curves: Curves


def finished(version: str, began: str, record: Record, *, resumed: int, device: str) -> TrainingRun:
    """The training that ends now."""
    phases = {
        name: {"seconds": round(phase.seconds, 3), "peak_mib": phase.peak_mib}
        for name, phase in record.phases.items()
        if phase.seconds
    }
    seconds = round(sum(phase.seconds for phase in record.phases.values() if not phase.beside), 1)
    peak = max([peak_mib(), *(phase.peak_mib for phase in record.phases.values())])
    return TrainingRun(version, began, seconds, peak, resumed, device, phases)


def write(workspace: Workspace, run: TrainingRun, picture: str) -> None:
    """Write its file and its picture. The bundle is published already, so a disk that refuses is merely told."""
    try:
        workspace.runs.mkdir(parents=True, exist_ok=True)
        (workspace.runs / f"{run.name}.svg").write_text(picture, encoding="utf-8")
        replace_file(workspace.runs / f"{run.name}.json", json.dumps(asdict(run), indent=1))
    except OSError as error:
        log.warning(
            "%s cannot be written (%s): of this training only the bundle is left", workspace.runs, error.strerror
        )


def trainings(workspace: Workspace) -> list[TrainingRun]:
    """All that left a file, the last one first; a file that cannot be read counts as not there."""
    found = [_written(file) for file in sorted(workspace.runs.glob("[!.]*.json"), reverse=True)]
    return [run for run in found if run is not None]


def entries(workspace: Workspace) -> list[Entry]:
    """All trainings whose bundle is there, the last one first; then the bundles that come from elsewhere."""
    runs = trainings(workspace)
    link = workspace.models / CURRENT
    served = link.resolve().name if link.exists() else None
    found = [_entry(workspace, run.version, run, served) for run in runs]
    known = {run.version for run in runs}
    others = sorted(path.parent.name for path in workspace.models.glob(f"[!.]*/{MANIFEST}"))
    found += [_entry(workspace, name, None, served) for name in others if name not in known and name != CURRENT]
    return [entry for entry in found if entry is not None]


def named(workspace: Workspace, names: Iterable[str]) -> list[Entry]:
    """The last training of each version; the beginning of a version is enough. Raises NotFoundError."""
    every = entries(workspace)
    return [_named(every, name) for name in names]


def differences(first: Entry, second: Entry) -> list[tuple[str, object, object]]:
    """What two trainings have not in common, by name: settings, versions, data, metrics, seconds, peaks."""
    one, two = dict(_said(first)), dict(_said(second))
    names = list(dict.fromkeys([*one, *two]))
    return [(name, one.get(name, ""), two.get(name, "")) for name in names if one.get(name) != two.get(name)]


def _written(file: Path) -> TrainingRun | None:
    try:
        return TypeAdapter(TrainingRun).validate_json(file.read_bytes())
    except (OSError, ValidationError):
        log.warning("%s cannot be read, so it counts as not there", file)
        return None


def _said(entry: Entry) -> Iterator[tuple[str, object]]:
    yield "graph", entry.graph_version
    yield from entry.settings.items()
    yield from entry.libraries.items()
    yield from entry.metrics.items()
    if entry.run:
        yield from (("seconds", entry.run.seconds), ("peak MiB", entry.run.peak_mib))
        yield from ((f"seconds: {name}", phase["seconds"]) for name, phase in entry.run.phases.items())


def _named(every: list[Entry], name: str) -> Entry:
    versions = {entry.version for entry in every if entry.version.startswith(name)}
    if name == CURRENT:
        versions = {entry.version for entry in every if entry.current}
    if len(versions) != 1:
        found = ", ".join(sorted(versions or {entry.version for entry in every})) or "none"
        raise NotFoundError(f"{len(versions) or 'no'} bundles are named {name!r}; there are: {found}")
    return next(entry for entry in every if entry.version in versions)


def _entry(workspace: Workspace, version: str, run: TrainingRun | None, served: str | None) -> Entry | None:
    path = workspace.models / version / MANIFEST
    if not path.exists():
        return None
    manifest = json.loads(path.read_bytes())
    return Entry(
        version,
        version == served,
        manifest["snapshot"][:16],
        run,
        dict(settings(manifest.get("options", {}))),
        manifest.get("libraries", {}),
        manifest.get("metrics", {}),
        curves_of(path.parent),
    )


def settings(options: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    """The options of a manifest by the names that `kg train --set` knows."""
    for name, value in options.items():
        here = (*path, name)
        if isinstance(value, Mapping):
            yield from settings(value, here)
        elif name not in _OF_ALL or path == ("teachers",):
            yield ".".join(here).removeprefix("teachers."), value


def save(picture: str, file: Path) -> None:
    """Write a picture where somebody wants it. Raises StoreError where that is not possible."""
    try:
        file.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from error
