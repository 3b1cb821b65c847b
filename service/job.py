"""The process of one job: `python -P -m service.job FOLDER WORKSPACE PARENT` loads its files and notes how it ends."""

import ctypes
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from kg.mapping import Mapping, load_mapping
from kg.progress import Pace
from kg.rejects import Limit
from kg.workspace import Workspace
from ontology.errors import InputError, KgrecError
from service import ingesting
from service.ingesting import Asked
from service.jobs import Job, Order
from service.uploaded_rejects import check_tables, without_folders
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
    """Notes progress for whoever looks, a few times a second; by the clock of the day, which all processes share."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._began = time.time()
        self._pace: Pace | None = None
        self._rows = 0
        self._told = 0.0

    def __call__(self, phase: str, done: int, total: int | None) -> None:
        """Note it when it is time; a new phase at once."""
        self._pace = Pace.after(self._pace, phase, done, total, time.time())
        if phase == "read":
            self._rows = done
        if self._pace.began > self._told or done == total or self._pace.at - self._told > TELL_EVERY_S:
            self._job.tell(self._pace, self._rows)
            self._told = self._pace.at

    def end(self, rows: int) -> None:
        """Note that all rows were loaded or refused, and how fast that was."""
        self._job.tell(Pace("done", rows, rows, 0, self._began, time.time()), rows)


def load(job: Job, workspace: Workspace) -> None:
    """Load the files of a job and note the outcome. Errors that are not the caller's are raised."""
    order = job.order()
    os.chdir(job.files)  # so that rejects and reports name the files as they were uploaded; nothing is imported here
    try:
        mapping = load_mapping(Path(order.mapping))
        _check_ontology(order.mapping, mapping)
        if order.rejects:
            check_tables(order.files, mapping)
            without_folders(Path(order.rejects))
        telling = Telling(job)
        report = ingesting.load_as_asked(JobWorkspace(workspace.root, job.rejects), _asked(order), telling)
    except KgrecError as error:
        job.end("failed", _for_who_asked(str(error), job))
    else:
        telling.end(report.read)
        job.end("done", None, asdict(report))


def _for_who_asked(sentence: str, job: Job) -> str:
    """The same with the address of the list of rejects, which stands in a file of the server."""
    address = f"/v1/ingest/jobs/{job.id}/rejects"
    return sentence if job.refused is None else sentence.replace(str(job.refused), address)


def _asked(order: Order) -> Asked:
    return Asked(
        paths=[] if order.rejects else [Path(name) for name in order.files],
        mapping=Path(order.mapping),
        max_errors=Limit.parse(order.max_errors) if order.max_errors else None,
        dry_run=order.dry_run,
        delete_missing=order.delete_missing,
        rejects=Path(order.rejects) if order.rejects else None,
    )


def _check_ontology(name: str, mapping: Mapping) -> None:
    """A mapping names its ontology by a path; it may be no other file of this machine than one that was uploaded."""
    named = mapping.ontology
    if named.parent.resolve() != Path.cwd() or not named.is_file():
        raise InputError(f"mapping {name} names the ontology {named.name}, which was not uploaded with it")


def main() -> None:
    """Run the job; it ends when the server does, however that ends."""
    folder, root, parent = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit("the server ended while this job started")
    load(Job(Path(folder)), Workspace(Path(root)))


if __name__ == "__main__":
    main()
