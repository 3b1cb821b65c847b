"""A process that loads a library, tells its progress, and can be killed: `python -m tests.kg.load_child JOB`.

JOB is a JSON file, see `Job`. Batches are small, so that there are many moments to be killed at.
"""

import codecs
import json
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import kg.bolt
import kg.bulk
import kg.writing
from kg.address import GraphAddress, Login
from kg.embedded import embedded
from kg.ingest import ingest, resume
from kg.loading import Options
from kg.mapping import load_mapping
from kg.store import GraphStore
from ontology.errors import KgrecError
from ontology.turtle import load_ontology


@dataclass(frozen=True)
class Job:
    """What to load; `server` is uri, user and password, without it the embedded database of the folder is run."""

    folder: str
    files: list[str]
    removing: bool = False
    bulk: bool = True
    resuming: bool = False
    staying: bool = False
    home: str = "home"
    server: list[str] | None = None
    batch: int = 5
    pause: str = ""
    """The phase at whose beginning it waits for a line of standard input."""
    file_bytes: int = 0
    """No file may become larger: what happens then is what happens on a full disk."""
    user: int = 0
    """Who runs it."""
    retry_s: int = 2
    """How long a database that is away is waited for."""


@contextmanager
def _store(job: Job) -> Iterator[GraphStore]:
    if job.server:
        uri, user, password = job.server
        with GraphStore(GraphAddress(uri, Login(user, password))) as store:
            yield store
    else:
        with embedded(Path(job.folder) / "graph") as address, GraphStore(address) as store:
            yield store


@contextmanager
def _as(user: int) -> Iterator[None]:
    """Run as another user."""
    ours = os.geteuid()
    for name in ("utf-8-sig", "idna"):  # which Python reads from its own folder when it first needs them
        codecs.lookup(name)
    if user:
        os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(ours)


@dataclass
class Teller:
    """Tells each step of progress, and pauses once."""

    pause: str

    def __call__(self, phase: str, done: int, total: int | None) -> None:
        print(phase, done, total, flush=True)
        if phase == self.pause:
            self.pause = ""
            sys.stdin.readline()


def run(job: Job, store: GraphStore) -> None:
    """Load, or finish what was interrupted and then load."""
    folder = Path(job.folder)
    mapping = load_mapping(folder / "library.mapping.yaml")
    home, options = folder / job.home, Options(delete_missing=job.removing, bulk=job.bulk)
    say = Teller(job.pause)
    if job.resuming and (report := resume(store, home=home, progress=say)):
        print("resumed", report.refused, flush=True)
    paths = [folder / name for name in job.files]
    ontology = load_ontology(mapping.ontology)
    report = ingest(paths, mapping, ontology, store, home=home, options=options, progress=say)
    print("loaded", report.refused, flush=True)


def main() -> None:
    """Run the job; with `staying`, keep the database up until standard input ends."""
    job = Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    kg.bolt.RETRY_S = job.retry_s
    kg.writing.ENTITIES, kg.writing.RELATIONSHIPS, kg.bulk.VERTICES, kg.bulk.EDGES, kg.bulk.PART = (
        job.batch,
        job.batch,
        5 * job.batch,
        8 * job.batch,
        job.batch,
    )
    if job.file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.file_bytes, job.file_bytes))
    if job.user:
        os.seteuid(job.user)
    try:
        with _store(job) as store:
            with _as(job.user):
                run(job, store)
            print("done", flush=True)
            if job.staying:
                sys.stdin.read()
    except KgrecError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        sys.exit(3)


if __name__ == "__main__":
    main()
