"""Edits that rest on what their client has seen: done only if nobody came in between, whichever worker takes them."""

import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.http import unquote_etag

from tests.servers import Server
from tests.service.test_items_api import NEW, edits


def tag_of(client: FlaskClient, id_: str) -> str:
    return client.get(f"/v1/items/{id_}").headers["ETag"]


def test_an_edit_is_done_where_the_item_is_as_it_was_read(client: FlaskClient, items: list[str]):
    path, tag = f"/v1/items/{items[0]}", tag_of(client, items[0])
    assert unquote_etag(tag)[1] is False
    answer = client.patch(path, json={"properties": {"name": "One"}}, headers={"If-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == tag_of(client, items[0]) != tag
    answer = client.put(path, json=NEW, headers={"If-Match": f'"other", {answer.headers["ETag"]}'})
    assert answer.status_code == 200
    assert client.delete(path, headers={"If-Match": answer.headers["ETag"]}).status_code == 204


@pytest.mark.parametrize("given", ['"other"', "", "other", 'W/"{}"'])
def test_an_edit_is_not_done_where_the_item_is_another(app: Flask, client: FlaskClient, items: list[str], given: str):
    path, headers = f"/v1/items/{items[0]}", {"If-Match": given.format(tag_of(client, items[0]).strip('"'))}
    for answer in (
        client.put(path, json=NEW, headers=headers),
        client.patch(path, json={"properties": {"name": "One"}}, headers=headers),
        client.delete(path, headers=headers),
    ):
        assert (answer.status_code, answer.mimetype) == (412, "application/problem+json")
        assert answer.json["type"] == "urn:kgrec:problem:conflict"
        assert "was changed since it was read; get it again" in answer.json["detail"]
    assert edits(app) == []


def test_an_item_is_only_made_or_only_replaced(app: Flask, client: FlaskClient):
    assert client.put("/v1/items/new", json=NEW, headers={"If-Match": "*"}).status_code == 412
    assert client.put("/v1/items/new", json=NEW, headers={"If-None-Match": "*"}).status_code == 201
    again = client.put("/v1/items/new", json=NEW, headers={"If-None-Match": "*"})
    assert (again.status_code, again.json["detail"]) == (
        412,
        "item 'new' is there already; get it, and decide whether to replace it",
    )
    assert client.put("/v1/items/new", json=NEW, headers={"If-Match": "*"}).status_code == 200
    assert len(edits(app)) == 2


def test_what_others_say_of_an_item_does_not_change_its_tag(client: FlaskClient, items: list[str]):
    tag = tag_of(client, items[0])
    assert client.post("/v1/events", json={"user": "u", "item": items[0]}).status_code == 202
    assert client.put(f"/v1/items/{items[1]}", json=NEW).status_code == 200
    assert tag_of(client, items[0]) == tag


def send(server: Server, name: str, tag: str) -> int:
    body = orjson.dumps({"properties": {"name": name}})
    headers = {"Content-Type": "application/json", "If-Match": tag}
    request = urllib.request.Request(f"{server.url}/v1/items/raced", body, headers, method="PATCH")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_of_edits_that_meet_in_two_workers_one_is_done(server: Server):
    request = urllib.request.Request(
        f"{server.url}/v1/items/raced", orjson.dumps(NEW), {"Content-Type": "application/json"}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        tag = response.headers["ETag"]
    with ThreadPoolExecutor(8) as pool:
        for i in range(15):
            names = [f"{i} by {number}" for number in range(8)]  # an edit that changes nothing leaves the tag as it is
            found = Counter(pool.map(lambda name, seen=tag: send(server, name, seen), names))
            assert found == {200: 1, 412: 7}
            with urllib.request.urlopen(f"{server.url}/v1/items/raced", timeout=30) as response:
                tag = response.headers["ETag"]
