"""Jobs take what `kg ingest` takes, tell what it tells, and give back what they refused."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kg.connect import connect
from kg.progress import Pace
from kg.workspace import Workspace
from service.app import create_app
from service.jobs import find
from service.settings import Settings
from tests.service.test_cli import SHOP, run
from tests.service.test_jobs import FILES, JOBS, form, part, run_all

BAD = (SHOP / "products.csv").read_bytes() + b"KN-999,Broken,fjell,knives,cheap,yes,2024-01-01\n"


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "kg")


@pytest.fixture
def running(home: Workspace) -> Iterator[None]:
    """The graph is kept open, so that several jobs join it rather than start it."""
    with connect(home.graph, {}):
        yield


@pytest.fixture
def client(home: Workspace) -> FlaskClient:
    return create_app(Settings(home=home.root, upload_mib=1)).test_client()


def done(home: Workspace, client: FlaskClient, **changed: Any) -> dict[str, Any]:
    """A job, once it has ended."""
    answer = client.post(JOBS, data=form(**changed))
    assert answer.status_code == 202, answer.text
    run_all(home)
    return client.get(answer.headers["Location"]).json


def rejects(client: FlaskClient, job: dict[str, Any]) -> bytes:
    return client.get(f"{JOBS}/{job['id']}/rejects").data


def counts(home: Workspace) -> dict[str, int]:
    with connect(home.graph, {}) as store:
        return store.counts()


def products(content: bytes = BAD) -> dict[str, Any]:
    return {"files": [part("products.csv", content), *(part(name) for name in FILES[1:])]}


@pytest.mark.parametrize("dry_run", [False, True])
def test_the_report_of_a_job_is_that_of_the_command(
    home: Workspace, client: FlaskClient, tmp_path: Path, dry_run: bool
):
    (tmp_path / "products.csv").write_bytes(BAD)
    files = [tmp_path / "products.csv", *(SHOP / name for name in FILES[1:])]
    words = ["-m", SHOP / "shop.mapping.yaml", "--json", *["--dry-run"] * dry_run]
    report = json.loads(run(tmp_path / "other", "ingest", *files, *words, status=1).stdout)
    job = done(home, client, **products(), dry_run=str(dry_run).lower())
    assert job["state"] == "done"
    assert job["report"].keys() == report.keys()
    for name, value in job["report"].items():
        assert name == "seconds" or value == report[name], name


def test_a_dry_run_tells_the_difference_and_the_rejects_and_loads_nothing(home: Workspace, client: FlaskClient):
    job = done(home, client, **products(), dry_run="true")
    assert (job["state"], job["dry_run"], job["report"]["dry_run"]) == ("done", True, True)
    assert job["report"]["changes"]["Product"] == {"added": 40, "changed": 0, "removed": 0}
    (reject,) = job["rejects"]
    assert (reject["column"], reject["rule"]) == ("price", "not-a-number")
    assert [json.loads(line) for line in rejects(client, job).splitlines()] == [reject]
    assert counts(home) == {}
    assert not home.ontology.exists()


@pytest.mark.usefixtures("running")
def test_a_job_removes_what_is_missed_only_when_it_is_told_to(home: Workspace, client: FlaskClient):
    done(home, client)
    fewer = b"".join((SHOP / "products.csv").read_bytes().splitlines(keepends=True)[:-1])
    assert done(home, client, **products(fewer))["report"]["changes"] == {}
    job = done(home, client, **products(fewer), delete_missing="true")
    assert job["report"]["changes"]["Product"] == {"added": 0, "changed": 0, "removed": 1}


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("limit", ["0", "0.1%"])
def test_a_job_that_refuses_too_much_says_so_and_gives_its_rejects(home: Workspace, client: FlaskClient, limit: str):
    job = done(home, client, **products(), max_errors=limit)
    assert (job["state"], job["report"], job["max_errors"]) == ("failed", None, limit)
    assert f"rows were refused, more than the {limit} that are allowed, so nothing was loaded" in job["detail"]
    assert job["detail"].endswith(f"each stands with its reason in {JOBS}/{job['id']}/rejects")
    assert json.loads(rejects(client, job))["line"] == BAD.count(b"\n")
    assert len(job["rejects"]) == 1
    assert "Brand" not in counts(home)
    assert done(home, client, **products(), max_errors="1%")["state"] == "done"


@pytest.mark.usefixtures("running")
def test_rejects_are_loaded_after_a_fix(home: Workspace, client: FlaskClient):
    job = done(home, client, **products())
    listed = rejects(client, job)
    again = done(home, client, files=None, rejects=part("rejects.jsonl", listed))
    assert (again["retried"], again["files"], again["report"]["refused"]) == ("rejects.jsonl", [], 1)
    assert rejects(client, again) == listed
    reject = json.loads(listed)
    reject["row"]["price"] = "9.50"
    again = done(home, client, files=None, rejects=part("mended.jsonl", json.dumps(reject).encode()))
    assert (again["report"]["read"], again["report"]["refused"]) == (1, 0)
    assert rejects(client, again) == b""
    assert counts(home)["Product"] == 41


LOOKING_UP = b"""
ontology: shop.ttl
files:
  products.csv:
    entity: {class: Product, key: sku}
    triples:
      - relation: MADE_BY
        tail: {class: Brand, key: {column: brand, lookup: {file: brands.csv, key: id, column: name}}, create: true}
  brands.csv: {rules: [{skip: true}]}
"""


@pytest.mark.usefixtures("running")
def test_rejects_look_values_up_in_uploads_alone(home: Workspace, client: FlaskClient, tmp_path: Path):
    (tmp_path / "brands.csv").write_text("id,name\nb1,Secret\n")
    listed = {"file": f"{tmp_path}/products.csv", "line": 2, "value": "", "row": {"sku": "P1", "brand": "b1"}}
    parts = {
        "mapping": part("looking.mapping.yaml", LOOKING_UP),
        "rejects": part("r.jsonl", json.dumps(listed).encode()),
    }
    job = done(home, client, **parts, files=None)
    assert job["state"] == "failed"
    assert "looks values up in brands.csv, which is not among the files" in job["detail"]
    parts["rejects"] = part("r.jsonl", json.dumps(listed).encode())
    parts["mapping"] = part("looking.mapping.yaml", LOOKING_UP)
    job = done(home, client, **parts, files=[part("brands.csv", b"id,name\nb1,Fjell\n")])
    assert job["report"]["changes"]["Brand"]["added"] == 1
    with connect(home.graph, {}) as store:
        assert [brand.key for brand in store.entities("Brand")] == ["Fjell"]


@pytest.mark.parametrize(
    ("listed", "files", "detail"),
    [
        (b"", None, "rejects.jsonl has no rejects"),
        (b"sku,price\n", None, "rejects.jsonl, line 1: is no reject as `kg ingest` writes it"),
        (b'{"file": "other.csv", "line": 1, "value": "", "row": {}}\n', None, "other.csv is not in the mapping"),
        (b'{"file": "/a/x.csv"}\n{"file": "/b/x.csv"}\n', None, "/a/x.csv and /b/x.csv, which have one name"),
        (b"", ["products.csv"], "no row looks anything up in products.csv"),
    ],
)
def test_a_list_that_is_none_is_a_failed_job_with_its_sentence(
    home: Workspace, client: FlaskClient, listed: bytes, files: list[str] | None, detail: str
):
    beside = files and [part(name) for name in files]
    job = done(home, client, files=beside, rejects=part("rejects.jsonl", listed))
    assert job["state"] == "failed"
    assert detail in job["detail"]


@pytest.mark.parametrize(
    ("changed", "parameter", "detail"),
    [
        ({"dry_run": "maybe"}, "dry_run", "'maybe' is neither true nor false"),
        ({"delete_missing": ""}, "delete_missing", "'' is neither true nor false"),
        ({"max_errors": "many"}, "max_errors", "'many' is no limit of errors; give a number of rows such as 100"),
        ({"max_errors": "101%"}, "max_errors", "'101%' is no limit of errors"),
        ({"max_errors": ["1", "2"]}, "max_errors", "max_errors is given 2 times"),
        ({"max_errors": part("x", b"1")}, "max_errors", "'max_errors' is a file"),
        ({"rejects": "rejects.jsonl"}, "rejects", "'rejects' is a text"),
        ({"rejects": [part("a", b""), part("b", b"")]}, "rejects", "rejects is given 2 times"),
        ({"rejects": part("a", b""), "delete_missing": "true"}, "delete_missing", "would remove all others"),
        ({"resume": "true"}, "resume", "'resume' is not known; there is mapping, ontology, files, rejects, dry_run"),
    ],
)
def test_an_option_that_is_wrong_is_one_sentence_and_no_job(
    home: Workspace, client: FlaskClient, changed: dict[str, Any], parameter: str, detail: str
):
    answer = client.post(JOBS, data=form(**changed))
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    (wrong,) = answer.json["errors"]
    assert wrong["parameter"] == parameter
    assert detail in wrong["detail"]
    assert list(home.jobs.iterdir()) == []


def test_a_dry_run_that_is_asked_for_in_the_query_string_is_no_load(home: Workspace, client: FlaskClient):
    answer = client.post(f"{JOBS}?dry_run=true", data=form())
    assert answer.status_code == 400
    assert answer.json["errors"] == [{"detail": "dry_run has to be a field of the form", "parameter": "dry_run"}]
    assert not home.jobs.exists()


def test_progress_says_how_far_a_job_is_how_fast_and_how_long_it_takes(home: Workspace, client: FlaskClient):
    job = find(home.jobs, client.post(JOBS, data=form()).json["id"])
    path = f"{JOBS}/{job.id}"
    assert client.get(path).json["progress"] is None
    job.start()
    began = time.time() - 10
    job.tell(Pace("read", 2000, 8000, 0, began, began + 10), 2000)
    told = client.get(path).json["progress"]
    assert (told["phase"], told["done"], told["total"], told["rows"]) == ("read", 2000, 8000, 2000)
    assert told["rows_per_s"] == 200.0
    assert told["eta_s"] >= 30
    job.tell(Pace("sort", 0, None, 0, began, began), 8000)
    told = client.get(path).json["progress"]
    assert (told["phase"], told["rows"], told["rows_per_s"], told["eta_s"]) == ("sort", 8000, None, None)
    assert told["elapsed_s"] >= 10
    job.end("failed", "it did")
    assert client.get(path).json["progress"]["eta_s"] is None


def test_in_the_end_progress_is_that_of_the_whole_load(home: Workspace, client: FlaskClient):
    told = done(home, client)["progress"]
    assert (told["phase"], told["done"], told["total"], told["rows"]) == ("done", 477, 477, 477)
    assert told["eta_s"] == 0
    assert told["rows_per_s"] > 0
