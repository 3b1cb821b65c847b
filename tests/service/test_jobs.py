"""Loads through the API: uploaded, run beside the service one at a time, followed, cancelled, and survived."""

import http.client
import io
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kg.connect import connect
from kg.workspace import Workspace
from service.app import create_app
from service.jobrunner import keep_running, run
from service.jobs import Job, find, jobs
from service.settings import Settings
from tests.servers import Server, start

SHOP = Path(__file__).parents[1] / "catalogs" / "shop"
FILES = ("products.csv", "categories.csv", "brands.tsv", "events.jsonl")
JOBS = "/v1/ingest/jobs"
Form = dict[str, Any]


def part(name: str, content: bytes | None = None) -> tuple[io.BytesIO, str]:
    return io.BytesIO((SHOP / name).read_bytes() if content is None else content), name


def form(**changed: Any) -> Form:
    """The shop, with some parts changed or left out."""
    whole = {
        "mapping": part("shop.mapping.yaml"),
        "ontology": part("shop.ttl"),
        "files": [part(name) for name in FILES],
    }
    return {name: value for name, value in (whole | changed).items() if value is not None}


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    """A workspace in which nothing was trained: a first load needs no bundle."""
    return Workspace(tmp_path / "kg")


@pytest.fixture
def shop_app(home: Workspace) -> Flask:
    return create_app(Settings(home=home.root, upload_mib=1))


@pytest.fixture
def shop_client(shop_app: Flask) -> FlaskClient:
    return shop_app.test_client()


def run_all(home: Workspace) -> None:
    for job in jobs(home.jobs):
        if job.state() == "queued":
            run(job, home, threading.Event())


def wait_for(reached: Any, seconds: float = 90.0) -> Any:
    deadline = monotonic() + seconds
    while not (found := reached()):
        assert monotonic() < deadline, "not reached in time"
        sleep(0.05)
    return found


def test_files_are_loaded_and_the_report_is_that_of_a_load(home: Workspace, shop_client: FlaskClient):
    bad = (SHOP / "products.csv").read_bytes() + b"KN-999,Broken,fjell,knives,cheap,yes,2024-01-01\n"
    answer = shop_client.post(JOBS, data=form(files=[part("products.csv", bad), *(part(n) for n in FILES[1:])]))
    assert answer.status_code == 202
    job = answer.json
    assert answer.headers["Location"] == f"{JOBS}/{job['id']}"
    assert (job["state"], job["report"], job["files"], job["mapping"]) == (
        "queued",
        None,
        [*FILES],
        "shop.mapping.yaml",
    )
    run_all(home)
    done = shop_client.get(answer.headers["Location"]).json
    assert (done["state"], done["detail"]) == ("done", None)
    assert done["created"] <= done["started"] <= done["ended"]
    report = done["report"]
    assert report["refused"] == 1
    assert report["read"] == report["loaded"] + 1
    assert report["entities"]["Product"] > 10
    (reject,) = done["rejects"]
    assert (reject["file"], reject["column"], reject["value"]) == ("products.csv", "price", "cheap")
    assert reject["line"] == bad.count(b"\n")
    assert "is not a number" in reject["reason"]
    whole = shop_client.get(f"{JOBS}/{job['id']}/rejects")
    assert whole.mimetype == "application/x-ndjson"
    assert [json.loads(line) for line in whole.text.splitlines()] == [reject]
    with connect(home.graph, {}) as store:
        assert store.counts()["Product"] == report["entities"]["Product"]
    assert home.ontology.exists()
    assert not find(home.jobs, job["id"]).files.exists(), "uploads are not kept"


@pytest.mark.parametrize(
    ("changed", "parameters"),
    [
        ({"mapping": None}, ["mapping"]),
        ({"files": None}, ["files"]),
        ({"mapping": "text"}, ["mapping", "mapping"]),
        ({"mapping": [part("shop.mapping.yaml", b"a"), part("other.yaml", b"b")]}, ["mapping"]),
        ({"more": part("x.csv", b"a")}, ["more"]),
        ({"files": [part("a.csv", b"1"), part("a.csv", b"2")]}, ["files"]),
        ({"files": [part("../a.csv", b"1")]}, ["files"]),
        ({"files": [part("/etc/passwd", b"1")]}, ["files"]),
        ({"files": [part(".hidden", b"1")]}, ["files"]),
        ({"files": [part("-", b"1")]}, ["files"]),
        ({"files": [part("a*.csv", b"1")]}, ["files"]),
        ({"files": [part("x" * 201, b"1")]}, ["files"]),
        ({"files": [part("ü" * 101, b"1")]}, ["files"]),
    ],
)
def test_a_form_that_lacks_something_makes_no_job(
    home: Workspace, shop_client: FlaskClient, changed: Form, parameters: list[str]
):
    answer = shop_client.post(JOBS, data=form(**changed))
    assert answer.status_code == 400
    assert [e["parameter"] for e in answer.json["errors"]] == parameters
    assert shop_client.get(JOBS).json == {"jobs": []}
    assert [path.name for path in home.jobs.iterdir()] == []


def test_only_a_form_is_taken(shop_client: FlaskClient):
    assert shop_client.post(JOBS, json={}).status_code == 415
    torn = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\nhalf'
    answer = shop_client.post(JOBS, data=torn, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400
    answer = shop_client.post(JOBS, data=b"", headers={"Content-Type": "multipart/form-data"})
    assert answer.status_code == 400


def test_an_upload_is_bounded(home: Workspace, shop_client: FlaskClient):
    assert shop_client.post(JOBS, data=form(files=[part("a.csv", b"x" * 900_000)])).status_code == 202
    answer = shop_client.post(JOBS, data=form(files=[part("a.csv", b"x" * 1_100_000)]))
    assert answer.status_code == 413
    assert "1048576 bytes" in answer.json["detail"]
    assert len(list(home.jobs.iterdir())) == 1


@pytest.mark.parametrize(
    ("mapping", "detail"),
    [
        ("ontology: [", "mapping shop.mapping.yaml, line 1"),
        ("ontology: other.ttl\nfiles: {a.csv: {entity: {class: Product, key: id}}}", "ontology other.ttl, which was"),
        ("ontology: ../../../x.ttl\nfiles: {a.csv: {entity: {class: Product, key: id}}}", "ontology x.ttl, which was"),
        ("ontology: /etc/hostname\nfiles: {a.csv: {entity: {class: Product, key: id}}}", "hostname, which was not"),
        ("ontology: shop.ttl\nfiles: {a.csv: {entity: {class: Nil, key: id}}}", "'Nil' is not in the ontology"),
        ("ontology: shop.ttl\nfiles: {a.csv: {entity: {class: Product, key: sku}}}", "has no column 'sku'"),
        ("ontology: shop.ttl\nfiles: {b.csv: {entity: {class: Product, key: id}}}", "a.csv is not in the mapping"),
    ],
)
def test_what_a_load_would_refuse_is_a_failed_job_with_its_sentence(
    home: Workspace, shop_client: FlaskClient, mapping: str, detail: str
):
    parts = form(mapping=part("shop.mapping.yaml", mapping.encode()), files=[part("a.csv", b"id\n1\n")])
    path = shop_client.post(JOBS, data=parts).headers["Location"]
    run_all(home)
    job = shop_client.get(path).json
    assert (job["state"], job["report"]) == ("failed", None)
    assert detail in job["detail"]


def test_uploads_are_never_imported(home: Workspace, shop_client: FlaskClient):
    """A job works in the folder of its uploads."""
    evil = b"open('/tmp/kg-was-here', 'w').close(); raise SystemExit(9)"
    names = ("neo4j.py", "yaml.py", "arcadedb_embedded.py", "kg.py", "json.py")
    parts = form(files=[*(part(name) for name in FILES), *(part(name, evil) for name in names)])
    path = shop_client.post(JOBS, data=parts).headers["Location"]
    run_all(home)
    assert "neo4j.py is not in the mapping" in shop_client.get(path).json["detail"]
    assert not Path("/tmp/kg-was-here").exists()


@pytest.mark.parametrize("id_", ["none", "..", "0123456789ab-01234567", "lock"])
def test_a_job_that_is_none_is_404(shop_client: FlaskClient, id_: str):
    for method, path in (("GET", f"{JOBS}/{id_}"), ("GET", f"{JOBS}/{id_}/rejects"), ("DELETE", f"{JOBS}/{id_}")):
        assert shop_client.open(path, method=method).status_code == 404


def test_who_may_not_write_loads_nothing(home: Workspace):
    client = create_app(Settings(home=home.root, host="0.0.0.0")).test_client()
    answer = client.post(JOBS, data=form())
    assert answer.status_code == 403
    assert "KG_ALLOW_WRITES=1" in answer.json["detail"]
    assert client.delete(f"{JOBS}/x").status_code == 403
    near = create_app(Settings(home=home.root)).test_client()
    assert near.post(JOBS, data=form(), headers={"Origin": "https://evil.example"}).status_code == 403
    assert not home.jobs.exists()


def queued(client: FlaskClient, **changed: Any) -> str:
    return client.post(JOBS, data=form(**changed)).json["id"]


def test_a_job_that_waits_can_be_cancelled_and_others_go_on(home: Workspace, shop_client: FlaskClient):
    first, second = queued(shop_client), queued(shop_client)
    assert shop_client.delete(f"{JOBS}/{first}").json["state"] == "cancelled"
    with running(home):
        wait_for(lambda: find(home.jobs, second).state() == "done")
        wait_for(lambda: find(home.jobs, first).outcome())
    listed = shop_client.get(JOBS).json["jobs"]
    assert [(job["id"], job["state"]) for job in listed] == [(second, "done"), (first, "cancelled")]
    assert shop_client.delete(f"{JOBS}/{second}").json["state"] == "done"
    assert not find(home.jobs, first).files.exists()


@contextmanager
def running(home: Workspace) -> Iterator[None]:
    """Jobs of a workspace are run, as beside a service, until the end of the block."""
    stop = threading.Event()
    thread = threading.Thread(target=keep_running, args=(home, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


LONG = b"sku,title,brand,categories,price,in_stock,since\n" + b"".join(
    b"P%d,Product,fjell,knives,1.5,yes,2024-01-01\n" % i for i in range(200_000)
)


def long_job(home: Workspace) -> Job:
    client = create_app(Settings(home=home.root)).test_client()
    return find(home.jobs, queued(client, files=[part("products.csv", LONG)]))


def process_of(job: Job) -> psutil.Process | None:
    mine = psutil.Process().children()
    return next((p for p in mine if str(job.folder) in _command(p)), None)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return ""


def test_a_job_that_runs_can_be_cancelled(home: Workspace):
    job = long_job(home)
    with running(home):
        pace, _ = wait_for(job.pace)
        assert job.state() == "running"
        assert pace.phase
        process = process_of(job)
        job.cancel()
        wait_for(lambda: job.state() == "cancelled")
    assert process is not None
    assert not process.is_running()
    assert "what it had loaded by then stays" in job.outcome()["detail"]


def test_a_process_that_is_killed_is_a_failed_job_and_the_next_is_run(home: Workspace, shop_client: FlaskClient):
    job = long_job(home)
    with running(home):
        process = wait_for(lambda: job.pace() and process_of(job))
        process.kill()
        wait_for(lambda: job.state() == "failed")
        assert "was ended by SIGKILL" in job.outcome()["detail"]
        second = queued(shop_client)
        wait_for(lambda: find(home.jobs, second).state() == "done")


def test_a_bug_is_a_failed_job_that_says_where_to_look(home: Workspace, shop_client: FlaskClient):
    job = find(home.jobs, queued(shop_client))
    (job.folder / "job.json").write_text("{}")
    run(job, home, threading.Event())
    assert job.state() == "failed"
    assert str(job.log) in job.outcome()["detail"]
    assert "KeyError" in job.log.read_text()


def test_the_end_of_the_service_ends_its_job_and_says_so(home: Workspace):
    job = long_job(home)
    with running(home):
        wait_for(job.pace)
    assert job.state() == "failed"
    assert "the service ended while this job ran" in job.outcome()["detail"]


def test_two_services_run_one_job_at_a_time(home: Workspace, shop_client: FlaskClient):
    ids = [queued(shop_client, files=[part("products.csv", LONG[:400_000])]) for _ in range(2)]
    most = 0
    with running(home), running(home):
        while any(find(home.jobs, id_).state() in {"queued", "running"} for id_ in ids):
            most = max(most, sum(find(home.jobs, id_).state() == "running" for id_ in ids))
            sleep(0.02)
    assert most == 1
    assert [find(home.jobs, id_).state() for id_ in ids] == ["done"] * 2


def test_what_the_last_service_left_is_taken_over(home: Workspace, shop_client: FlaskClient):
    died, waits = (find(home.jobs, queued(shop_client)) for _ in range(2))
    died.start()  # and then the machine went down
    with running(home):
        wait_for(lambda: waits.state() == "done")
    assert "the service ended while this job ran" in died.outcome()["detail"]


def multipart(parts: Form) -> tuple[bytes, str]:
    """A form as bytes, and its content type."""
    body = b""
    for field, values in parts.items():
        for stream, name in values if isinstance(values, list) else [values]:
            head = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
            body += head.encode() + stream.read() + b"\r\n"
    return body + b"--b--\r\n", "multipart/form-data; boundary=b"


def post(server: Server, parts: Form, *, chunked: bool = False) -> tuple[int, dict[str, Any]]:
    body, content_type = multipart(parts)
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    chunks = (body[i : i + 50_000] for i in range(0, len(body), 50_000))
    headers = {"Content-Type": content_type} | ({"Transfer-Encoding": "chunked"} if chunked else {})
    connection.request("POST", JOBS, chunks if chunked else body, headers, encode_chunked=chunked)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_the_running_service_loads_restarts_and_knows_its_jobs(home: Workspace):
    server = started(home)
    for chunked in (False, True):
        status, job = post(server, form(), chunked=chunked)
        assert status == 202
        wait_for(lambda id_=job["id"]: server.ask(f"{JOBS}/{id_}")["state"] == "done")
    with suppress(ConnectionError):  # the server does not read to the end what is too large
        assert post(server, form(files=[part("products.csv", LONG)]), chunked=True)[0] == 413
    assert len(server.ask(JOBS)["jobs"]) == 2
    assert server.stop() == 0
    again = started(home)
    assert [job["state"] for job in again.ask(JOBS)["jobs"]] == ["done", "done"]
    assert again.stop() == 0


def test_a_service_that_is_killed_takes_its_job_along_and_the_next_one_says_so(home: Workspace):
    server = started(home, upload_mib=64)
    _, job = post(server, form(files=[part("products.csv", LONG)]))
    wait_for(lambda: server.ask(f"{JOBS}/{job['id']}")["progress"])
    children = psutil.Process(server.process.pid).children(recursive=True)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
    again = started(home)
    told = wait_for(lambda: (found := again.ask(f"{JOBS}/{job['id']}"))["state"] == "failed" and found)
    assert "the service ended while this job ran" in told["detail"]
    _, second = post(again, form())
    wait_for(lambda: again.ask(f"{JOBS}/{second['id']}")["state"] == "done")
    assert again.stop() == 0


def test_an_item_that_comes_before_the_first_training_is_told_where_to_go(shop_client: FlaskClient):
    answer = shop_client.put("/v1/items/new", json={"properties": {"name": "New"}})
    assert answer.status_code == 503
    assert answer.json["detail"].endswith(
        "run `kg train` first; until then items come with files: POST /v1/ingest/jobs"
    )


def started(home: Workspace, **settings: object) -> Server:
    """A server without a bundle."""
    return start(home.root, ready="/livez", workers=2, **({"upload_mib": 1} | settings))
