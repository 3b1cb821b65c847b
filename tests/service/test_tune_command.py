"""`kg tune` as an analyst meets it: what it compares, that it goes on after a kill, and what it leaves alone."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from embed.bundle import open_bundle, publish
from embed.split import held_out
from kg.connect import connect
from kg.journal import Journal
from kg.snapshot import snapshot
from kg.workspace import Workspace
from ontology.turtle import load_ontology
from retrieval.evaluation import evaluate
from retrieval.live import LiveState
from retrieval.recommend import Recommender
from retrieval.training import train
from service import ingesting, steps
from tests.service.test_cli import SHOP, asked, run

QUICK = ("transe.epochs=3", "gnn.epochs=3", "ranker.epochs=3")
WORDS = ("tune", "--vary", "linear.knowledge=0.01..0.5", "--vary", "ranker.hidden=[[16],[32,16]]")
SET = tuple(word for pair in QUICK for word in ("--set", pair))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The shop, loaded, in a workspace of one's own; its graph is kept open, so that commands join it."""
    workspace = Workspace(tmp_path_factory.mktemp("tuning") / "kg")
    with connect(workspace.graph, {}):
        ingesting.load(workspace, [SHOP], SHOP / "shop.mapping.yaml")
        yield workspace.root


def test_the_options_as_they_stand_are_scored_on_what_they_did_not_see(home: Path, tmp_path: Path):
    """The score of the first trial is that of `kg evaluate`, for a bundle from a graph without the held-out part."""
    found = asked(home, *WORDS, *SET, "--trials", 1)
    (standing,) = found["trials"]
    assert found["best"] == standing
    assert found["command"] == "kg train " + " ".join(f"--set {pair}" for pair in QUICK)
    ontology = load_ontology(home / "ontology.ttl")
    with connect(home / "graph", {}) as store:
        seen = snapshot(store, ontology)
    known = seen.interactions.where(~held_out(seen.interactions, "user", 0.2))
    draft = train(replace(seen, interactions=known), ontology, steps.training_options(changes=QUICK))
    assert found["held_out"] == int(draft.held_out.sum())
    bundle = open_bundle(tmp_path / publish(draft, tmp_path))
    journal = Journal(tmp_path / "journal.sqlite")
    table = evaluate(Recommender(bundle, LiveState(bundle, journal)))
    journal.close()
    (pipeline,) = [row for row in table.rows if row.ndcg_less is None]
    assert standing["score"] == {"value": round(pipeline.ndcg, 4), "margin": round(pipeline.ndcg_margin, 4)}


def test_killed_it_goes_on_and_publishes_nothing(home: Path):
    words = [*WORDS, *SET, "--metric", "recall", "--trials", 3]
    before = searches(home)
    command = [Path(sys.executable).with_name("kg"), *map(str, words)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"KG_HOME": str(home)}
    ) as search:
        while not (begun := searches(home) - before):
            assert search.poll() is None
        search.send_signal(signal.SIGKILL)
    (standing, *_) = json.loads(begun.pop().read_text())
    found = asked(home, *words)
    assert found["trials"][0] == standing
    assert len(found["trials"]) == 3
    assert all(set(trial["values"]) == {"linear.knowledge", "ranker.hidden"} for trial in found["trials"][1:])
    text = run(home, *words).stdout
    assert "as they stand" in text
    assert "recall@20" in text
    assert not (home / "models").exists()
    assert not (home / "training").exists()


def searches(home: Path) -> set[Path]:
    """The files of searches, not what is only half written."""
    return set((home / "searches").glob("[!.]*.json"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--vary", "gnn.depth=1..2"], "gnn.depth=1: give NAME=VALUE, where NAME is one of"),
        (["--vary", "gnn.layers=2"], "gnn.layers=2 is no range; give LOW..HIGH"),
        (["--vary", "gnn.layers=-1..2"], "--set gnn.layers=-1: Input should be greater than"),
        (["--vary", "gnn.layers"], "gnn.layers= is no range"),
        (["--vary", "gnn.layers=1..2", "--vary", "gnn.layers=1..4"], "gnn.layers is given twice, as 1..2 and as 1..4"),
        (["--holdout", "0"], "--holdout"),
        (["--trials", "0"], "--trials"),
        (["--device", "tpu9"], "cannot be used here"),
    ],
)
def test_what_cannot_be_searched_is_said_before_anything_is_read(home: Path, words: list[str], said: str):
    assert said in run(home, "tune", *words, status=2).stderr.replace("\n", " ")


def test_two_searches_at_once_are_refused(home: Path):
    with (home / "search.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "another search runs" in run(home, "tune", status=3).stderr
