"""The process of one job: `python -P -m service.job FOLDER WORKSPACE PARENT` loads its files and notes how it ends."""

import ctypes
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from kg.mapping import load_mapping
from kg.workspace import Workspace
from ontology.errors import InputError, KgrecError
from service import ingesting
from service.jobs import Job
from service.worker import PR_SET_PDEATHSIG

TELL_EVERY_S = 0.25


@dataclass(frozen=True)
class JobWorkspace(Workspace):
    """The workspace, but the rejects are the job's own."""

    rejects_file: Path

    @property
    def rejects(self) -> Path:
        """What the job refuses, one JSON object a line."""
        return self.rejects_file


class Telling:
    """Notes progress for whoever looks, a few times a second."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._phase = ""
        self._begun = self._told = 0.0

    def __call__(self, phase: str, done: int, total: int | None) -> None:
        """Note it when it is time; a new phase at once."""
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._begun, self._told = phase, now, 0.0
        if now - self._told >= TELL_EVERY_S or done == total:
            rate = done / (now - self._begun) if now > self._begun else 0.0
            self._job.tell({"phase": phase, "done": done, "total": total, "rows_per_s": round(rate, 1)})
            self._told = now


def load(job: Job, workspace: Workspace) -> None:
    """Load the files of a job and note the outcome. Errors that are not the caller's are raised."""
    order = job.order()
    os.chdir(job.files)  # so that rejects and reports name the files as they were uploaded; nothing is imported here
    try:
        _check_ontology(Path(order.mapping))
        paths = [Path(name) for name in order.files]
        report = ingesting.load(JobWorkspace(workspace.root, job.rejects), paths, Path(order.mapping), Telling(job))
    except KgrecError as error:
        job.end("failed", str(error))
    else:
        job.end("done", None, asdict(report))


def _check_ontology(mapping: Path) -> None:
    """A mapping names its ontology by a path; it may be no other file of this machine than one that was uploaded."""
    named = load_mapping(mapping).ontology
    if named.parent.resolve() != Path.cwd() or not named.is_file():
        raise InputError(f"mapping {mapping} names the ontology {named.name}, which was not uploaded with it")


def main() -> None:
    """Run the job; it ends when the server does, however that ends."""
    folder, root, parent = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit("the server ended while this job started")
    load(Job(Path(folder)), Workspace(Path(root)))


if __name__ == "__main__":
    main()
