"""The OpenAPI document is valid, complete, and what the server does."""

import re
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from service.app import openapi

PAGES = {"/", "/docs", "/docs/<path:name>", "/static/<path:filename>"}
DOCUMENT = openapi()
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


def closed(schema: Any) -> Any:
    """The same schema, but an object may have no other properties than those it names."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: closed(part) for name, part in schema.items()}
    if "properties" in schema and "additionalProperties" not in schema:
        result["additionalProperties"] = False
    return result


REGISTRY = Registry().with_resource("urn:api", Resource(closed(DOCUMENT), DRAFT202012))


def validate(answer: Any, path: str, method: str) -> None:
    place = f"{path.replace('~', '~0').replace('/', '~1').replace('{', '%7B').replace('}', '%7D')}/{method}"
    response = DOCUMENT["paths"][path][method]["responses"][str(answer.status_code)]
    base = f"urn:api#/paths/{place}/responses/{answer.status_code}"
    if "$ref" in response:
        base = f"urn:api{response['$ref']}"
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    if answer.status_code == 204:
        assert "content" not in response
        assert answer.data == b""
        return
    (media_type,) = response["content"]
    assert answer.mimetype == media_type
    if media_type in {"text/plain", "application/x-ndjson"}:
        return
    schema = {"$ref": f"{base}/content/{media_type.replace('/', '~1')}/schema"}
    Draft202012Validator(schema, registry=REGISTRY).validate(answer.json)


def test_the_document_is_valid_openapi_3_1(client: FlaskClient):
    served = client.get("/openapi.json").json
    assert served == DOCUMENT
    assert served["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(served).validate()


def test_every_route_is_in_the_document_and_the_other_way_round(app: Flask):
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule not in PAGES
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {*OPERATIONS}


def test_every_operation_says_what_it_does():
    operations = [DOCUMENT["paths"][path][method] for path, method in OPERATIONS]
    assert all(operation["summary"] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    parameters = [p for operation in operations for p in operation.get("parameters", ()) if p["in"] == "query"]
    assert parameters
    assert all(p["description"] for p in parameters)


def requests(client: FlaskClient, items: list[str], users: list[str]) -> dict[tuple[str, str], list[tuple[str, Any]]]:
    """For each operation: requests that it answers, good and bad. A body that is None is no body."""
    one = f"/v1/items/{items[0]}"
    uploaded = client.post(
        "/v1/ingest/jobs", data={name: (BytesIO(b"x"), f"{name}.x") for name in ("mapping", "files")}
    )
    validate(uploaded, "/v1/ingest/jobs", "post")
    job = uploaded.headers["Location"]
    liked = {"user": "u", "item": items[0]}
    recommendations = "/v1/users/{}/recommendations"
    return {
        ("/v1/users/{id}/recommendations", "get"): [
            (recommendations.format(users[0]), None),
            (recommendations.format("nobody"), None),
            (recommendations.format(users[0]) + "?explain=false&n=3", None),
            (recommendations.format(users[0]) + "?n=0", None),
            (recommendations.format(users[0]) + "?filter=year>1990", None),
            (recommendations.format(users[0]) + "?filter=yaer>1990", None),
        ],
        ("/v1/recommendations", "post"): [
            ("/v1/recommendations", {"history": items[:3], "filter": "has year"}),
            ("/v1/recommendations", {"filter": "has"}),
            ("/v1/recommendations", []),
        ],
        ("/v1/rank", "post"): [("/v1/rank", {"items": items, "user": users[0]}), ("/v1/rank", {"items": ["no"]})],
        ("/v1/items", "get"): [
            ("/v1/items?q=the&n=3", None),
            ("/v1/items?filter=has year", None),
            ("/v1/items?page_token=x", None),
        ],
        ("/v1/items/{id}", "get"): [(one, None), ("/v1/items/none", None)],
        ("/v1/items/{id}", "put"): [("/v1/items/n", {}), ("/v1/items/n", {}), ("/v1/items/n", {"class": "X"})],
        ("/v1/items/{id}", "patch"): [(one, {"properties": {"year": None}}), (one, []), ("/v1/items/none", {})],
        ("/v1/items/{id}", "delete"): [(one, None), (one, None), ("/v1/items/%20", None)],
        ("/v1/items:batch", "post"): [
            ("/v1/items:batch", {"operations": []}),
            ("/v1/items:batch", {"operations": [{"op": "put", "id": "n"}]}),
        ],
        ("/v1/items/{id}/similar", "get"): [
            (f"{one}/similar", None),
            (f"{one}/similar?filter=(", None),
            ("/v1/items/none/similar", None),
        ],
        ("/v1/users", "get"): [("/v1/users", None), ("/v1/users?n=x", None)],
        ("/v1/users/{id}/history", "get"): [
            (f"/v1/users/{users[0]}/history", None),
            ("/v1/users/nobody/history", None),
        ],
        ("/v1/events", "post"): [("/v1/events", liked), ("/v1/events", [liked]), ("/v1/events", [{}])],
        ("/v1/ingest/jobs", "post"): [("/v1/ingest/jobs", {})],
        ("/v1/ingest/jobs", "get"): [("/v1/ingest/jobs", None)],
        ("/v1/ingest/jobs/{id}", "get"): [(job, None), ("/v1/ingest/jobs/none", None)],
        ("/v1/ingest/jobs/{id}", "delete"): [(job, None), ("/v1/ingest/jobs/none", None)],
        ("/v1/ingest/jobs/{id}/rejects", "get"): [(f"{job}/rejects", None), ("/v1/ingest/jobs/none/rejects", None)],
        ("/v1/catalog", "get"): [("/v1/catalog", None)],
        ("/v1/models", "get"): [("/v1/models", None)],
        ("/livez", "get"): [("/livez", None)],
        ("/readyz", "get"): [("/readyz", None)],
        ("/metrics", "get"): [("/metrics", None)],
        ("/openapi.json", "get"): [],
    }


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_answers_are_as_documented(client: FlaskClient, items: list[str], users: list[str], path: str, method: str):
    for url, body in requests(client, items, users)[path, method]:
        answer = client.open(url, method=method.upper(), json=body)
        validate(answer, path, method)
    if "403" in DOCUMENT["paths"][path][method]["responses"]:
        answer = client.open(url, method=method.upper(), json=body, headers={"Origin": "https://other.example"})
        assert answer.status_code == 403
        validate(answer, path, method)


def test_the_validation_would_notice(client: FlaskClient):
    answer = client.get("/livez")
    with pytest.raises(Exception, match="required"):
        validate(answer, "/v1/catalog", "get")
