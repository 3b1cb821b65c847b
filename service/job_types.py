"""What the API takes and gives where files are loaded (see service/types.py)."""

import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from kg.rejects import Limit
from ontology.errors import InputError
from service.jobs import Job
from service.types import documented

FLAGS = {"true": True, "1": True, "false": False, "0": False}


def _flag(text: str) -> bool:
    if text not in FLAGS:
        raise PydanticCustomError("flag", "{found} is neither true nor false", {"found": repr(text)})
    return FLAGS[text]


def _limit(text: str) -> str:
    try:
        return str(Limit.parse(text))
    except InputError as error:
        raise PydanticCustomError("limit", "{reason}", {"reason": str(error)}) from error


Flag = Annotated[bool, BeforeValidator(_flag)]


class LoadOptions(BaseModel):
    """How to load: options of `kg ingest`, as texts of a form."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    dry_run: Flag = False
    """Tell what would change, and write nothing to the graph."""
    delete_missing: Flag = False
    """Remove what these sources said before and no longer say; not together with `rejects`."""
    max_errors: Annotated[str, AfterValidator(_limit)] | None = None
    """Load nothing when more rows are refused: a number such as 100, or a share such as 2%."""


class UploadForm(LoadOptions):
    """What to load, as a form of files, and how."""

    mapping: bytes
    """How columns become entities (YAML). It names its ontology by file name, and files by name or pattern."""
    ontology: list[bytes] = []
    """The ontology that the mapping names (Turtle)."""
    files: list[bytes] = []
    """The files to load; their names are what the mapping's names and patterns have to match.

    With `rejects`, only those in which their rows look something up.
    """
    rejects: bytes | None = None
    """The list of rejects of an earlier load, in the place of files: its rows are loaded."""


@documented
class JobProgress(TypedDict):
    """How far a job is."""

    phase: str
    """What it does: open the graph, read, sort, compare, write …, settle, derive; `done` in the end."""
    done: int
    """How much of the phase: rows that were read, or entities, triples, interactions that were sent to the graph."""
    total: int | None
    """Out of how many; of rows that are read, about as many as the files have by their bytes."""
    rows: int
    """How many rows were read so far."""
    rows_per_s: float | None
    """What `done` counts, a second; in the end, rows of the whole load. Null where the phase counts nothing."""
    elapsed_s: float
    """How long the phase has taken so far; in the end, the whole load."""
    eta_s: float | None
    """In how many seconds all of `total` will be counted at this pace; 0 in the end, null where that is not known."""


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
    retried: str | None
    """The list of rejects whose rows are loaded, where it is not files."""
    dry_run: bool
    delete_missing: bool
    max_errors: str | None
    progress: JobProgress | None
    report: dict[str, object] | None
    """What was loaded: the report of `kg ingest --json`."""


@documented
class JobWithRejects(JobDescription):
    """A load of files, with the first rows that were refused."""

    rejects: list[dict[str, object]]
    """Up to 100, each with file, line, column, value, rule, reason and row (its cells).

    `/v1/ingest/jobs/{id}/rejects` has all of them, as a list that can be uploaded as `rejects` after a fix.
    """


class JobList(TypedDict):
    """The jobs that wait, run, or ended lately, newest first."""

    jobs: list[JobDescription]


def described(job: Job) -> JobDescription:
    """A job as the API tells it."""
    order, outcome = job.order(), job.outcome() or {}
    return {
        "id": job.id,
        "state": job.state(),
        "detail": outcome.get("detail"),
        "created": order.created,
        "started": job.started(),
        "ended": outcome.get("at"),
        "mapping": order.mapping,
        "files": list(order.files),
        "retried": order.rejects,
        "dry_run": order.dry_run,
        "delete_missing": order.delete_missing,
        "max_errors": order.max_errors,
        "progress": _progress(job, outcome),
        "report": outcome.get("report"),
    }


def _progress(job: Job, outcome: Mapping[str, Any]) -> JobProgress | None:
    found = job.pace()
    if found is None:
        return None
    pace, rows = found
    now = outcome["at"] / 1000 if outcome else time.time()
    left = pace.left_s(now)
    if outcome:
        left = 0.0 if outcome["state"] == "done" else None
    return {
        "phase": pace.phase,
        "done": pace.done,
        "total": pace.total,
        "rows": rows,
        "rows_per_s": None if pace.per_s is None else round(pace.per_s, 1),
        "elapsed_s": round(max(0.0, now - pace.began), 1),
        "eta_s": None if left is None else round(left, 1),
    }
