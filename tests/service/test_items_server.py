"""Edits on the real server: seen by every worker at once, drained behind events, kept while the graph is away."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import orjson
import psutil
import pytest

from embed.bundle import Bundle
from kg.connect import connect
from kg.store import GraphStore
from kg.triples import Entity, Ref, Triple
from kg.workspace import Workspace
from tests.servers import Server, start


def send(server: Server, method: str, path: str, body: object = None) -> int:
    """Over a new connection, so that any worker may answer; gives the status."""
    data = None if body is None else orjson.dumps(body)
    request = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def names(server: Server, words: str) -> list[str]:
    return [item["id"] for item in server.ask(f"/v1/items?q={words}")["items"]]


def test_an_edit_is_seen_by_every_worker_at_its_next_request(server: Server):
    for i in range(15):
        path = f"/v1/items/new-{i}"
        assert send(server, "PUT", path, {"properties": {"name": f"Novelty{i}x"}}) == 201
        assert [names(server, f"novelty{i}x") for _ in range(4)] == [[f"new-{i}"]] * 4
        assert send(server, "PATCH", path, {"properties": {"name": f"Changed{i}x"}}) == 200
        assert [server.ask(path)["name"] for _ in range(4)] == [f"Changed{i}x"] * 4
        assert send(server, "POST", "/v1/events", {"user": "u", "item": f"new-{i}"}) == 202
        assert send(server, "DELETE", path) == 204
        assert {send(server, "GET", path) for _ in range(4)} == {404}
    assert len(server.ask("/v1/users/u/history")["items"]) == 15


@contextmanager
def graph(workspace: Workspace) -> Iterator[GraphStore]:
    with connect(workspace.graph, {}) as store:
        yield store


def drained(server: Server) -> None:
    deadline = monotonic() + 90
    while "kgrec_journal_waiting 0.0" not in metrics(server):
        assert monotonic() < deadline, "not drained in time"
        sleep(0.1)


def metrics(server: Server) -> str:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=30) as response:
        return response.read().decode()


def test_edits_and_events_reach_the_graph_in_their_order(workspace: Workspace, bundle: Bundle):
    catalog = bundle.catalog
    with graph(workspace) as store:
        store.migrate(bundle.ontology)
        store.upsert_entities([Entity("Film", catalog.keys[0], {"name": "Old", "year": 1}), Entity("Genre", "Drama")])
        store.upsert_triples([Triple(Ref("Film", catalog.keys[0]), "HAS_GENRE", Ref("Genre", "Drama"))])
    server = start(workspace.root, workers=2, drain_every=0.1)
    new = {"properties": {"name": "New", "year": 2026}, "relations": {"HAS_GENRE": ["Drama"]}}
    assert send(server, "PUT", "/v1/items/new", new) == 201
    assert send(server, "POST", "/v1/events", {"user": "u", "item": "new", "value": 4}) == 202
    assert send(server, "PUT", "/v1/items/gone", new) == 201
    assert send(server, "DELETE", "/v1/items/gone") == 204
    patch = {"properties": {"year": None}, "relations": {"HAS_GENRE": []}}
    assert send(server, "PATCH", f"/v1/items/{catalog.keys[0]}", patch) == 200
    drained(server)
    with graph(workspace) as store:
        found = {
            e.key: {n: v for n, v in e.properties.items() if not n.startswith("kg_")} for e in store.entities("Film")
        }
        assert found == {catalog.keys[0]: {"name": "Old"}, "new": new["properties"]}
        assert list(store.triples("HAS_GENRE")) == [("Film", "new", "Genre", "Drama")]
        (relation,) = bundle.ontology.interactions()
        assert [(x.user.key, x.item.key, x.value) for x in store.interactions(relation.name)] == [("u", "new", 4.0)]
    assert server.stop() == 0


def test_while_the_graph_is_away_edits_are_taken_and_wait_over_a_kill(
    workspace: Workspace, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KG_GRAPH", "bolt://127.0.0.1:9")  # nothing listens at the discard port
    server = start(workspace.root, workers=2, drain_every=0.1)
    key = bundle.catalog.keys[0]
    assert send(server, "PUT", "/v1/items/new", {"properties": {"name": "New"}}) == 201
    assert send(server, "DELETE", f"/v1/items/{key}") == 204
    sleep(0.5)
    assert "kgrec_journal_waiting 2.0" in metrics(server)
    kill(server)
    monkeypatch.delenv("KG_GRAPH")
    with graph(workspace) as store:
        store.migrate(bundle.ontology)
        store.upsert_entities([Entity("Film", key, {"name": "Old"})])
    again = start(workspace.root, workers=2, drain_every=0.1)
    assert again.ask("/v1/items/new")["name"] == "New"
    assert send(again, "GET", f"/v1/items/{key}") == 404
    drained(again)
    with graph(workspace) as store:
        assert [e.key for e in store.entities("Film")] == ["new"]
    assert again.stop() == 0


def kill(server: Server) -> None:
    for process in [*psutil.Process(server.process.pid).children(recursive=True), psutil.Process(server.process.pid)]:
        process.kill()
    server.process.wait()


@pytest.mark.parametrize(("allow", "status"), [("", 403), ("1", 201)])
def test_where_others_reach_it_the_operator_decides(workspace: Workspace, allow: str, status: int):
    server = start(workspace.root, workers=1, host="0.0.0.0", **({"allow_writes": allow} if allow else {}))
    assert send(server, "PUT", "/v1/items/x", {}) == status
    assert send(server, "GET", "/v1/items/x") == (404 if status == 403 else 200)
    assert server.stop() == 0
