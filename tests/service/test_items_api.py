"""Items are changed through the API: on disk first, seen at the next request, checked as a load is."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kg.entries import Edit
from kg.workspace import Workspace
from service.app import create_app
from service.engine import EXTENSION
from service.settings import Settings
from tests.service.test_service import other_bundle, point

NEW = {"properties": {"name": "A New Film", "year": 2026}, "relations": {"HAS_GENRE": ["Drama"]}}


def edits(app: Flask) -> list[Edit]:
    return [entry for _, entry in app.extensions[EXTENSION].journal.since(0) if isinstance(entry, Edit)]


def found(client: FlaskClient, words: str) -> list[str]:
    return [item["id"] for item in client.get("/v1/items", query_string={"q": words, "n": 200}).json["items"]]


def ends(client: FlaskClient, id_: str) -> dict[str, set[str]]:
    said: dict[str, set[str]] = {}
    for step in client.get(f"/v1/items/{id_}").json["relations"]:
        said.setdefault(step["relation"], set()).add(step["end"]["id"])
    return said


def test_a_new_item_is_created_found_described_and_takes_part_in_events(app: Flask, client: FlaskClient):
    before = client.get("/v1/catalog").json["n_items"]
    answer = client.put("/v1/items/new-1", json=NEW)
    assert answer.status_code == 201
    item = client.get("/v1/items/new-1").json
    assert answer.json == item | {"warnings": {}}
    assert (item["class"], item["id"], item["name"]) == ("Film", "new-1", "A New Film")
    assert item["properties"] == {"name": "A New Film", "year": 2026}
    assert item["recommendable"] is True
    (step,) = item["relations"]
    assert step["relation"] == "HAS_GENRE"
    assert step["end"] == {"class": "Genre", "id": "Drama", "name": "Drama"}
    assert (step["inverse"], step["label"]) == (False, "has the genre")
    assert found(client, "a new f") == ["new-1"]
    assert client.get("/v1/catalog").json["n_items"] == before + 1
    assert client.post("/v1/events", json={"user": "u", "item": "new-1", "value": 5}).status_code == 202
    assert client.get("/v1/users/u/history").json["items"] == [{"id": "new-1", "name": "A New Film", "liked": True}]
    assert [(e.op, e.item.key) for e in edits(app)] == [("put", "new-1")]


def test_replacing_removes_what_is_not_named(client: FlaskClient, items: list[str]):
    before = client.get(f"/v1/items/{items[0]}").json
    assert len(before["properties"]) > 1
    answer = client.put(f"/v1/items/{items[0]}", json={"properties": {"name": "Renamed"}})
    assert answer.status_code == 200
    after = client.get(f"/v1/items/{items[0]}").json
    assert after["properties"] == {"name": "Renamed"}
    assert after["recommendable"] is True
    assert [s for s in after["relations"] if not s["inverse"]] == []
    assert found(client, "renamed") == [items[0]]
    assert items[0] not in found(client, before["name"])
    again = client.put(f"/v1/items/{items[0]}", json={"properties": {"name": "Renamed"}})
    assert (again.status_code, again.json) == (200, after | {"warnings": {}})


def test_a_patch_changes_what_it_names_and_nothing_else(client: FlaskClient, items: list[str]):
    before = client.get(f"/v1/items/{items[0]}").json
    said = ends(client, items[0])
    assert said["HAS_GENRE"]
    body = {
        "properties": {"year": None, "otherTitles": "X"},
        "relations": {"HAS_GENRE": [{"class": "Genre", "key": "Crime"}]},
    }
    for content_type in ("application/json", "application/merge-patch+json"):
        answer = client.patch(f"/v1/items/{items[0]}", json=body, headers={"Content-Type": content_type})
        assert answer.status_code == 200
        kept = {k: v for k, v in before["properties"].items() if k != "year"}
        assert answer.json["properties"] == kept | {"otherTitles": "X"}
        assert ends(client, items[0]) == said | {"HAS_GENRE": {"Crime"}}
    client.patch(f"/v1/items/{items[0]}", json={"relations": {"HAS_GENRE": None}})
    assert "HAS_GENRE" not in ends(client, items[0])


def test_a_renamed_item_is_recommended_by_its_new_name(client: FlaskClient, users: list[str]):
    path = f"/v1/users/{users[0]}/recommendations"
    first = client.get(path).json["items"][0]
    client.patch(f"/v1/items/{first['id']}", json={"properties": {"name": "Renamed"}})
    again = client.get(path).json["items"][0]
    assert (again["id"], again["name"], again["properties"]["name"]) == (first["id"], "Renamed", "Renamed")
    assert again["score"] == first["score"]
    if again["explanation"]["path"]:
        assert again["explanation"]["text"].endswith("Renamed")


def test_no_explanation_rests_on_what_an_edit_ended(client: FlaskClient, users: list[str]):
    path = f"/v1/users/{users[0]}/recommendations"
    explained = next(r for r in client.get(path).json["items"] if r["explanation"]["path"])
    client.put(f"/v1/items/{explained['id']}", json={"properties": explained["properties"]})
    (again,) = [r for r in client.get(path).json["items"] if r["id"] == explained["id"]]
    assert again["explanation"]["path"] == []
    assert again["explanation"]["cypher"] is None


def test_a_deleted_item_is_nowhere_at_once_but_in_histories(client: FlaskClient, items: list[str]):
    client.post("/v1/events", json=[{"user": "u", "item": item} for item in items[:3]])
    path = "/v1/users/u/recommendations?n=200"
    gone = client.get(path).json["items"][0]
    name = client.get(f"/v1/items/{gone['id']}").json["name"]
    answer = client.delete(f"/v1/items/{gone['id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    n_items = client.get("/v1/catalog").json["n_items"]
    for asked in (path, f"/v1/items/{items[0]}/similar?n=200", "/v1/users/nobody/recommendations?n=200"):
        assert gone["id"] not in {r["id"] for r in client.get(asked).json["items"]}
    assert len(client.get(path).json["items"]) == min(200, n_items - 3)
    for asked in ("", "/similar"):
        assert client.get(f"/v1/items/{gone['id']}{asked}").status_code == 404
    assert client.delete(f"/v1/items/{gone['id']}").status_code == 404
    assert client.patch(f"/v1/items/{gone['id']}", json={}).status_code == 404
    assert gone["id"] not in found(client, name)
    assert client.post("/v1/events", json={"user": "u", "item": gone["id"]}).status_code == 400
    assert client.post("/v1/rank", json={"items": [gone["id"]]}).status_code == 400
    assert (
        client.post("/v1/recommendations", json={"exclude": [gone["id"]], "history": [gone["id"]]}).status_code == 200
    )


def test_the_history_with_a_deleted_item_stays_and_nothing_is_explained_by_it(client: FlaskClient, items: list[str]):
    client.post("/v1/events", json=[{"user": "u", "item": item, "value": 5} for item in items[:2]])
    before = client.get("/v1/users/u/history").json
    client.delete(f"/v1/items/{items[0]}")
    assert client.get("/v1/users/u/history").json == before
    answer = client.get("/v1/users/u/recommendations?n=50").json
    assert items[0] not in {r["id"] for r in answer["items"]}
    starts = {r["explanation"]["path"][0]["start"]["id"] for r in answer["items"] if r["explanation"]["path"]}
    assert items[0] not in starts
    assert client.put(f"/v1/items/{items[0]}", json=NEW).status_code == 201
    assert ends(client, items[0]) == {"HAS_GENRE": {"Drama"}}


def test_all_items_of_a_batch_or_none(app: Flask, client: FlaskClient, items: list[str]):
    operations: list[dict[str, Any]] = [
        {"op": "put", "id": "n1", **NEW},
        {"op": "patch", "id": "n1", "properties": {"year": 1}},
        {"op": "delete", "id": items[0]},
        {"op": "put", "id": items[0], "properties": {"name": "Again"}},
        {"op": "patch", "id": items[1], "relations": {"STARS": []}},
    ]
    wrong = [
        {"op": "patch", "id": items[0], "properties": {"year": "old", "a/b": 1}},
        {"op": "delete", "id": "none"},
        {"op": "put", "id": "", "relations": {"HAS_GENRE": ["Drama", "None"]}},
    ]
    answer = client.post("/v1/items:batch", json={"operations": operations + wrong})
    assert answer.status_code == 400
    places = ["/5/properties/a~1b", "/5/properties/year", "/6/id", "/7/id"]
    assert [e["pointer"] for e in answer.json["errors"]] == [f"/operations{place}" for place in places]
    assert edits(app) == []
    answer = client.post("/v1/items:batch", json={"operations": operations})
    assert (answer.status_code, answer.json) == (200, {"done": 5, "created": 2, "warnings": {}})
    assert client.get("/v1/items/n1").json["properties"]["year"] == 1
    assert client.get(f"/v1/items/{items[0]}").json["name"] == "Again"
    assert "STARS" not in ends(client, items[1])
    assert len(edits(app)) == 5


@pytest.mark.parametrize("n", [1000, 1001])
def test_a_batch_has_at_most_1000_operations(app: Flask, n: int):
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20
    operations = [{"op": "put", "id": f"n{i}"} for i in range(n)]
    answer = app.test_client().post("/v1/items:batch", json={"operations": operations})
    assert answer.status_code == (200 if n == 1000 else 400)
    assert len(edits(app)) == (1000 if n == 1000 else 0)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ([], [""]),
        ("text", [""]),
        ({"propertys": {}}, ["/propertys"]),
        ({"properties": []}, ["/properties"]),
        (
            {"properties": {"year": "1999", "colour": "red", "name": 5}},
            ["/properties/year", "/properties/colour", "/properties/name"],
        ),
        ({"class": "Nothing"}, ["/class"]),
        ({"class": "Person"}, ["/class"]),
        ({"class": 5}, ["/class"]),
        ({"relations": {"HAS_GENRE": "Drama"}}, ["/relations/HAS_GENRE"]),
        ({"relations": {"HAS_GENRE": [5]}}, ["/relations/HAS_GENRE/0"]),
        ({"relations": {"HAS_GENRE": [{"key": "Drama"}]}}, ["/relations/HAS_GENRE/0/class"]),
        ({"relations": {"HAS_GENRE": ["Drama", "Nope"], "RATED": []}}, ["/relations/HAS_GENRE/1", "/relations/RATED"]),
        ({"relations": {"BROADER": ["Drama"]}}, ["/relations/BROADER"]),
    ],
)
def test_what_is_wrong_is_pointed_at_and_nothing_is_written(app: Flask, body: Any, pointers: list[str]):
    answer = app.test_client().put("/v1/items/x", json=body)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert sorted(part["pointer"] for part in answer.json["errors"]) == sorted(pointers)
    assert edits(app) == []


@pytest.mark.parametrize("id_", ["%20x", "%00", "%FF", "x" * 501, "x%00y"])
def test_a_wrong_id_is_named(client: FlaskClient, id_: str):
    answer = client.put(f"/v1/items/{id_}", json={})
    assert answer.status_code == 400
    assert [part["parameter"] for part in answer.json["errors"]] == ["id"]


@pytest.mark.parametrize("operation", [{}, {"op": "make", "id": "x"}, {"op": "put"}, 5, {"op": ["put"], "id": "x"}])
def test_an_operation_that_is_none_is_pointed_at(client: FlaskClient, operation: Any):
    answer = client.post("/v1/items:batch", json={"operations": [operation]})
    assert answer.status_code == 400
    assert all(part["pointer"].startswith("/operations/0") for part in answer.json["errors"])


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"properties": {"year": NaN}}', b'{"properties": {"year": 1' + b"0" * 5000 + b"}}"]
)
def test_what_is_no_json_is_refused(app: Flask, body: bytes):
    answer = app.test_client().put("/v1/items/x", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert edits(app) == []


def test_an_id_may_be_an_address_or_any_letters(client: FlaskClient):
    for path, id_ in (("http%3A%2F%2Fx.org%2Fa//b", "http://x.org/a//b"), ("%E5%B1%B1%20%F0%9F%8E%AC", "山 🎬")):
        assert client.put(f"/v1/items/{path}", json={}).status_code == 201
        answer = client.get(f"/v1/items/{path}").json
        assert (answer["id"], answer["name"]) == (id_, id_)


def test_edits_that_the_bundle_has_are_not_done_again(workspace: Workspace, app: Flask, items: list[str]):
    """A bundle notes up to where the graph had the journal: a load after that is not undone by an older edit."""
    client = app.test_client()
    client.delete(f"/v1/items/{items[0]}")
    last = app.extensions[EXTENSION].journal.last()
    client.delete(f"/v1/items/{items[1]}")
    point(workspace, other_bundle(workspace, {"journal": last}))
    assert client.get(f"/v1/items/{items[0]}").status_code == 200
    assert client.get(f"/v1/items/{items[1]}").status_code == 404


def test_edits_outlive_a_restart(workspace: Workspace, client: FlaskClient, items: list[str]):
    client.put("/v1/items/new-1", json=NEW)
    client.delete(f"/v1/items/{items[0]}")
    again = create_app(Settings(home=workspace.root)).test_client()
    assert again.get("/v1/items/new-1").json == client.get("/v1/items/new-1").json
    assert again.get(f"/v1/items/{items[0]}").status_code == 404


def test_when_the_journal_fails_nothing_is_changed(app: Flask, items: list[str]):
    client = app.test_client()
    app.extensions[EXTENSION].journal.close()
    answer = client.delete(f"/v1/items/{items[0]}")
    assert answer.status_code == 503
    assert client.get(f"/v1/items/{items[0]}").status_code == 200


ELSEWHERE = [
    {"Host": "kg.example.org"},
    {"X-Forwarded-For": "10.0.0.1"},
    {"Forwarded": "for=10.0.0.1"},
]
FOREIGN = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]


@pytest.mark.parametrize("headers", [*ELSEWHERE, *FOREIGN])
def test_who_is_not_on_this_machine_changes_nothing(
    app: Flask, client: FlaskClient, headers: dict[str, str], items: list[str]
):
    for method, path in (
        ("PUT", "/v1/items/x"),
        ("DELETE", f"/v1/items/{items[0]}"),
        ("PATCH", f"/v1/items/{items[0]}"),
    ):
        answer = client.open(path, method=method, json={}, headers=headers)
        assert answer.status_code == 403
        assert answer.json["type"] == "urn:kgrec:problem:forbidden"
    assert edits(app) == []
    assert client.get(f"/v1/items/{items[0]}", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "allow", "status"), [("0.0.0.0", False, 403), ("0.0.0.0", True, 201), ("::1", False, 201)]
)
def test_elsewhere_the_operator_has_to_allow_it(workspace: Workspace, host: str, allow: bool, status: int):
    client = create_app(Settings(home=workspace.root, host=host, allow_writes=allow)).test_client()
    answer = client.put("/v1/items/x", json={}, headers={"Host": "kg.example.org"} if allow else {})
    assert answer.status_code == status
    if status == 403:
        assert "KG_ALLOW_WRITES=1" in answer.json["detail"]
    for headers in FOREIGN:
        assert client.put("/v1/items/y", json={}, headers=headers).status_code == 403


WARNING = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <https://kgrec.example/movies#> .
:Film sh:property [ sh:path :year ; sh:maxInclusive 2030 ; sh:severity sh:Warning ] ,
    [ sh:path :year ; sh:minInclusive 1800 ] .
"""


def test_what_a_shape_warns_of_is_in_the_answer_and_the_edit_is_done(workspace: Workspace, client: FlaskClient):
    point(workspace, other_bundle(workspace, turtle=WARNING))
    said = {"Film.year shape-max-inclusive": 1}
    answer = client.put("/v1/items/new-1", json={"properties": {"name": "Later", "year": 2100}})
    assert (answer.status_code, answer.json["warnings"], answer.json["properties"]["year"]) == (201, said, 2100)
    answer = client.patch("/v1/items/new-1", json={"properties": {"year": 2200}})
    assert (answer.status_code, answer.json["warnings"], answer.json["properties"]["year"]) == (200, said, 2200)
    assert client.patch("/v1/items/new-1", json={"properties": {"year": 2020}}).json["warnings"] == {}
    assert "warnings" not in client.get("/v1/items/new-1").json
    operations = [{"op": "patch", "id": "new-1", "properties": {"year": year}} for year in (2100, 2200, 2020)]
    answer = client.post("/v1/items:batch", json={"operations": operations})
    assert answer.json == {"done": 3, "created": 0, "warnings": {"Film.year shape-max-inclusive": 2}}
    refused = client.patch("/v1/items/new-1", json={"properties": {"year": 17}})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (400, "/properties/year")
