"""Every error is a problem (RFC 9457) that says what is wrong, and where."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ontology.errors import KgrecError
from service.app import create_app
from service.problems import TYPES, pointer
from service.settings import Settings

JSON = {"Content-Type": "application/json"}
USER = "/v1/users/u/recommendations"


def check(answer, status: int) -> dict:
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    assert {"type", "title", "detail"} <= answer.json.keys()
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return answer.json


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("n=0", ["n"]),
        ("n=201", ["n"]),
        ("n=ten", ["n"]),
        ("n=", ["n"]),
        ("n=1&n=2", ["n"]),
        ("number=3", ["number"]),
        ("n=0&explain=perhaps", ["n", "explain"]),
        ("exclude=", ["exclude"]),
        ("exclude=no-such-item", ["exclude"]),
        ("history=no-such-item", ["history"]),
        ("exclude=" + "x" * 513, ["exclude"]),
    ],
)
def test_a_wrong_parameter_is_named(client: FlaskClient, query: str, parameters: list[str]):
    problem = check(client.get(f"{USER}?{query}"), 400)
    assert [part["parameter"] for part in problem["errors"]] == parameters


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("/v1/rank", {}, ["/items"]),
        ("/v1/rank", {"items": []}, ["/items"]),
        ("/v1/rank", {"items": "1"}, ["/items"]),
        ("/v1/rank", {"items": ["no", "none"]}, ["/items/0", "/items/1"]),
        ("/v1/recommendations", {"n": "5"}, ["/n"]),
        ("/v1/recommendations", {"n": 5.5}, ["/n"]),
        ("/v1/recommendations", {"n": True}, ["/n"]),
        ("/v1/recommendations", {"histories": []}, ["/histories"]),
        ("/v1/recommendations", {"a/b~c": 1}, ["/a~1b~0c"]),
        ("/v1/recommendations", {"history": ["no"], "n": 3}, ["/history/0"]),
        ("/v1/recommendations", {"seen": ["no"]}, ["/seen/0"]),
        ("/v1/rank", {"items": ["1"], "seen": ["no"]}, ["/seen/0"]),
        ("/v1/recommendations", ["a list"], [""]),
        ("/v1/events", {"user": "u"}, ["/item"]),
        ("/v1/events", [], [""]),
        ("/v1/events", "text", [""]),
        ("/v1/events", [{"user": "u", "item": "i"}, {"user": "", "item": 1}], ["/1/user", "/1/item"]),
        ("/v1/events", {"user": "u", "item": "i", "at": -1}, ["/at"]),
        ("/v1/events", {"user": "u", "item": "i", "at": 10**18}, ["/at"]),
        ("/v1/events", {"user": "u", "item": "i", "value": "5"}, ["/value"]),
        ("/v1/events", {"user": "u", "item": "no-such-item"}, ["/item"]),
        ("/v1/events", {"user": "u", "item": "no-such-item", "relation": "NO"}, ["/item", "/relation"]),
    ],
)
def test_a_wrong_body_is_pointed_at(client: FlaskClient, path: str, body: object, pointers: list[str]):
    problem = check(client.post(path, json=body), 400)
    assert [part["pointer"] for part in problem["errors"]] == pointers
    assert problem["detail"] == problem["errors"][0]["detail"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{]", b'{"n": NaN}', b'{"user": "\xff"}', b'{"history": ["\\ud800"]}', b"[" * 5000, b"null"],
)
@pytest.mark.parametrize("path", ["/v1/events", "/v1/rank", "/v1/recommendations"])
def test_what_is_no_json_is_refused(client: FlaskClient, path: str, body: bytes):
    check(client.post(path, data=body, headers=JSON), 400)


def test_not_a_number_is_no_value(client: FlaskClient):
    body = b'{"user": "u", "item": "i", "value": NaN}'
    assert check(client.post("/v1/events", data=body, headers=JSON), 400)["errors"][0]["pointer"] == "/value"


@pytest.mark.parametrize(
    "path", ["/nope", "/v1", "/v1/items/no-such-item", "/v1/items/no/similar", "/docs/js/other.js"]
)
def test_what_is_not_there_is_404(client: FlaskClient, path: str):
    check(client.get(path), 404)


def test_a_wrong_method_says_which_are_right(client: FlaskClient):
    answer = client.delete("/v1/events")
    problem = check(answer, 405)
    assert "POST" in answer.headers["Allow"]
    assert "POST" in problem["detail"]


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_only_json_is_taken(client: FlaskClient, media_type: str):
    check(client.post("/v1/events", data=b"{}", headers={"Content-Type": media_type}), 415)


def test_a_large_body_is_refused(client: FlaskClient):
    problem = check(client.post("/v1/events", data=b" " * 100_001, headers=JSON), 413)
    assert "100000 bytes" in problem["detail"]


def test_without_a_bundle_it_lives_and_says_what_to_run(tmp_path: Path):
    client = create_app(Settings(home=tmp_path)).test_client()
    assert client.get("/livez").status_code == 200
    for path in ("/readyz", USER, "/v1/items", "/v1/catalog"):
        answer = client.get(path)
        problem = check(answer, 503)
        assert "kg train" in problem["detail"]
        assert problem["type"] == "urn:kgrec:problem:not-ready"
        assert answer.headers["Retry-After"]
    assert client.get("/v1/models").json == {"models": []}


def test_a_bug_is_a_problem_without_details(app: Flask):
    @app.get("/bug")
    def bug() -> str:
        raise RuntimeError("something private")

    problem = check(app.test_client().get("/bug"), 500)
    assert "private" not in str(problem)


def test_every_kind_of_error_has_a_type():
    assert {*KgrecError.__subclasses__(), KgrecError} <= {*TYPES}
    assert len(set(TYPES.values())) == len(TYPES)


def test_a_pointer_leaves_out_what_only_tells_forms_apart():
    assert pointer(("(many)", 3, "a/b", "~")) == "/3/a~1b/~0"
