"""What the API takes and gives where files are loaded (see service/types.py)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from service.jobs import Job
from service.types import documented


class UploadForm(BaseModel):
    """What to load, as a form of files."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    mapping: bytes
    """How columns become entities (YAML). It names its ontology by file name, and files by name or pattern."""
    ontology: list[bytes] = []
    """The ontology that the mapping names (Turtle)."""
    files: list[bytes]
    """The files to load; their names are what the mapping's names and patterns have to match."""


class JobProgress(TypedDict):
    """How far a job is."""

    phase: str
    done: int
    total: int | None
    rows_per_s: float


@documented
class JobDescription(TypedDict):
    """A load of files. Times are milliseconds since 1970 (UTC)."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    detail: str | None
    """Why it failed or was cancelled, in a sentence."""
    created: int
    started: int | None
    ended: int | None
    mapping: str
    files: list[str]
    progress: JobProgress | None
    report: dict[str, object] | None
    """What was loaded: the report of `kg ingest --json`."""


@documented
class JobWithRejects(JobDescription):
    """A load of files, with the first rows that were refused."""

    rejects: list[dict[str, object]]
    """Up to 100, each with file, line, column, value and reason; `/v1/ingest/jobs/{id}/rejects` has all of them."""


class JobList(TypedDict):
    """The jobs that wait, run, or ended lately, newest first."""

    jobs: list[JobDescription]


def described(job: Job) -> JobDescription:
    """A job as the API tells it."""
    order, outcome = job.order(), job.outcome() or {}
    progress = job.progress()
    return {
        "id": job.id,
        "state": job.state(),
        "detail": outcome.get("detail"),
        "created": order.created,
        "started": job.started(),
        "ended": outcome.get("at"),
        "mapping": order.mapping,
        "files": list(order.files),
        "progress": None if progress is None else JobProgress(**progress),  # type: ignore[typeddict-item]
        "report": outcome.get("report"),
    }
