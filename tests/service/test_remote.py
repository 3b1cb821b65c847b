"""`kg evaluate --url`: a real server gives the lists that are scored offline, and whatever is not one is named."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import orjson
import pytest

from embed.bundle import Bundle, current
from kg.workspace import Workspace
from ontology.errors import InputError, KgrecError, NotReadyError, StoreError
from retrieval.answer import Query
from service.remote import Service
from tests.relays import relay
from tests.servers import Server, free_port, start
from tests.service.test_cli import asked, run
from tests.service.test_service import other_bundle, point

ANY = Query(n=3, explain=False)


def test_a_running_service_scores_as_what_is_offline(workspace: Workspace, server: Server):
    table = asked(workspace.root, "evaluate", "-k", 10, "--url", server.url + "/")
    pipeline, service = table["rows"][-2:]
    assert service["system"] == "REST service"
    assert service["ndcg_less"] == service["recall_less"] == {"value": 0, "margin": 0, "p": 1}
    told = {"system", "ndcg_less", "recall_less"}
    assert {k: v for k, v in service.items() if k not in told} == {k: v for k, v in pipeline.items() if k not in told}
    assert table["rows"][:-1] == asked(workspace.root, "evaluate", "-k", 10)["rows"]


def test_what_users_did_since_does_not_count(workspace: Workspace, server: Server, bundle: Bundle):
    """Neither the events of the journal nor what is held out is known to who is asked by a history."""
    before = asked(workspace.root, "evaluate", "-k", 5, "--url", server.url)
    user = bundle.catalog.keys[bundle.catalog.n_items]
    events = [{"user": user, "item": key} for key in bundle.catalog.keys[:50]]
    assert server.ask("/v1/events", events)["accepted"] == 50
    assert asked(workspace.root, "evaluate", "-k", 5, "--url", server.url) == before


def test_an_item_that_was_deleted_is_missing_from_both(workspace: Workspace, server: Server):
    """The edit is in the journal, which the server and the command share."""
    best = server.ask("/v1/recommendations", {"n": 1})["items"][0]["id"]
    server.ask("/v1/items:batch", {"operations": [{"op": "delete", "id": best}]})
    table = asked(workspace.root, "evaluate", "-k", 5, "--url", server.url)
    assert table["rows"][-1]["ndcg_less"] == {"value": 0, "margin": 0, "p": 1}


def test_another_bundle_is_named_with_what_to_do(workspace: Workspace, server: Server, tmp_path: Path):
    served = current(workspace.models).name
    mine = Workspace(tmp_path / "mine")
    mine.models.parent.mkdir()
    mine.models.symlink_to(workspace.models)
    assert run(mine.root, "evaluate", "-k", 5, "--url", server.url).returncode == 0
    with pytest.raises(InputError, match=f"answers from bundle {served}, and this workspace has another: set KG_HOME"):
        Service.at(server.url, "another").recommend(ANY)
    point(workspace, other_bundle(workspace))
    with pytest.raises(InputError, match=f"answers from bundle (?!{served})"):
        Service.at(server.url, served).recommend(ANY)


def test_what_the_service_refuses_is_its_own_sentence(workspace: Workspace, server: Server):
    done = run(workspace.root, "evaluate", "-k", 201, "--url", server.url, status=2)
    assert "refused: /n Input should be less than or equal to 200" in done.stderr
    service = Service.at(server.url, current(workspace.models).name)
    with pytest.raises(InputError, match="/history/0 'no-such' is not an item"):
        service.recommend(Query(history=("no-such",)))


def test_a_service_that_went_away(workspace: Workspace, server: Server):
    with relay(server.url) as way:
        service = Service.at(way.uri, current(workspace.models).name)
        assert len(service.recommend(ANY)) == 3
        way.cut()
        with pytest.raises(
            NotReadyError, match=f"no service answers at {way.uri} .*refused.*: start it with `kg serve`"
        ):
            service.recommend(ANY)


def test_a_service_without_a_bundle_says_what_to_run(tmp_path: Path):
    server = start(tmp_path / "kg", ready="/livez", workers=1)
    with pytest.raises(NotReadyError, match="run `kg train` first"):
        Service.at(server.url, "any").recommend(ANY)
    assert server.stop() == 0


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://[::1", "http://h:99999", ""])
def test_an_address_that_is_none(url: str):
    with pytest.raises(InputError, match="is no address of a service; write it as http:"):
        Service.at(url, "any")


@pytest.mark.parametrize(
    ("url", "status", "sentence"),
    [
        pytest.param(f"http://127.0.0.1:{free_port()}", 4, "no service answers", id="nobody"),
        ("http://no..host", 4, "no service answers"),
        ("127.0.0.1:8080", 2, "is no address"),
        ("", 2, "is no address"),
    ],
)
def test_the_command_says_it_in_one_sentence(workspace: Workspace, url: str, status: int, sentence: str):
    done = run(workspace.root, "evaluate", "--url", url, status=status)
    assert sentence in done.stderr
    assert done.stdout == ""


@contextmanager
def answering(status: int, text: bytes) -> Iterator[str]:
    """The address of another web server, which answers every POST alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text)

    web = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=web.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{web.server_port}"
    finally:
        web.shutdown()
        web.server_close()


WITHOUT = {"items": [], "model": {"version": "v"}, "degraded": ["live"]}


@pytest.mark.parametrize(
    ("status", "answer", "kind", "sentence"),
    [
        (200, b"<html>", InputError, "is no service of kgrec .it answered 200, without JSON"),
        (302, b"", InputError, "is no service of kgrec .it answered 302, without JSON"),
        (404, b"[]", InputError, "is no service of kgrec .it answered 404"),
        (200, b"[]", InputError, "is no service of kgrec .its answer has no recommendations"),
        (200, b'{"items": [1], "model": {"version": "v"}}', InputError, "has no recommendations"),
        (500, b'{"detail": "it broke"}', NotReadyError, "refused: it broke"),
        (200, orjson.dumps(WITHOUT), StoreError, "answered without live: see its log"),
    ],
)
def test_what_answers_is_something_else(status: int, answer: bytes, kind: type[KgrecError], sentence: str):
    with answering(status, answer) as url, pytest.raises(kind, match=sentence):
        Service.at(url, "v").recommend(ANY)
