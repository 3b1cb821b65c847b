"""The bare wheel in an empty environment: it ingests, and serves a bundle that the full installation trained."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from time import monotonic

import pytest

from kg.workspace import Workspace

ROOT = Path(__file__).parent.parent.parent
CATALOG = Path(__file__).parent.parent / "catalogs" / "shop"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that holds kgrec from its wheel, and nothing for training."""
    folder = tmp_path_factory.mktemp("bare")
    run([sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT])
    run([sys.executable, "-m", "venv", folder / "env"])
    (wheel,) = folder.glob("kgrec-*.whl")
    pip = [folder / "env" / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--constraint", ROOT / "constraints.txt", wheel])
    return folder / "env" / "bin"


def run(command: list[object], home: Path | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("KG_", "PYTHON"))}
    if home:
        env["KG_HOME"] = str(home)
    done = subprocess.run(
        [str(part) for part in command], env=env, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.timeout(600)
def test_it_holds_nothing_for_training(bare: Path):
    names = {line.split("==")[0].lower() for line in run([bare / "pip", "freeze"]).stdout.splitlines()}
    assert "faiss-cpu" in names
    assert not names & {"torch", "dgl", "pykeen", "scipy", "onnx", "pandas"}


@pytest.mark.timeout(600)
def test_it_ingests_asks_and_says_what_training_needs(bare: Path, tmp_path: Path):
    home = tmp_path / "kg"
    run([bare / "kg", "ingest", CATALOG, "--mapping", CATALOG / "shop.mapping.yaml"], home, tmp_path)
    asked = run([bare / "kg", "query", "MATCH (p:Product) RETURN count(p) AS n", "--json"], home, tmp_path)
    assert json.loads(asked.stdout)["rows"][0][0] > 30
    env = os.environ | {"KG_HOME": str(home)}
    trained = subprocess.run([bare / "kg", "train"], env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert trained.returncode == 4
    assert "pip install 'kgrec[train]'" in trained.stderr


@pytest.mark.timeout(600)
def test_it_serves_a_bundle_that_the_full_installation_trained(bare: Path, shop: Workspace, tmp_path: Path):
    home = Workspace(tmp_path / "kg")
    shutil.copytree(shop.models, home.models, symlinks=True)
    shutil.copy(shop.ontology, home.ontology)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [bare / "kg", "serve", "--port", str(port), "--workers", "1"]
    env = os.environ | {"KG_HOME": str(home.root)}
    server = subprocess.Popen([str(part) for part in command], env=env, cwd=tmp_path)
    try:
        url = f"http://127.0.0.1:{port}"
        wait(f"{url}/readyz", server)
        user = json.load(urllib.request.urlopen(f"{url}/v1/users"))["users"][0]
        answer = json.load(urllib.request.urlopen(f"{url}/v1/users/{user}/recommendations?n=5"))
        assert len(answer["items"]) == 5
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + 60
    while monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url)
        except OSError:
            continue
        return
    raise AssertionError(f"{url} did not answer")
