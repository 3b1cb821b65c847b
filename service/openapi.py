"""The OpenAPI 3.1 document, generated from the operations and the types that validate them."""

import inspect
import re
from collections.abc import Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Literal

from pydantic import TypeAdapter

from service.endpoints import Operation
from service.problems import MEDIA_TYPE
from service.types import Problem

Json = dict[str, Any]
Schemas = dict[tuple[int, str], Json]

CONDITIONS = {
    "If-Match": "Do it only if the item has this `ETag`, or, where it is `*`, if there is one.",
    "If-None-Match": "Do it only if the item does not have this `ETag`, or, where it is `*`, if there is none.",
}
"""The headers of an operation that may find a precondition failed."""
PATH_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def document(operations: Sequence[Operation]) -> Json:
    """The whole document. Every type of a body or an answer is a component."""
    schemas, components = _schemas(operations)
    paths: dict[str, Json] = {}
    for number, operation in enumerate(operations):
        path = PATH_PARAMETER.sub(r"{\1}", operation.rule)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(number, operation, schemas)
    problem = {MEDIA_TYPE: {"schema": schemas[-1, "problem"]}}
    statuses = sorted({status for operation in operations for status in operation.problems} | {500})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "kgrec",
            "version": version("kgrec"),
            "description": "Recommends items by what they mean; every answer carries the path that explains it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {
                f"Problem{status}": {"description": HTTPStatus(status).phrase, "content": problem}
                for status in statuses
            },
        },
    }


def _schemas(operations: Sequence[Operation]) -> tuple[Schemas, Json]:
    adapters: list[tuple[tuple[int, str], Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        ((-1, "problem"), "serialization", TypeAdapter(Problem))
    ]
    for number, operation in enumerate(operations):
        if operation.query is not None:
            adapters.append(((number, "query"), "validation", TypeAdapter(operation.query)))
        if operation.body is not None:
            adapters.append(((number, "body"), "validation", operation.body))
        if operation.answer is not None:
            adapters.append(((number, "answer"), "serialization", operation.answer))
    found, shared = TypeAdapter.json_schemas(adapters, ref_template="#/components/schemas/{model}")
    components = {k: v for k, v in shared["$defs"].items() if not k.endswith("Query")}
    by_key = {key: _without_ref(schema, shared["$defs"]) for (key, _), schema in found.items()}
    return by_key, components


def _without_ref(schema: Json, definitions: Json) -> Json:
    """A query string is no value of its own in the document: its parameters are."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return definitions[name] if name.endswith("Query") else schema


def _operation(number: int, operation: Operation, schemas: Schemas) -> Json:
    summary, _, description = (inspect.getdoc(operation.view) or "").partition("\n")
    described: Json = {
        "operationId": operation.view.__name__,
        "tags": [operation.tag],
        "summary": summary.removesuffix("."),
        "responses": _responses(number, operation, schemas),
    }
    if description.strip():
        described["description"] = description.strip()
    if parameters := _parameters(number, operation, schemas):
        described["parameters"] = parameters
    if operation.body is not None:
        content = {media_type: {"schema": schemas[number, "body"]} for media_type in operation.body_types}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(number: int, operation: Operation, schemas: Schemas) -> list[Json]:
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in PATH_PARAMETER.findall(operation.rule)
    ]
    query = schemas.get((number, "query"), {})
    for name, schema in query.get("properties", {}).items():
        described = {"name": name, "in": "query", "required": name in query.get("required", ())}
        described["description"] = schema.get("description", "")
        described["schema"] = {k: v for k, v in schema.items() if k not in {"description", "title"}}
        parameters.append(described)
    if HTTPStatus.PRECONDITION_FAILED in operation.problems:
        parameters += [
            {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
            for name, text in CONDITIONS.items()
        ]
    return parameters


def _responses(number: int, operation: Operation, schemas: Schemas) -> Json:
    schema = schemas.get((number, "answer"), {"type": "string"})
    good = {str(status): _good(status, operation.media_type, schema) for status in operation.statuses}
    problems = {
        str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in (*operation.problems, 500)
    }
    return {**good, **problems}


def _good(status: int, media_type: str, schema: Json) -> Json:
    described: Json = {"description": HTTPStatus(status).phrase}
    return described if status == HTTPStatus.NO_CONTENT else described | {"content": {media_type: {"schema": schema}}}
