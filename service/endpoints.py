"""A view's signature is its contract: it validates the request and writes the OpenAPI document.

    @api.get("/v1/items/<path:id>/similar", tag="items", problems=(400, 404))
    def similar(id: str, query: SimilarQuery) -> Recommendations: ...

Path parameters come as text, `query` as its model, `body` as its type; what is returned goes out as JSON.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, get_type_hints

import orjson
from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel, TypeAdapter, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from service.problems import RequestError, invalid

JSON = "application/json"
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """One method of one path, as the OpenAPI document describes it. `answer` is None for what is not JSON."""

    method: str
    rule: str
    tag: str
    view: Callable[..., Any]
    status: int
    media_type: str
    query: type[BaseModel] | None
    body: TypeAdapter[Any] | None
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
        """Serve POST at a rule; the body is JSON."""
        return self._route("POST", rule, tag, (*problems, 413, 415), status=status)

    def _route(
        self,
        method: str,
        rule: str,
        tag: str,
        problems: tuple[int, ...],
        *,
        media_type: str = JSON,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Callable[[View], View]:
        def register(view: View) -> View:
            hints = get_type_hints(view, include_extras=True)
            answer = hints.pop("return")
            operation = Operation(
                method=method,
                rule=rule,
                tag=tag,
                view=view,
                status=status.value,
                media_type=media_type,
                query=hints.get("query"),
                body=TypeAdapter(hints["body"]) if "body" in hints else None,
                answer=None if answer is Response else TypeAdapter(answer),
                problems=problems,
            )
            self.operations.append(operation)
            self.blueprint.add_url_rule(rule, view.__name__, _serve(operation), methods=[method])
            return view

        return register


def _serve(operation: Operation) -> Callable[..., Response]:
    @wraps(operation.view)
    def serve(**path: str) -> Response:
        arguments: dict[str, Any] = dict(path)
        if operation.query is not None:
            arguments["query"] = _query(operation.query)
        if operation.body is not None:
            arguments["body"] = _body(operation.body)
        answer = operation.view(**arguments)
        if isinstance(answer, Response):
            return answer
        return Response(orjson.dumps(answer), operation.status, mimetype=JSON)

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


def _body(type_: TypeAdapter[Any]) -> Any:
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"The body must be {JSON}, not {request.mimetype or 'of no type'}.")
    data = request.get_data(cache=False)
    if request.content_length is None and len(data) >= current_app.config["MAX_CONTENT_LENGTH"]:
        raise RequestEntityTooLarge  # a body without a length was cut off there
    try:
        return type_.validate_json(data)
    except ValidationError as error:
        raise invalid(error, "body") from error
