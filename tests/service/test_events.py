"""Events: on disk before they are acknowledged, once, checked, and counting at the next request."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from embed.bundle import Bundle
from kg.triples import Interaction
from ontology.model import USER
from service.engine import EXTENSION


def journalled(app: Flask) -> list[Interaction]:
    return [event for _, event in app.extensions[EXTENSION].journal.since(0)]


def test_an_event_counts_at_the_next_request(client: FlaskClient):
    path = "/v1/users/somebody-new/recommendations"
    before = client.get(path).json
    liked = before["items"][0]["id"]
    answer = client.post("/v1/events", json={"user": "somebody-new", "item": liked})
    assert answer.status_code == 202
    after = client.get(path).json
    assert before["cold"] is True
    assert after["cold"] is False
    assert liked not in {r["id"] for r in after["items"]}
    assert client.get("/v1/users/somebody-new/history").json["items"][0]["id"] == liked
    assert "somebody-new" in client.get("/v1/users?q=somebody").json["users"]


def test_what_is_left_out_is_filled_in(app: Flask, client: FlaskClient, items: list[str], bundle: Bundle):
    answer = client.post("/v1/events", json={"user": "u", "item": items[0]}).json
    (event,) = journalled(app)
    (relation,) = bundle.ontology.interactions()
    assert answer == {"accepted": 1, "duplicates": 0, "ids": [event.id]}
    assert event.relation == relation.name
    assert event.value == relation.positive_from
    assert event.user.cls == relation.domain
    assert bundle.ontology.is_a(event.user.cls, USER)
    assert event.at > 1_600_000_000_000


def test_what_is_given_is_kept(app: Flask, client: FlaskClient, items: list[str], bundle: Bundle):
    (relation,) = bundle.ontology.interactions()
    given = {"id": "mine", "user": "ü/ser 1", "item": items[0], "relation": relation.name, "value": 2, "at": 5}
    client.post("/v1/events", json=given)
    (event,) = journalled(app)
    assert (event.id, event.user.key, event.item.key, event.value, event.at) == ("mine", "ü/ser 1", items[0], 2.0, 5)
    history = client.get("/v1/users/%C3%BC%2Fser%201/history").json["items"]
    assert [(i["id"], i["liked"]) for i in history] == [(items[0], False)]


def test_a_retry_is_harmless(app: Flask, client: FlaskClient, items: list[str]):
    batch = [{"id": f"e{i}", "user": "u", "item": item} for i, item in enumerate(items)]
    assert client.post("/v1/events", json=batch).json["accepted"] == len(items)
    again = client.post("/v1/events", json=batch).json
    assert (again["accepted"], again["duplicates"]) == (0, len(items))
    assert [e.id for e in journalled(app)] == again["ids"] == [e["id"] for e in batch]


def test_a_list_is_accepted_as_a_whole_or_not_at_all(app: Flask, client: FlaskClient, items: list[str]):
    batch = [
        {"user": "u", "item": items[0]},
        {"user": "u", "item": "none"},
        {"user": "u", "item": "x", "relation": "Y"},
    ]
    answer = client.post("/v1/events", json=batch)
    assert answer.status_code == 400
    assert [e["pointer"] for e in answer.json["errors"]] == ["/1/item", "/2/item", "/2/relation"]
    assert journalled(app) == []


@pytest.mark.parametrize("count", [1000, 1001])
def test_a_list_has_at_most_1000_events(app: Flask, items: list[str], count: int):
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20
    batch = [{"user": "u", "item": items[0]}] * count
    answer = app.test_client().post("/v1/events", json=batch)
    assert answer.status_code == (202 if count == 1000 else 400)
    assert len(journalled(app)) == (1000 if count == 1000 else 0)


def test_when_the_journal_fails_nothing_is_acknowledged_and_answers_go_on(app: Flask, items: list[str]):
    client = app.test_client()
    app.extensions[EXTENSION].journal.close()
    answer = client.post("/v1/events", json={"user": "u", "item": items[0]})
    assert answer.status_code == 503
    assert answer.json["type"] == "urn:kgrec:problem:store"
    assert client.get("/v1/users/u/recommendations").json["degraded"] == ["live"]
