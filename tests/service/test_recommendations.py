"""What the API recommends: as many as asked, nothing excluded, explained, and new at the next request."""

from itertools import pairwise

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embed.bundle import Bundle


@pytest.mark.parametrize("n", [1, 10, 60])
def test_n_asked_is_n_returned_and_scores_descend(client: FlaskClient, users: list[str], n: int):
    n_items = client.get("/v1/catalog").json["n_items"]
    for user in users:
        unseen = n_items - client.get(f"/v1/users/{user}/history").json["n_items"]
        answer = client.get(f"/v1/users/{user}/recommendations?n={n}").json
        scores = [r["score"] for r in answer["items"]]
        assert len(scores) == min(n, unseen)
        assert [r["rank"] for r in answer["items"]] == list(range(1, len(scores) + 1))
        assert len({r["id"] for r in answer["items"]}) == len(scores)
        assert all(a >= b for a, b in pairwise(scores))
        assert answer["cold"] is False
        assert answer["degraded"] == []


def test_the_answer_names_its_model_and_its_graph(client: FlaskClient, users: list[str], bundle: Bundle):
    answer = client.get(f"/v1/users/{users[0]}/recommendations").json
    assert answer["model"] == {"version": bundle.version}
    assert bundle.manifest["snapshot"].startswith(answer["graph_version"])
    again = client.get(f"/v1/users/{users[0]}/recommendations").json
    assert again["recommendation_id"] != answer["recommendation_id"]
    assert again["items"] == answer["items"]


def test_nothing_seen_and_nothing_excluded_comes_back(client: FlaskClient, users: list[str]):
    path = f"/v1/users/{users[0]}/recommendations"
    seen = {i["id"] for i in client.get(f"/v1/users/{users[0]}/history?n=200").json["items"]}
    first = [r["id"] for r in client.get(f"{path}?n=20").json["items"]]
    rest = client.get(f"{path}?n=20&" + "&".join(f"exclude={id_}" for id_ in first)).json["items"]
    assert len(rest) == 20
    assert not {r["id"] for r in rest} & ({*first} | seen)


def test_an_explanation_joins_the_history_to_the_item(client: FlaskClient, users: list[str]):
    explained = 0
    for user in users:
        liked = {i["id"] for i in client.get(f"/v1/users/{user}/history?n=200&liked=true").json["items"]}
        for r in client.get(f"/v1/users/{user}/recommendations").json["items"]:
            path = r["explanation"]["path"]
            assert r["explanation"]["text"]
            if path:
                explained += 1
                assert path[0]["start"]["id"] in liked
                assert path[-1]["end"]["id"] == r["id"]
                assert all(a["end"] == b["start"] for a, b in pairwise(path))
                assert r["explanation"]["cypher"].startswith("MATCH")
                assert set(r["explanation"]["parameters"].values()) >= {path[0]["start"]["id"], r["id"]}
    assert explained > 20


def test_explanations_can_be_left_out(client: FlaskClient, users: list[str]):
    answer = client.get(f"/v1/users/{users[0]}/recommendations?explain=false").json
    assert {r["explanation"] for r in answer["items"]} == {None}


def test_an_unknown_user_gets_what_is_popular_and_is_told_so(client: FlaskClient):
    answer = client.get("/v1/users/nobody-yet/recommendations?n=30").json
    assert answer["cold"] is True
    assert len(answer["items"]) == 30
    assert all(r["explanation"]["path"] == [] for r in answer["items"])


def test_an_unknown_user_may_bring_a_history(client: FlaskClient, items: list[str]):
    by_user = client.get(f"/v1/users/nobody-yet/recommendations?history={items[0]}&history={items[1]}").json
    by_history = client.post("/v1/recommendations", json={"history": items[:2]}).json
    assert by_user["cold"] is by_history["cold"] is False
    assert by_user["items"] == by_history["items"]
    assert not {*items[:2]} & {r["id"] for r in by_history["items"]}


def test_who_tells_their_whole_history_is_answered_as_the_user_who_has_it(client: FlaskClient, users: list[str]):
    for user in users:
        told = client.get(f"/v1/users/{user}/history?n=200").json
        assert told["n_items"] <= 200
        oldest_first = told["items"][::-1]
        body = {
            "history": [item["id"] for item in oldest_first if item["liked"]],
            "seen": [item["id"] for item in oldest_first],
        }
        by_user = client.get(f"/v1/users/{user}/recommendations").json
        assert client.post("/v1/recommendations", json=body).json["items"] == by_user["items"]
        asked = {"items": [item["id"] for item in by_user["items"]]}
        ranked = [client.post("/v1/rank", json=asked | who).json["items"] for who in (body, {"user": user})]
        assert ranked[0] == ranked[1]


def test_what_was_seen_does_not_come_back_and_what_was_seen_lately_decides(client: FlaskClient, items: list[str]):
    def found(*seen: str) -> list[str]:
        body = {"history": items[:2], "seen": seen, "n": 20, "explain": False}
        return [item["id"] for item in client.post("/v1/recommendations", json=body).json["items"]]

    first = found()
    assert not set(first[:10]) & set(found(*first[:10]))
    assert found(*items[:2]) == first
    assert found(*reversed(items[:2])) != first
    assert found(items[1], *items[:2]) == first  # of what is named twice, the last time counts


def test_a_whole_history_may_be_long(client: FlaskClient, items: list[str]):
    assert client.post("/v1/recommendations", json={"history": items * 500}).status_code == 200
    assert client.post("/v1/recommendations", json={"history": items * 501}).status_code == 400


def test_without_a_history_the_body_is_answered_with_what_is_popular(client: FlaskClient):
    assert client.post("/v1/recommendations", json={}).json["cold"] is True


def test_similar_items_are_others(client: FlaskClient, items: list[str]):
    answer = client.get(f"/v1/items/{items[0]}/similar?n=5").json
    assert len(answer["items"]) == 5
    assert items[0] not in {r["id"] for r in answer["items"]}


@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ranking_is_an_order_of_what_was_given(client: FlaskClient, items: list[str], data: st.DataObject):
    given_items = data.draw(st.lists(st.sampled_from(items), min_size=1, max_size=10, unique=True))
    history = data.draw(st.lists(st.sampled_from(items), max_size=3, unique=True))
    answer = client.post("/v1/rank", json={"items": given_items, "history": history}).json
    assert sorted(r["id"] for r in answer["items"]) == sorted(given_items)
    scores = [r["score"] for r in answer["items"]]
    assert scores == sorted(scores, reverse=True)


def test_an_item_says_what_the_graph_knows_of_it(client: FlaskClient, items: list[str]):
    found = client.get(f"/v1/items/{items[0]}").json
    assert found["id"] == items[0]
    assert found["properties"]["name"] == found["name"]
    assert found["relations"]
    assert all(step["start"]["id"] == items[0] for step in found["relations"])


def test_items_are_found_by_name_whatever_the_case(client: FlaskClient, items: list[str]):
    name = client.get(f"/v1/items/{items[0]}").json["name"]
    for words in (name, name.upper(), name[:5].lower()):
        found = client.get("/v1/items", query_string={"q": words, "n": 200}).json["items"]
        assert items[0] in {item["id"] for item in found}
    assert client.get("/v1/items?q=no+item+has+this+name").json == {"items": [], "next_page_token": None}


@pytest.mark.parametrize(("path", "key"), [("/v1/items", "items"), ("/v1/users", "users")])
def test_pages_follow_each_other_without_gap_or_overlap(client: FlaskClient, path: str, key: str):
    pages, token = [], ""
    while token is not None:
        page = client.get(f"{path}?n=7&page_token={token}").json
        pages.append(page[key])
        token = page["next_page_token"]
    found = [str(entry) for page in pages for entry in page]
    assert len(found) == len(set(found)) == client.get("/v1/catalog").json[f"n_{key}"]
    assert {len(page) for page in pages[:-1]} == {7}


def test_the_catalog_speaks_the_ontologys_words(client: FlaskClient, bundle: Bundle):
    catalog = client.get("/v1/catalog").json
    classes = bundle.ontology.classes
    assert catalog["item"]["label"] == classes[catalog["item"]["class"]].label
    assert catalog["relations"].keys() == bundle.ontology.relations.keys()
    assert [e["relation"] for e in catalog["events"]] == [r.name for r in bundle.ontology.interactions()]


def test_the_models_are_listed_with_the_current_one(client: FlaskClient, bundle: Bundle):
    (model,) = client.get("/v1/models").json["models"]
    assert model["version"] == bundle.version
    assert model["current"] is True
    assert model["metrics"] == bundle.manifest["metrics"]
    assert model["settings"]["transe.dim"] == bundle.manifest["options"]["teachers"]["transe"]["dim"]
    assert model["settings"]["seed"] == 0
    assert model["libraries"] == bundle.manifest["libraries"]
    (training,) = model["trainings"]
    assert training.keys() == {"began", "seconds", "peak_mib", "resumed", "device"}
    assert training["seconds"] > 0
