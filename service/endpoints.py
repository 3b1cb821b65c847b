"""A view's signature is its contract: it validates the request and writes the OpenAPI document.

    @api.get("/v1/items/<path:id>/similar", tag="items", problems=(400, 404))
    def similar(id: str, query: SimilarQuery) -> Recommendations: ...

Path parameters come as text, `query` as its model, `body` as its type; what is returned goes out as JSON, with the
status of the operation, or as a `Reply` with its own. A `form` is described by its type; the view reads it itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import orjson
from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel, TypeAdapter, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from service.problems import RequestError, invalid

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
FORM = "multipart/form-data"
T = TypeVar("T")
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Reply(Generic[T]):
    """An answer with a status and headers of its own. Without content (204) its body is None."""

    body: T
    status: HTTPStatus
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One method of one path, as the OpenAPI document describes it.

    `statuses` are those of a good answer, the usual one first; `answer` is None for what is not JSON, or nothing.
    """

    method: str
    rule: str
    tag: str
    view: Callable[..., Any]
    statuses: tuple[int, ...]
    media_type: str
    query: type[BaseModel] | None
    body: TypeAdapter[Any] | None
    body_types: tuple[str, ...]
    answer: TypeAdapter[Any] | None
    problems: tuple[int, ...]


@dataclass
class Api:
    """Collects operations, and serves them through its blueprint."""

    blueprint: Blueprint
    operations: list[Operation] = field(default_factory=list)

    def get(
        self, rule: str, *, tag: str, problems: tuple[int, ...] = (), media_type: str = JSON
    ) -> Callable[[View], View]:
        """Serve GET at a rule. A view that returns a `Response` says its `media_type` here."""
        return self._route("GET", rule, tag, problems, media_type=media_type)

    def post(
        self, rule: str, *, tag: str, problems: tuple[int, ...] = (), status: HTTPStatus = HTTPStatus.OK
    ) -> Callable[[View], View]:
        """Serve POST at a rule; the body is JSON, or the view takes a `form`."""
        return self._route("POST", rule, tag, (*problems, 413, 415), statuses=(status,))

    def put(
        self, rule: str, *, tag: str, problems: tuple[int, ...], statuses: tuple[HTTPStatus, ...]
    ) -> Callable[[View], View]:
        """Serve PUT at a rule; the body is JSON."""
        return self._route("PUT", rule, tag, (*problems, 413, 415), statuses=statuses)

    def patch(self, rule: str, *, tag: str, problems: tuple[int, ...]) -> Callable[[View], View]:
        """Serve PATCH at a rule; the body is a JSON merge patch (RFC 7396)."""
        return self._route("PATCH", rule, tag, (*problems, 413, 415), body_types=(MERGE_PATCH, JSON))

    def delete(
        self, rule: str, *, tag: str, problems: tuple[int, ...], status: HTTPStatus = HTTPStatus.NO_CONTENT
    ) -> Callable[[View], View]:
        """Serve DELETE at a rule."""
        return self._route("DELETE", rule, tag, problems, statuses=(status,))

    def _route(
        self,
        method: str,
        rule: str,
        tag: str,
        problems: tuple[int, ...],
        *,
        media_type: str = JSON,
        statuses: tuple[HTTPStatus, ...] = (HTTPStatus.OK,),
        body_types: tuple[str, ...] = (JSON,),
    ) -> Callable[[View], View]:
        def register(view: View) -> View:
            hints = get_type_hints(view, include_extras=True)
            taken = hints.get("body", hints.get("form"))
            operation = Operation(
                method=method,
                rule=rule,
                tag=tag,
                view=view,
                statuses=tuple(status.value for status in statuses),
                media_type=media_type,
                query=hints.get("query"),
                body=None if taken is None else TypeAdapter(taken),
                body_types=(FORM,) if "form" in hints else body_types,
                answer=_answer(hints["return"]),
                problems=problems,
            )
            self.operations.append(operation)
            self.blueprint.add_url_rule(rule, view.__name__, _serve(operation), methods=[method])
            return view

        return register


def _answer(returned: Any) -> TypeAdapter[Any] | None:
    """What a view says it returns, as JSON."""
    said = get_args(returned)[0] if get_origin(returned) is Reply else returned
    return None if said is Response or said is type(None) or said is None else TypeAdapter(said)


def _serve(operation: Operation) -> Callable[..., Response]:
    @wraps(operation.view)
    def serve(**path: str) -> Response:
        arguments: dict[str, Any] = dict(path)
        if operation.query is not None:
            arguments["query"] = _query(operation.query)
        if operation.body_types == (FORM,):
            arguments["form"] = None
        elif operation.body is not None:
            arguments["body"] = _body(operation.body, operation.body_types)
        answer = operation.view(**arguments)
        if isinstance(answer, Response):
            return answer
        reply = answer if isinstance(answer, Reply) else Reply(answer, HTTPStatus(operation.statuses[0]))
        content = b"" if reply.status == HTTPStatus.NO_CONTENT else orjson.dumps(reply.body)
        return Response(content, reply.status, reply.headers, mimetype=JSON)

    return serve


def _query(model: type[BaseModel]) -> BaseModel:
    """The query string. A parameter that is a tuple may be repeated, any other must not be."""
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        known = model.model_fields.get(name)
        several = known is not None and isinstance(known.default, tuple)
        if len(values) > 1 and not several:
            raise RequestError([{"detail": f"{name} is given {len(values)} times", "parameter": name}])
        given[name] = values if several else values[0]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise invalid(error, "query") from error


def _body(type_: TypeAdapter[Any], media_types: tuple[str, ...]) -> Any:
    if request.mimetype not in media_types:
        wanted = " or ".join(media_types)
        raise UnsupportedMediaType(f"The body must be {wanted}, not {request.mimetype or 'of no type'}.")
    data = request.get_data(cache=False)
    if request.content_length is None and len(data) >= current_app.config["MAX_CONTENT_LENGTH"]:
        raise RequestEntityTooLarge  # a body without a length was cut off there
    try:
        return type_.validate_json(data)
    except ValidationError as error:
        raise invalid(error, "body") from error
