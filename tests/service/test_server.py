"""The real server: two workers over loopback, events seen by all of them, a clean stop."""

import http.client
import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from embed.bundle import Bundle
from kg.connect import connect
from kg.journal import Journal
from kg.triples import Entity
from kg.workspace import Workspace
from tests.servers import COMMAND, Server, free_port, start


def workers(server: Server) -> list[psutil.Process]:
    return [child for child in psutil.Process(server.process.pid).children() if is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return False  # ended, and not yet waited for by its parent


def test_an_event_is_seen_by_every_worker_at_its_next_request(server: Server):
    items = [item["id"] for item in server.ask("/v1/items?n=30")["items"]]
    for i, item in enumerate(items):
        user = f"visitor-{i}"
        assert server.ask("/v1/events", {"user": user, "item": item})["accepted"] == 1
        answers = [server.ask(f"/v1/users/{user}/history") for _ in range(4)]
        assert [[found["id"] for found in a["items"]] for a in answers] == [[item]] * 4
    metrics = metrics_text(server)
    assert 'kgrec_events_total{outcome="accepted"} 30.0' in metrics
    assert "kgrec_journal_events 30.0" in metrics


def metrics_text(server: Server) -> str:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    connection.request("GET", "/metrics")
    return connection.getresponse().read().decode()


def test_both_workers_answer_many_at_once(server: Server):
    users = server.ask("/v1/users?n=20")["users"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda u: server.ask(f"/v1/users/{u}/recommendations?n=3"), users * 5))
    assert {len(answer["items"]) for answer in answers} == {3}
    assert len(workers(server)) == 2
    first = {user: answer["items"] for user, answer in zip(users, answers[: len(users)], strict=True)}
    assert all(answer["items"] == first[user] for user, answer in zip(users * 5, answers, strict=True))


def test_sigterm_ends_it_cleanly_and_leaves_nothing_behind(server: Server):
    started = psutil.Process(server.process.pid).children(recursive=True)
    assert server.stop() == 0
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
    with pytest.raises(OSError, match="refused"):
        server.ask("/livez")


def test_workers_end_when_the_server_is_killed(server: Server):
    started = workers(server)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    _, alive = psutil.wait_procs(started, timeout=15)
    assert alive == []


def test_a_worker_that_dies_is_replaced(server: Server):
    (first, _) = workers(server)
    first.kill()
    deadline = monotonic() + 60
    while first in (now := workers(server)) or len(now) < 2:
        assert monotonic() < deadline
        sleep(0.1)
    assert len(now) == 2


def test_kill_9_of_everything_loses_no_acknowledged_event(workspace: Workspace):
    server = start(workspace.root, workers=2)
    item = server.ask("/v1/items?n=1")["items"][0]["id"]
    ids = [server.ask("/v1/events", [{"user": "u", "item": item}] * 3)["ids"] for _ in range(20)]
    for process in [*workers(server), psutil.Process(server.process.pid)]:
        process.kill()
    server.process.wait()
    journal = Journal(workspace.journal)
    assert [e.id for _, e in journal.since(0)] == [id_ for batch in ids for id_ in batch]
    journal.close()


def test_events_reach_the_graph_store(workspace: Workspace, bundle: Bundle):
    catalog = bundle.catalog
    entities = [Entity(catalog.classes[catalog.entity_class[i]], catalog.keys[i]) for i in range(3)]
    with connect(workspace.graph, {}) as store:
        store.upsert_entities(entities)
    server = start(workspace.root, workers=1, drain_every=0.1)
    events = [{"user": "new", "item": entity.key, "value": 4.5} for entity in entities]
    ids = server.ask("/v1/events", events)["ids"]
    deadline = monotonic() + 60
    while "kgrec_journal_waiting 0.0" not in metrics_text(server):
        assert monotonic() < deadline
        sleep(0.1)
    (relation,) = bundle.ontology.interactions()
    with connect(workspace.graph, {}) as store:  # the server has it open: this joins
        found = {x.id: x for x in store.interactions(relation.name)}
    assert [found[id_].item.key for id_ in ids] == [entity.key for entity in entities]
    assert {found[id_].value for id_ in ids} == {4.5}
    assert server.stop() == 0


@pytest.mark.parametrize("kib", [10, 4096])
@pytest.mark.parametrize("chunked", [False, True], ids=["of a length", "of no length"])
def test_a_body_that_is_too_large_is_refused_where_its_sender_sees_it(workspace: Workspace, kib: int, chunked: bool):
    server = start(workspace.root, workers=1, max_body=2000)
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    headers = {"Content-Type": "application/json"} | ({"Transfer-Encoding": "chunked"} if chunked else {})
    body = (b" " * 1024 for _ in range(kib)) if chunked else b" " * 1024 * kib
    connection.request("POST", "/v1/events", body, headers, encode_chunked=chunked)  # all of it, before any answer
    answer = connection.getresponse()
    assert answer.status == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert server.stop() == 0


def fails_to_start(home: Path, port: int) -> str:
    env = os.environ | {"KG_HOME": str(home), "KG_PORT": str(port)}
    run = subprocess.run(COMMAND, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode != 0
    return run.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in fails_to_start(tmp_path, port)


def test_a_journal_that_cannot_be_opened_is_said(tmp_path: Path):
    (tmp_path / "journal.sqlite").mkdir()
    assert "cannot open the journal" in fails_to_start(tmp_path, free_port())
