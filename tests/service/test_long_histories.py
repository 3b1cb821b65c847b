"""A long history is answered by a worker whose teachers solve as many equations as it has likes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.workspace import Workspace
from service import steps
from tests.servers import Server, start

LIKES = range(100, 200, 4)
"""Some of these numbers of equations need more of a stack, with several threads, than threads of Rust have."""


@pytest.fixture
def server(films: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """One worker with two threads, as an operator has them, and ALS of more dimensions than a history has likes."""
    workspace = Workspace(shutil.copytree(films.root, tmp_path / "kg", symlinks=True))
    steps.learn(workspace, steps.training_options(changes=["also=als", "als.dim=256", "als.regularisation=1"]))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "2")
    server = start(workspace.root, workers=1)
    yield server
    if server.process.poll() is None:
        assert server.stop() == 0


def test_a_long_history_does_not_end_the_worker(server: Server):
    items = [item["id"] for item in server.ask(f"/v1/items?n={max(LIKES)}")["items"]]
    for likes in LIKES:
        answer = server.ask("/v1/recommendations", {"history": items[:likes], "n": 50})
        assert any("als" in item["sources"] for item in answer["items"])
