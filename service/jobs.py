"""Loads that were asked for through the API: one folder each in the workspace, seen by every worker.

Each file in a job's folder has one writer and is written once or replaced as a whole, so that nobody sees half of it:
`job.json` what was asked for (the worker that took it), `cancel` that it shall end (any worker), `started.json`
(whoever runs it), `pace.json` and `rejects*.jsonl` (its process), `outcome.json` how it ended (its process, or else
whoever runs it). `files/` are the uploads, for as long as they are needed.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson

from kg.progress import Pace
from ontology.errors import NotFoundError

State = Literal["queued", "running", "done", "failed", "cancelled"]
ID = re.compile(r"[0-9a-f]{12}-[0-9a-f]{8}")
"""Milliseconds since 1970 and chance: in the order of asking."""
SPOOL = ".new-"
"""How the names of folders begin that are no jobs yet, or no more."""
KEPT = 100
"""So many jobs that have ended are remembered."""
REJECTS = 100
"""So many rejects are told with a job; the rest is a file of its own."""


@dataclass(frozen=True)
class Order:
    """What was asked for: `files` are the names to load, or those to look values up in for the rows of `rejects`."""

    created: int
    mapping: str
    ontology: tuple[str, ...]
    files: tuple[str, ...]
    rejects: str | None = None
    dry_run: bool = False
    delete_missing: bool = False
    max_errors: str | None = None


@dataclass(frozen=True)
class Job:
    """A job's folder."""

    folder: Path

    @property
    def id(self) -> str:
        """Its name."""
        return self.folder.name

    @property
    def files(self) -> Path:
        """The uploads."""
        return self.folder / "files"

    @property
    def rejects(self) -> Path:
        """Where its process lists what was refused, one JSON object a line."""
        return self.folder / "rejects.jsonl"

    @property
    def refused(self) -> Path | None:
        """The list, which has another name after a dry run, or where nothing was loaded; None while there is none."""
        return next(iter(sorted(self.folder.glob(f"{self.rejects.stem}*{self.rejects.suffix}"))), None)

    @property
    def log(self) -> Path:
        """What its process said, for whoever looks for a bug."""
        return self.folder / "log"

    def order(self) -> Order:
        """What was asked for. Raises NotFoundError when the job was forgotten meanwhile."""
        found = _read(self.folder / "job.json")
        if found is None:
            raise NotFoundError(f"there is no job {self.id!r}; the last {KEPT} that ended are remembered")
        lists = {name: tuple(found[name]) for name in ("ontology", "files")}
        return Order(**{**found, **lists})

    def state(self) -> State:
        """How far it is."""
        if outcome := self.outcome():
            return outcome["state"]  # type: ignore[no-any-return]  # written by `end`
        if self.started() is not None:
            return "running"
        return "cancelled" if self.is_cancelled() else "queued"

    def started(self) -> int | None:
        """When it was started, in epoch milliseconds."""
        found = _read(self.folder / "started.json")
        return None if found is None else int(found["at"])

    def pace(self) -> tuple[Pace, int] | None:
        """How far its process is, in seconds since 1970, and how many rows were read."""
        found = _read(self.folder / "pace.json")
        return None if found is None else (Pace(**found["pace"]), found["rows"])

    def outcome(self) -> dict[str, Any] | None:
        """How it ended: state, at, detail, report."""
        return _read(self.folder / "outcome.json")

    def is_cancelled(self) -> bool:
        """Whether somebody wants it to end."""
        return (self.folder / "cancel").exists()

    def cancel(self) -> None:
        """Have it end; one that has ended stays as it is."""
        (self.folder / "cancel").touch(0o600)

    def start(self) -> None:
        """Note that it is run from now on."""
        _write(self.folder / "started.json", {"at": now()})

    def tell(self, pace: Pace, rows: int) -> None:
        """Note how far it is, in seconds since 1970, and how many rows were read."""
        _write(self.folder / "pace.json", {"pace": asdict(pace), "rows": rows})

    def end(self, state: State, detail: str | None = None, report: object = None) -> None:
        """Note how it ended, and let go of the uploads."""
        _write(self.folder / "outcome.json", {"state": state, "at": now(), "detail": detail, "report": report})
        shutil.rmtree(self.files, ignore_errors=True)

    def first_rejects(self) -> list[dict[str, Any]]:
        """The first rejects, as many as are told with a job."""
        with suppress(FileNotFoundError):  # forgotten at this moment
            if found := self.refused:
                with found.open("rb") as file:
                    return [orjson.loads(line) for line in islice(file, REJECTS)]
        return []


def jobs(folder: Path) -> list[Job]:
    """All jobs in the folder, oldest first."""
    with suppress(FileNotFoundError):
        return [Job(path) for path in sorted(folder.iterdir()) if ID.fullmatch(path.name)]
    return []


def find(folder: Path, id_: str) -> Job:
    """The job with this id. Raises NotFoundError."""
    if not ID.fullmatch(id_):
        raise NotFoundError(f"there is no job {id_!r}")
    job = Job(folder / id_)
    job.order()
    return job


def waiting(folder: Path) -> Iterator[Job]:
    """The jobs that wait to be run, oldest first."""
    return (job for job in jobs(folder) if job.state() == "queued")


def enqueue(folder: Path, spool: Path, order: Order) -> Job:
    """Make a job of a spool folder in the same place, whose `files/` are the uploads."""
    _write(spool / "job.json", asdict(order))
    job = Job(folder / f"{order.created:012x}-{os.urandom(4).hex()}")
    spool.rename(job.folder)
    return job


def forget(folder: Path) -> None:
    """Remove the oldest of those that have ended."""
    ended = [job for job in jobs(folder) if job.state() not in {"queued", "running"}]
    for job in ended[: max(0, len(ended) - KEPT)]:
        with suppress(OSError):
            gone = job.folder.rename(folder / f"{SPOOL}{job.id}")  # so that nobody sees half of it
            shutil.rmtree(gone, ignore_errors=True)


def now() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


def _read(path: Path) -> dict[str, Any] | None:
    with suppress(FileNotFoundError):
        found: dict[str, Any] = orjson.loads(path.read_bytes())
        return found
    return None


def _write(path: Path, value: object) -> None:
    """Write a file that only its owner can read, and that nobody sees half-written."""
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(orjson.dumps(value, default=str))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
