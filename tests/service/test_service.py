"""What stands around the routes: headers, metrics, settings, search, and a bundle that changes under way."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from embed.bundle import CURRENT
from kg.workspace import Workspace
from ontology.errors import InputError
from retrieval.names import Names, fold
from service.app import create_app
from service.settings import Settings, variable


@pytest.mark.parametrize("path", ["/", "/docs", "/static/page.js", "/v1/catalog", "/nope"])
def test_a_browser_may_ask_only_us(client: FlaskClient, path: str):
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers


def test_pages_name_no_other_host():
    static = Path(__file__).parents[2] / "service" / "static"
    for file in static.iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text.replace('includes("://")', ""), file.name


def test_metrics_count_what_was_answered(client: FlaskClient, items: list[str]):
    client.get("/v1/users/nobody/recommendations")
    client.get("/nope")
    client.post("/v1/events", json={"id": "a", "user": "u", "item": items[0]})
    client.post("/v1/events", json={"id": "a", "user": "u", "item": items[0]})
    text = client.get("/metrics").get_data(as_text=True)
    for line in (
        'kgrec_requests_total{endpoint="/v1/users/<path:id>/recommendations",method="GET",status="200"}',
        'kgrec_requests_total{endpoint="(none)",method="GET",status="404"}',
        'kgrec_answers_total{cold="true"}',
        'kgrec_events_total{outcome="accepted"}',
        'kgrec_events_total{outcome="duplicate"}',
        "kgrec_journal_events 1.0",
        "kgrec_journal_waiting 1.0",
        'kgrec_bundle{version="',
        "kgrec_request_seconds_bucket",
    ):
        assert line in text, line


def test_settings_come_from_the_environment():
    assert Settings.from_env({"KG_PORT": "9000", "KG_HOST": "", "KG_OTHER": "x"}) == Settings(port=9000)


@pytest.mark.parametrize(("name", "value"), [("KG_PORT", "many"), ("KG_PORT", "0"), ("KG_WORKERS", "-1")])
def test_a_wrong_setting_is_named(name: str, value: str):
    with pytest.raises(InputError, match=f"^{name} is '{value}': "):
        Settings.from_env({name: value})


def test_every_setting_is_described():
    assert all(field.description for field in Settings.model_fields.values())
    assert variable("max_body") == "KG_MAX_BODY"


NAMES = st.lists(st.text(st.sampled_from("aÄb É\n"), max_size=6), max_size=8)


@given(names=NAMES, words=st.text(st.sampled_from("aäBe "), max_size=3), start=st.integers(0, 5), n=st.integers(1, 9))
def test_search_finds_what_a_scan_finds(names: list[str], words: str, start: int, n: int):
    found = Names(names).search(words, 0, 99)
    assert sorted(found) == [i for i, name in enumerate(names) if fold(words) in fold(name)]
    begins = [fold(names[i]).startswith(fold(words)) for i in found]
    assert begins == sorted(begins, reverse=True)
    assert Names(names).search(words, start, n) == found[start : start + n]


def test_search_ignores_case_and_accents_and_likes_beginnings():
    names = Names(["The Fabulous Amélie", "AMELIE", "Gamelier", "Other"])
    assert names.search("amélie", 0, 9) == [1, 0, 2]
    assert names.search("amelie", 1, 1) == [0]


SERVING = """
import sys
from pathlib import Path
from service.app import create_app
from service.settings import Settings
client = create_app(Settings(home=Path(sys.argv[1]))).test_client()
user = client.get("/v1/users").json["users"][0]
assert client.get(f"/v1/users/{user}/recommendations").status_code == 200
assert client.get("/metrics").status_code == 200
import service.worker
print(*sorted({"torch", "pykeen", "dgl", "scipy", "pandas", "neo4j", "arcadedb_embedded"} & sys.modules.keys()))
"""


def test_a_serving_process_imports_no_training_library_and_no_database(workspace: Workspace):
    run = subprocess.run(
        [sys.executable, "-c", SERVING, str(workspace.root)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def other_bundle(workspace: Workspace, more: dict[str, object] | None = None, turtle: str = "") -> str:
    """Publish the same bundle as another version: its manifest has one more line, so its digest is another.

    `turtle` is added to its ontology.
    """
    old = (workspace.models / CURRENT).resolve()
    manifest = json.loads((old / "manifest.json").read_text()) | {"metrics": {"another": 1.0}} | (more or {})
    ontology = (old / "ontology.ttl").read_text(encoding="utf-8") + turtle
    manifest["files"]["ontology.ttl"] = hashlib.sha256(ontology.encode()).hexdigest()
    text = json.dumps(manifest)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    shutil.copytree(old, workspace.models / version)
    (workspace.models / version / "ontology.ttl").write_text(ontology, encoding="utf-8")
    (workspace.models / version / "manifest.json").write_text(text)
    return version


def point(workspace: Workspace, version: str) -> None:
    link = workspace.models / ".next"
    link.symlink_to(version)
    link.replace(workspace.models / CURRENT)


def test_a_new_bundle_is_served_without_a_restart(workspace: Workspace, client: FlaskClient, items: list[str]):
    client.post("/v1/events", json={"user": "u", "item": items[0]})
    version = other_bundle(workspace)
    assert client.get("/v1/catalog").json["model"]["version"] != version
    point(workspace, version)
    answer = client.get("/v1/users/u/recommendations").json
    assert answer["model"]["version"] == version
    assert answer["cold"] is False
    models = client.get("/v1/models").json["models"]
    assert [m["current"] for m in models] == [True, False]
    assert models[0]["metrics"] == {"another": 1.0}


def test_a_damaged_bundle_is_refused_and_the_old_one_goes_on(workspace: Workspace, client: FlaskClient):
    before = client.get("/v1/catalog").json["model"]["version"]
    version = other_bundle(workspace)
    (workspace.models / version / "ranker.onnx").write_bytes(b"damaged")
    point(workspace, version)
    assert client.get("/v1/catalog").json["model"]["version"] == before
    assert client.get("/readyz").status_code == 200


def test_a_first_bundle_is_served_when_it_comes(workspace: Workspace, tmp_path: Path):
    home = Workspace(tmp_path / "empty")
    client = create_app(Settings(home=home.root)).test_client()
    assert client.get("/readyz").status_code == 503
    shutil.copytree(workspace.models, home.models, symlinks=True)
    assert client.get("/readyz").status_code == 200


def test_keys_may_be_addresses(app: Flask):
    answer = app.test_client().get("/v1/items/http%3A%2F%2Fexample.org%2Fa//b")
    assert "'http://example.org/a//b'" in answer.json["detail"]
