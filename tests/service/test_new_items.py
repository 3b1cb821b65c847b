"""An item newer than the bundle takes part in everything at once, found by its content, explained by its triples."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from embed.bundle import Bundle
from kg.workspace import Workspace
from retrieval.answer import Query
from service.app import create_app
from service.engine import EXTENSION
from service.settings import Settings


@pytest.fixture
def twin(bundle: Bundle) -> tuple[str, dict[str, Any]]:
    """The film most liked, and what the API would be told of a film of the same people."""
    teachers, catalog = bundle.teachers, bundle.catalog
    number = int(teachers.popularity.argmax())
    relations: dict[str, list[dict[str, str]]] = {}
    for other, signed in zip(*teachers.adjacency.row(number), strict=True):
        if signed >= 0:
            end = {"class": catalog.classes[catalog.entity_class[other]], "key": catalog.keys[other]}
            relations.setdefault(catalog.relations[signed], []).append(end)
    return catalog.keys[number], {"properties": json.loads(catalog.properties[number]), "relations": relations}


def listed(client: FlaskClient, path: str, n: int = 200) -> dict[str, dict[str, Any]]:
    return {r["id"]: r for r in client.get(f"{path}?n={n}").json["items"]}


def test_a_new_item_is_recommended_at_once_and_explained_by_its_own_triples(client: FlaskClient, twin):
    like, body = twin
    client.post("/v1/events", json={"user": "u", "item": like, "value": 5})
    assert client.put("/v1/items/new-1", json=body).status_code == 201
    answer = client.get("/v1/users/u/recommendations?n=5").json
    assert answer["degraded"] == []
    (found,) = [r for r in answer["items"] if r["id"] == "new-1"]
    assert found["sources"] == ["content"]
    assert found["name"] == body["properties"]["name"]
    assert found["properties"] == body["properties"]
    path = found["explanation"]["path"]
    assert (path[0]["start"]["id"], path[-1]["end"]["id"]) == (like, "new-1")
    assert {step["relation"] for step in path} <= body["relations"].keys()


def test_it_counts_in_histories_and_has_similar_items(client: FlaskClient, items: list[str], twin):
    like, body = twin
    client.put("/v1/items/new-1", json=body)
    similar = client.get("/v1/items/new-1/similar?n=20").json
    assert (similar["cold"], similar["degraded"]) == (False, [])
    (twin_of_it,) = [r for r in similar["items"] if r["id"] == like]
    assert {"collaborative", "item_to_item", "linear", "transitions", "users", "graph", "content"} <= {
        *twin_of_it["sources"]
    }
    assert all(r["explanation"]["path"][0]["start"]["id"] == "new-1" for r in similar["items"][:3])
    client.post("/v1/events", json={"user": "u", "item": "new-1", "value": 5})
    assert client.get("/v1/users/u/recommendations").json["cold"] is False
    assert "new-1" not in listed(client, "/v1/users/u/recommendations")
    for body in ({"history": ["new-1"]}, {"history": [items[0], "new-1"]}):
        answer = client.post("/v1/recommendations", json=body | {"exclude": [like]}).json
        assert (len(answer["items"]), answer["degraded"]) == (10, [])
        assert not {like, "new-1"} & {r["id"] for r in answer["items"]}


def test_it_can_be_ranked_among_others(client: FlaskClient, items: list[str], twin):
    like, body = twin
    client.put("/v1/items/new-1", json=body)
    client.put("/v1/items/new-2", json={})
    ranked = client.post("/v1/rank", json={"items": [*items[:5], "new-2", "new-1"], "history": [like]})
    assert ranked.status_code == 200
    order = [r["id"] for r in ranked.json["items"]]
    assert sorted(order) == sorted([*items[:5], "new-1", "new-2"])
    assert order.index("new-1") < order.index("new-2")


def test_what_is_edited_counts_as_it_is_now_and_what_is_deleted_not_at_all(client: FlaskClient, twin):
    like, body = twin
    client.post("/v1/events", json={"user": "u", "item": like, "value": 5})
    path = "/v1/users/u/recommendations"
    client.put("/v1/items/new-1", json=body)
    before = listed(client, path)["new-1"]
    client.put("/v1/items/new-1", json={"properties": {"name": "Nothing Is Known"}})
    after = listed(client, path)["new-1"]
    assert (after["name"], after["explanation"]["path"]) == ("Nothing Is Known", [])
    assert after["rank"] > before["rank"]
    client.put("/v1/items/new-1", json=body)
    assert listed(client, path)["new-1"] == before
    client.delete("/v1/items/new-1")
    assert "new-1" not in listed(client, path)
    client.post("/v1/items:batch", json={"operations": [{"op": "put", "id": "new-1", **body}]})
    assert listed(client, path)["new-1"] == before


def test_a_path_may_lead_between_new_items(client: FlaskClient, twin):
    _, body = twin
    person = body["relations"]["DIRECTED_BY"][0]
    for id_ in ("new-1", "new-2"):
        client.put(f"/v1/items/{id_}", json={"properties": {"name": id_}, "relations": {"DIRECTED_BY": [person]}})
    found = client.get("/v1/items/new-1/similar?n=200").json["items"]
    (other,) = [r for r in found if r["id"] == "new-2"]
    assert [step["relation"] for step in other["explanation"]["path"]] == ["DIRECTED_BY", "DIRECTED_BY"]


def test_as_many_as_asked_for_come_back_with_new_ones(app: Flask, client: FlaskClient, items: list[str]):
    operations = [{"op": "put", "id": f"n{i}", "properties": {"name": f"N {i}"}} for i in range(30)]
    client.post("/v1/items:batch", json={"operations": operations})
    n_items = client.get("/v1/catalog").json["n_items"]
    recommender = app.extensions[EXTENSION].serving().recommender
    found = recommender.recommend(Query(history=(items[0],), n=1000)).recommendations
    assert len({r.id for r in found}) == len(found) == n_items - 1


def test_a_worker_that_starts_later_gives_the_same_answers(workspace: Workspace, client: FlaskClient, twin):
    like, body = twin
    client.post("/v1/events", json={"user": "u", "item": like, "value": 5})
    client.put("/v1/items/gone", json=body)
    for id_ in ("new-1", "new-2", "new-3"):
        client.put(f"/v1/items/{id_}", json={"properties": {"name": id_}, "relations": body["relations"]})
        listed(client, "/v1/users/u/recommendations")  # this worker meets them one by one
    client.delete("/v1/items/gone")
    client.post("/v1/events", json={"user": "u", "item": "new-2", "value": 5})
    later = create_app(Settings(home=workspace.root)).test_client()
    for path in ("/v1/users/u/recommendations", "/v1/items/new-3/similar"):
        assert listed(later, path) == listed(client, path)
    assert {"new-1", "new-3"} <= listed(later, "/v1/users/u/recommendations").keys()


def test_a_filter_lets_new_items_through_that_match_it(client: FlaskClient, twin):
    like, body = twin
    client.post("/v1/events", json={"user": "u", "item": like, "value": 5})
    for id_, year in (("new-1", 2031), ("new-2", 2032), ("new-3", 1950)):
        client.put(f"/v1/items/{id_}", json=body | {"properties": {"name": id_, "year": year}})
    client.post("/v1/events", json={"user": "u", "item": "new-2", "value": 5})
    answer = client.get("/v1/users/u/recommendations", query_string={"filter": "year >= 2031", "n": 50}).json
    assert [r["id"] for r in answer["items"]] == ["new-1"]
    similar = client.get("/v1/items/new-2/similar", query_string={"filter": "year >= 2030", "n": 50}).json
    assert {r["id"] for r in similar["items"]} == {"new-1"}
