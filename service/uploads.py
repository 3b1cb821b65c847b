"""Files that are uploaded to be loaded: streamed into the workspace, under names that are only names."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from flask import Request
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.formparser import FormDataParser

from ontology.errors import NotReadyError, StoreError
from service.endpoints import FORM
from service.job_types import LoadOptions
from service.jobs import SPOOL, Job, Order, enqueue, now, waiting
from service.problems import RequestError, invalid
from service.types import ProblemPart

FILES = ("mapping", "ontology", "files", "rejects")
TEXTS = tuple(LoadOptions.model_fields)
NAME = re.compile(r"\w[\w .,+@()=~-]*")
"""No folders, nothing hidden, no option, no pattern."""
LONGEST_NAME = 200
"""In bytes; file systems take 255."""
MOST_FILES = 200
TEXT_BYTES = 100_000
"""A part that is no file is refused anyway; so much of it is read."""
MOST_WAITING = 50
"""So many jobs may wait; each keeps its files until it is run."""


def receive(request: Request, folder: Path, mib: int) -> Job:
    """Make a job of a request. Raises RequestError, NotReadyError, StoreError, and what is HTTP's own."""
    if request.mimetype != FORM:
        raise UnsupportedMediaType(f"The body must be {FORM}, not {request.mimetype or 'of no type'}.")
    if request.args:  # a dry run that is asked for there would be none
        raise RequestError(
            [{"detail": f"{name} has to be a field of the form", "parameter": name} for name in request.args]
        )
    if len(list(waiting(folder))) >= MOST_WAITING:
        raise NotReadyError(f"{MOST_WAITING} jobs wait already; try again when some of them are done")
    request.max_content_length = mib << 20
    with _spool(folder) as spool:
        return enqueue(folder, spool, _order(*_parsed(request, spool / "files")))


@contextmanager
def _spool(folder: Path) -> Iterator[Path]:
    """A folder for what arrives. What is left of it when it is not needed is removed."""
    spool = folder / f"{SPOOL}{os.urandom(8).hex()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        spool.mkdir(0o700)
        (spool / "files").mkdir(0o700)
        yield spool
    except OSError as error:
        raise StoreError(f"the upload cannot be kept in {folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(spool, ignore_errors=True)


def _parsed(request: Request, target: Path) -> tuple[MultiDict[str, str], MultiDict[str, str]]:
    """Write each file of the form to the target; give the texts of the form, and the names of its files, by field."""

    def create(
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return _create(target, filename or "")

    parser = FormDataParser(create, TEXT_BYTES, silent=False, max_form_parts=MOST_FILES)
    try:
        _, texts, files = parser.parse(
            request.stream, request.mimetype, request.content_length, request.mimetype_params
        )
    except ValueError as error:
        raise RequestError([{"detail": f"the form cannot be read: {error}", "pointer": ""}]) from error
    for _, file in files.items(multi=True):
        file.close()
    return texts, MultiDict((field, file.filename or "") for field, file in files.items(multi=True))


def _create(target: Path, name: str) -> IO[bytes]:
    if not NAME.fullmatch(name) or len(name.encode()) > LONGEST_NAME or name != name.strip():
        reason = f"{name!r} is no plain file name; use letters, digits and . , + @ ( ) = ~ - _, such as films.csv"
        raise RequestError([{"detail": reason, "parameter": "files"}])
    try:
        descriptor = os.open(target / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise RequestError([{"detail": f"two files are called {name!r}", "parameter": "files"}]) from None
    return os.fdopen(descriptor, "w+b")


def _order(texts: MultiDict[str, str], files: MultiDict[str, str]) -> Order:
    if wrong := [*_unknown(texts, files), *_wrong(texts, files)]:
        raise RequestError(wrong)
    try:
        options = LoadOptions.model_validate(texts.to_dict())
    except ValidationError as error:
        raise invalid(error, "query") from error
    if options.delete_missing and "rejects" in files:
        reason = "rejects are a part of the rows, so delete_missing would remove all others; leave one of them out"
        raise RequestError([{"detail": reason, "parameter": "delete_missing"}])
    ontology, loaded = (tuple(files.getlist(name)) for name in ("ontology", "files"))
    return Order(now(), files["mapping"], ontology, loaded, files.get("rejects"), **options.model_dump())


def _unknown(texts: MultiDict[str, str], files: MultiDict[str, str]) -> Iterator[ProblemPart]:
    for field in sorted({*texts, *files} - {*FILES, *TEXTS}):
        yield {"detail": f"{field!r} is not known; there is {', '.join((*FILES, *TEXTS))}", "parameter": field}
    for field in sorted(set(texts) & {*FILES}):
        yield {"detail": f"{field!r} is a text; {', '.join(FILES)} are files", "parameter": field}
    for field in sorted(set(files) & {*TEXTS}):
        yield {"detail": f"{field!r} is a file; {', '.join(TEXTS)} are texts", "parameter": field}


def _wrong(texts: MultiDict[str, str], files: MultiDict[str, str]) -> Iterator[ProblemPart]:
    if (found := len(files.getlist("mapping"))) != 1:
        yield {"detail": f"one mapping has to be uploaded with the files, not {found}", "parameter": "mapping"}
    if not {"files", "rejects"} & {*files}:
        yield {"detail": "there is no file to load, and no list of rejects", "parameter": "files"}
    for field, values in (("rejects", files.getlist("rejects")), *((name, texts.getlist(name)) for name in TEXTS)):
        if len(values) > 1:
            yield {"detail": f"{field} is given {len(values)} times", "parameter": field}
