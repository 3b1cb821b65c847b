"""A long history is answered by a worker whose teachers solve as many equations as it has likes."""

import shutil
from pathlib import Path

import pytest

from kg.workspace import Workspace
from service import steps
from tests.servers import Server

LIKES = range(100, 200, 4)
"""Some of these numbers of equations need more of a stack, with several threads, than threads of Rust have."""


@pytest.fixture
def workspace(films: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """With ALS of more dimensions than a history has likes; who serves it has several threads, as an operator has."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    copy = Workspace(shutil.copytree(films.root, tmp_path / "kg", symlinks=True))
    steps.learn(copy, steps.training_options(changes=["also=als", "als.dim=256", "als.regularisation=1"]))
    return copy


def test_a_long_history_does_not_end_a_worker(server: Server):
    items = [item["id"] for item in server.ask(f"/v1/items?n={max(LIKES)}")["items"]]
    for likes in LIKES:
        answer = server.ask("/v1/recommendations", {"history": items[:likes], "n": 50})
        assert any("als" in item["sources"] for item in answer["items"])
