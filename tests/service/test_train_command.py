"""`kg train` as an operator meets it: killed and gone on with, alone in its workspace, on a full disk, on record."""

import fcntl
import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embed.bundle import MANIFEST, open_bundle
from kg.connect import connect
from kg.workspace import Workspace
from ontology.errors import InputError
from service import ingesting, steps
from tests.forked import ran, started
from tests.service.test_cli import SHOP, asked, environment, run

QUICK = ("--set", "transe.epochs=4", "--set", "gnn.epochs=4", "--set", "ranker.epochs=3")
PHASES = ("linear (final)", "transe (for the ranker)", "graph network (for the ranker)", "ranker", "transe (final)")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The shop, loaded, in a workspace of one's own; its graph is kept open, so that commands join it."""
    workspace = Workspace(tmp_path_factory.mktemp("training") / "kg")
    with connect(workspace.graph, {}):
        ingesting.load(workspace, [SHOP], SHOP / "shop.mapping.yaml")
        yield workspace.root


@pytest.fixture(scope="module")
def undisturbed(home: Path) -> str:
    """The version that the shop gives."""
    return asked(home, "train", *QUICK)["version"]


def killed(home: Path, phase: str, delay: float) -> None:
    """Train, and kill the training a moment after a phase began."""
    reading, writing = os.pipe()
    with Path(os.devnull).open("w") as nothing:
        process = started(["train", *QUICK], environment(home), home.parent, (nothing.fileno(), writing))
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as said:
        for line in said:
            if line.strip() == phase:
                time.sleep(delay)
                process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def limited() -> None:
    """Let no file become larger than 20 kB."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("words", "kills"), [(("--resume",), 2), (QUICK, 1)])
def test_killed_it_goes_on_and_gives_the_same_bundle(home: Path, undisturbed: str, words: tuple[str, ...], kills: int):
    phases = random.Random(os.environ.get("KG_TEST_SEED", "7") + words[0]).sample(PHASES, kills)
    for phase in sorted(phases, key=PHASES.index):
        killed(home, phase, 0.05)
    trained = asked(home, "train", *words)
    assert trained["version"] == undisturbed
    assert trained["resumed"] == len(phases)
    assert not (home / "training").exists()
    assert not (home / "snapshots").exists()
    assert "no training was interrupted" in run(home, "train", "--resume", status=2).stderr


def test_resume_goes_without_other_options(home: Path):
    assert "goes without --seed" in run(home, "train", "--resume", "--seed", 5, status=2).stderr
    assert "goes without --set" in run(home, "train", "--resume", *QUICK, status=2).stderr


def test_one_that_cannot_begin_leaves_the_interrupted_one_alone(home: Path, undisturbed: str):
    killed(home, "transe (final)", 0)
    assert "GiB of memory" in run(home, "train", *QUICK, "--set", "transe.dim=1000000000", status=2).stderr
    words = ("train", *QUICK, "--from-bundle", undisturbed)
    assert "a warm start keeps" in run(home, *words, "--set", "transe.dim=16", status=2).stderr
    trained = asked(home, "train", "--resume")
    assert (trained["version"], trained["resumed"]) == (undisturbed, 1)


def test_one_that_is_refused_on_its_way_was_not_interrupted(home: Path):
    assert "not a number" in run(home, "train", *QUICK, "--set", "transe.learning_rate=1e300", status=2).stderr
    assert "no training was interrupted" in run(home, "train", "--resume", status=2).stderr


def test_without_what_draws_it_ends_before_it_begins(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "embed.picture", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as where it is not installed

    def progress(*step: object) -> None:
        raise AssertionError(step)

    with pytest.raises(ModuleNotFoundError, match="matplotlib"):
        steps.learn(Workspace(home), steps.training_options(), progress)
    with pytest.raises(ModuleNotFoundError, match="matplotlib"):
        steps.learn_on(Workspace(home), progress)


def test_two_trainings_at_once_are_refused(home: Path):
    with (home / "training.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "another training runs" in run(home, "train", status=3).stderr


def test_a_full_disk_is_a_sentence_and_nothing_half_written_is_left(home: Path, undisturbed: str):
    """No file may become larger than 20 kB: neither checkpoints nor the bundle can be written."""
    killed(home, "transe (for the ranker)", 0)
    before = sorted(path.name for path in (home / "models").iterdir())
    done = ran(["train", "--resume"], environment(home), home.parent, limited)
    assert done.returncode == 3, done.stderr
    assert "a checkpoint cannot be written" in done.stderr
    assert "the bundle cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in (home / "models").iterdir()) == before
    assert asked(home, "train", "--resume")["version"] == undisturbed  # there is room again


def test_the_record_says_how_it_went(home: Path, undisturbed: str):
    entry = asked(home, "runs", undisturbed[:6])["runs"][0]
    assert entry["version"] == undisturbed
    assert entry["settings"]["transe.epochs"] == 4
    assert "torch" in entry["libraries"]
    assert [len(values) for values in entry["curves"]["transe (for the ranker)"].values()] == [4]
    assert entry["curves"]["graph network (for the ranker)"].keys() == {"loss", "gain"}
    assert entry["curves"]["graph network (final)"].keys() == {"loss"}, "it goes on from that one, and is not judged"
    assert entry["curves"]["ranker"].keys() == {"loss", "validation loss", "ndcg"}
    assert {*PHASES, "index", "item-kNN (final)"} <= entry["run"]["phases"].keys()
    assert entry["run"]["peak_mib"] > 100
    assert (
        0
        < entry["run"]["seconds"]
        == pytest.approx(sum(phase["seconds"] for phase in entry["run"]["phases"].values()), abs=0.1)
    )
    picture = next((home / "runs").glob(f"*-{undisturbed}.svg"))
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_times_are_beside_the_bundle_and_curves_are_in_it(home: Path, undisturbed: str):
    folder = home / "models" / undisturbed
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    assert "curves.json" in manifest["files"]
    assert "seconds" not in json.dumps(manifest)
    (folder / "curves.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"curves.json is missing or damaged"):
        open_bundle(folder)
    assert asked(home, "train", *QUICK)["version"] == undisturbed
    assert open_bundle(folder).version == undisturbed


def test_runs_are_listed_compared_and_drawn(home: Path, undisturbed: str, tmp_path: Path):
    other = asked(home, "train", *QUICK, "--set", "transe.dim=16")["version"]
    text = run(home, "runs", COLUMNS="80").stdout
    assert undisturbed in text
    assert f"{other}*" in text
    assert "transe (final)" in run(home, "runs", "current").stdout
    text = run(home, "runs", undisturbed, other, "--picture", tmp_path / "both.svg").stdout
    assert "transe.dim" in text
    assert "gnn.layers" not in text
    drawn = (tmp_path / "both.svg").read_text(encoding="utf-8")
    assert f"{undisturbed}: loss" in drawn
    assert f"{other}: loss" in drawn
    assert "no bundles are named 'zz'" in run(home, "runs", "zz", status=2).stderr
    assert "cannot be written" in run(home, "runs", "--picture", tmp_path / "no" / "a.svg", status=3).stderr


def test_without_a_training_the_list_says_what_to_do(tmp_path: Path):
    assert "run `kg train`" in run(tmp_path / "kg", "runs").stdout
    assert asked(tmp_path / "kg", "runs") == {"runs": []}


def test_a_warm_start_begins_with_a_bundle(home: Path, undisturbed: str):
    version = asked(home, "train", *QUICK, "--from-bundle", undisturbed[:8])["version"]
    (entry,) = asked(home, "runs", version)["runs"]
    assert entry["settings"]["from_bundle"] == undisturbed
    assert [len(values) for values in entry["curves"]["transe (final)"].values()] == [1]
    assert "no bundles are named 'zz'" in run(home, "train", "--from-bundle", "zz", status=2).stderr
    assert "goes without --from-bundle" in run(home, "train", "--resume", "--from-bundle", status=2).stderr


def test_resume_learns_from_the_graph_as_it_was(home: Path, undisturbed: str, tmp_path: Path):
    """The last of all: the graph is another one after it."""
    killed(home, "transe (final)", 0)
    (tmp_path / "brands.tsv").write_text("brand\tfull name\nnew\tNew Brand\n", encoding="utf-8")
    query = "MATCH (b:Brand {id: 'new'}) RETURN b.id"
    report = asked(home, "ingest", tmp_path / "brands.tsv", "-m", SHOP / "shop.mapping.yaml")
    assert (report["loaded"], asked(home, "query", query)["rows"]) == (1, [["new"]])
    assert asked(home, "train", "--resume")["version"] == undisturbed
