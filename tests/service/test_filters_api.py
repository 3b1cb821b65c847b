"""Filters through the API and the command: what comes back, and what a wrong one is answered with."""

import urllib.error
import urllib.parse
import urllib.request

import pytest
from flask.testing import FlaskClient

from kg.workspace import Workspace
from tests.servers import Server
from tests.service.test_cli import run
from tests.service.test_items_server import send

DRAMA = 'genre is_a "Drama" and year >= 1980'


def is_drama(item: dict) -> bool:
    genres = {step["end"]["id"] for step in item["relations"] if step["relation"] == "HAS_GENRE"}
    return "Drama" in genres and item["properties"]["year"] >= 1980


def test_every_answer_has_only_what_matches(client: FlaskClient, users: list[str], items: list[str]):
    answers = [
        client.get(f"/v1/users/{users[0]}/recommendations", query_string={"filter": DRAMA}),
        client.get("/v1/users/nobody/recommendations", query_string={"filter": DRAMA}),
        client.post("/v1/recommendations", json={"history": items[:3], "filter": DRAMA}),
        client.get(f"/v1/items/{items[0]}/similar", query_string={"filter": DRAMA}),
        client.get("/v1/items", query_string={"filter": DRAMA}),
    ]
    for answer in answers:
        found = answer.json["items"]
        assert len(found) >= 10
        assert all(is_drama(client.get(f"/v1/items/{one['id']}").json) for one in found)


def test_a_search_goes_through_all_pages_of_what_matches(client: FlaskClient):
    everything = [item["id"] for item in client.get("/v1/items?n=200").json["items"]]
    expected = [id_ for id_ in everything if is_drama(client.get(f"/v1/items/{id_}").json)]
    found, token = [], ""
    while token is not None:
        page = client.get("/v1/items", query_string={"filter": DRAMA, "n": 7, "page_token": token}).json
        found += [item["id"] for item in page["items"]]
        token = page["next_page_token"]
    assert found == expected
    assert client.get("/v1/items", query_string={"filter": "year > 3000"}).json["items"] == []
    both = client.get("/v1/items", query_string={"filter": DRAMA, "q": "the", "n": 200}).json["items"]
    assert {one["id"] for one in both} == {one["id"] for one in client.get("/v1/items?q=the&n=200").json["items"]} & {
        *expected
    }


@pytest.mark.parametrize(
    ("filter_", "detail"),
    [
        ("yaer > 1990", "filter, character 1: 'yaer' is no property and no relation of Film; did you mean year?"),
        ("year > 'x'", "filter, character 8: 'year' is an integer, and 'x' is none; write it like 1990"),
        ("year >", "filter, character 7: the filter ends where a value"),
        ("", "filter, character 1: the filter ends where a property or a relation is expected"),
        ("a" * 10_001, "filter, character 10001: a filter has at most 10,000 characters"),
    ],
)
def test_a_wrong_filter_is_a_problem_that_shows_where(
    client: FlaskClient, items: list[str], users: list[str], filter_: str, detail: str
):
    query = {"filter": filter_}
    for path in (f"/v1/users/{users[0]}/recommendations", f"/v1/items/{items[0]}/similar", "/v1/items"):
        answer = client.get(path, query_string=query)
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
        (part,) = answer.json["errors"]
        assert part["parameter"] == "filter"
        assert part["detail"].startswith(detail)
        assert answer.json["detail"] == part["detail"]
    answer = client.post("/v1/recommendations", json=query)
    (part,) = answer.json["errors"]
    assert part["pointer"] == "/filter"
    assert part["detail"].startswith(detail)


def test_a_filter_is_a_text_given_once(client: FlaskClient):
    for filter_ in (3, ["year = 1"], {}):
        answer = client.post("/v1/recommendations", json={"filter": filter_})
        assert [part["pointer"] for part in answer.json["errors"]] == ["/filter"]
    assert client.post("/v1/recommendations", json={"filter": None}).status_code == 200
    answer = client.get("/v1/items?filter=year=1&filter=year=2")
    assert "filter is given 2 times" in answer.json["detail"]


def test_what_was_edited_counts_for_every_worker_at_its_next_request(server: Server):
    def found(filter_: str) -> list[str]:
        asked = urllib.parse.urlencode({"filter": filter_, "n": 50})
        return sorted(item["id"] for item in server.ask(f"/v1/items?{asked}")["items"])

    assert found("year = 2345") == []
    old = server.ask("/v1/items?n=1")["items"][0]["id"]
    for i in range(10):
        body = {"properties": {"name": f"New {i}", "year": 2345}, "relations": {"HAS_GENRE": ["Drama"]}}
        assert send(server, "PUT", f"/v1/items/new-{i}", body) == 201
        assert send(server, "PATCH", f"/v1/items/{old}", {"properties": {"year": 2345 + i}}) == 200
        new = [f"new-{j}" for j in range(i + 1)]
        assert [found("year = 2345 and genre is_a 'Drama' and name contains 'new'") for _ in range(4)] == [new] * 4
        assert [found(f"year = {2345 + i} and not name contains 'new'") for _ in range(4)] == [[old]] * 4
    asked = urllib.parse.urlencode({"filter": f"year = {2345 + 9}"})
    assert [server.ask(f"/v1/users/u/recommendations?{asked}")["items"][0]["id"] for _ in range(4)] == [old] * 4
    assert send(server, "DELETE", f"/v1/items/{old}") == 204
    assert [server.ask(f"/v1/users/u/recommendations?{asked}")["items"] for _ in range(4)] == [[]] * 4
    with pytest.raises(urllib.error.HTTPError, match="400"):
        server.ask("/v1/items?filter=yaer")


def test_the_command_takes_a_filter_and_says_what_is_wrong_with_it(shop: Workspace):
    done = run(
        shop.root, "recommend", "--filter", "category is_a 'kitchen' and price < 100 and in_stock = true", "-n", 3
    )
    assert len([line for line in done.stdout.splitlines() if line.strip()[:1].isdigit()]) == 3
    done = run(shop.root, "recommend", "--filter", "prize < 5", status=2)
    assert done.stderr == (
        "kg: filter, character 1: 'prize' is no property and no relation of Item; did you mean price?\n"
    )
    assert run(shop.root, "similar", "no-such", "--filter", "price < 5", status=2).stderr.startswith(
        "kg: there is no item"
    )
