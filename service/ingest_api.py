"""The routes of loading files: each load is a job that runs beside the service (see service/jobs.py)."""

from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from flask import Response, request, send_file

from ontology.errors import NotFoundError
from service import api as routes
from service import uploads
from service.endpoints import Reply
from service.engine import engine
from service.job_types import JobDescription, JobList, JobWithRejects, UploadForm, described
from service.jobs import find, jobs
from service.writes import check_write

NDJSON = "application/x-ndjson"
api = routes.api


@api.post("/v1/ingest/jobs", tag="ingest", problems=(400, 403, 503), status=HTTPStatus.ACCEPTED)
def load_files(form: UploadForm) -> Reply[JobDescription]:
    """Load catalog files: upload them with their mapping and ontology, and follow the job at its `Location`.

    One job runs at a time, by the rules of `kg ingest`: a bad row is refused with its place and the reason, and never
    stops the others. With `rejects`, rows that an earlier load refused are loaded after a fix. What was loaded counts
    after the next training.
    """
    check_write(request, engine().settings)
    job = uploads.receive(request, _folder(), engine().settings.upload_mib)
    return Reply(described(job), HTTPStatus.ACCEPTED, {"Location": f"/v1/ingest/jobs/{job.id}"})


@api.get("/v1/ingest/jobs", tag="ingest")
def list_jobs() -> JobList:
    """List the loads that wait, run, or ended lately, newest first."""
    found: list[JobDescription] = []
    for job in reversed(jobs(_folder())):
        with suppress(NotFoundError):  # forgotten at this moment
            found.append(described(job))
    return {"jobs": found}


@api.get("/v1/ingest/jobs/<id>", tag="ingest", problems=(404,))
def job(id: str) -> JobWithRejects:
    """Say how far a load is, and what came of it."""
    found = find(_folder(), id)
    return {**described(found), "rejects": found.first_rejects()}


@api.get("/v1/ingest/jobs/<id>/rejects", tag="ingest", problems=(404,), media_type=NDJSON)
def job_rejects(id: str) -> Response:
    """Give every row that a load refused, one JSON object a line, also where nothing was loaded for them.

    A line has file, line, column, value, rule, reason and row, its cells; the list can be uploaded as `rejects`.
    """
    found = find(_folder(), id).refused
    return Response(b"", mimetype=NDJSON) if found is None else send_file(found, mimetype=NDJSON)


@api.delete("/v1/ingest/jobs/<id>", tag="ingest", problems=(403, 404), status=HTTPStatus.ACCEPTED)
def cancel_job(id: str) -> JobDescription:
    """Cancel a load that waits or runs; what it had loaded by then stays. One that has ended stays as it is."""
    check_write(request, engine().settings)
    found = find(_folder(), id)
    found.cancel()
    return described(found)


def _folder() -> Path:
    return engine().workspace.jobs
