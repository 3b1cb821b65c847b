"""Every error as problem+json (RFC 9457): the one place where errors become answers."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Literal

import orjson
from flask import Flask, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ontology.errors import ConflictError, InputError, KgrecError, NotFoundError, NotReadyError, StoreError
from service.types import Problem, ProblemPart

MEDIA_TYPE = "application/problem+json"
MOST = 20
"""How many parts of a request are named as wrong at once."""
UNREAD_BYTES = 16 << 20
"""So much of a body that nobody wants is read all the same; see `_read_on`."""


class ForbiddenError(KgrecError):
    """Who asks may not do this here; the message says who may, or which setting allows it."""

    exit_code = 2
    status = 403
    title = "Not allowed"


TYPES: dict[type[KgrecError], str] = {
    InputError: "urn:kgrec:problem:input",
    NotFoundError: "urn:kgrec:problem:not-found",
    ConflictError: "urn:kgrec:problem:conflict",
    NotReadyError: "urn:kgrec:problem:not-ready",
    StoreError: "urn:kgrec:problem:store",
    ForbiddenError: "urn:kgrec:problem:forbidden",
    KgrecError: "urn:kgrec:problem:internal",
}
"""What a client may tell apart; errors of HTTP itself are `about:blank`, as RFC 9457 has it."""

Place = Literal["body", "query"]


class RequestError(InputError):
    """Parts of a request are wrong, each at a place that the answer points at."""

    def __init__(self, parts: list[ProblemPart]) -> None:
        """Keep the parts; the message is their first sentence."""
        super().__init__(parts[0]["detail"])
        self.parts = parts[:MOST]


def pointer(location: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901). Tags in parentheses tell forms of one value apart and are no step into it."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in location)
    return "".join(f"/{step}" for step in steps if not step.startswith("("))


def invalid(error: ValidationError, place: Place) -> RequestError:
    """What pydantic found wrong with a body or the query string."""
    return RequestError([_part(e["msg"], e["loc"], place) for e in error.errors(include_url=False)])


def register(app: Flask) -> None:
    """Answer every error of the app with a problem; one that nobody expected is logged with its traceback."""
    app.register_error_handler(KgrecError, _from_kgrec)
    app.register_error_handler(HTTPException, _from_http)
    app.after_request(_read_on)


def _part(message: str, location: tuple[str | int, ...], place: Place) -> ProblemPart:
    if place == "body":
        return {"detail": message, "pointer": pointer(location)}
    name = str(location[0])
    return {"detail": f"{name}: {message}", "parameter": name}


def _from_kgrec(error: KgrecError) -> Response:
    problem: Problem = {
        "type": next(uri for kind, uri in TYPES.items() if isinstance(error, kind)),
        "title": error.title,
        "status": error.status,
        "detail": str(error),
    }
    if isinstance(error, RequestError):
        problem["errors"] = error.parts
    response = _response(problem)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    return response


def _from_http(error: HTTPException) -> Response:
    """An error of HTTP itself: no such path, a wrong method or media type, a body too large, or a bug."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    detail = error.description or status.description
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        detail = f"This path takes {', '.join(sorted(error.valid_methods))}."
    if status == HTTPStatus.NOT_FOUND:
        detail = "There is nothing at this path; /openapi.json lists what there is."
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        detail = f"The body is larger than {request.max_content_length} bytes."
    response = _response({"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail})
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _response(problem: Problem) -> Response:
    return Response(orjson.dumps(problem), problem["status"], mimetype=MEDIA_TYPE)


def _read_on(response: Response) -> Response:
    """Read what a client still sends, up to a bound: many clients never see an answer that comes before they are done.

    They find the connection closed instead. A client that waits to be asked for its body is not asked.
    """
    if response.status_code >= HTTPStatus.BAD_REQUEST and "Expect" not in request.headers:
        left = UNREAD_BYTES
        while left > 0 and (read := request.environ["wsgi.input"].read(min(left, 1 << 16))):
            left -= len(read)
    return response
