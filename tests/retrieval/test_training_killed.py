"""A training that is killed at any moment goes on, and ends in the bundle of one that was not.

KG_TEST_KILLS=100 kills so often.
"""

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest

from embed.bundle import publish
from embed.checkpoint import Kept, Shelf
from embed.record import Record
from embed.run import Run
from retrieval.training import FINAL, FIRST, train
from tests.retrieval.test_training import QUICK, library
from tests.retrieval.training_child import started
from tests.worlds import ONTOLOGY

MOMENTS = 18
"""Steps of progress from the first to the last."""
KILLS = int(os.environ.get("KG_TEST_KILLS", "4"))


class StoppedError(Exception):
    """Training ends here."""


def stopped_at(folder: Path, moment: int) -> str | None:
    """Train until the so-manieth step of progress; the version, if there were not so many."""
    steps = 0

    def progress(phase: str, done: int, total: int | None) -> None:
        nonlocal steps
        steps += 1
        if steps == moment:
            raise StoppedError

    run = Run(progress, Record(), Shelf(folder / "training", "library", every=0))
    try:
        return publish(train(library(), ONTOLOGY, QUICK, run), folder / "models")
    except StoppedError:
        return None


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = Run(record=Record())
    return publish(train(library(), ONTOLOGY, QUICK, run), tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("moments", [(1, 2, 3, 4), (5, 6), (8, 1, 3), (10, 1), (13, 2), (16,), (17, 1), (18,)])
def test_stopped_again_and_again_it_ends_in_the_same_bundle(tmp_path: Path, undisturbed: str, moments: tuple[int, ...]):
    """Each number is how many steps further an attempt comes; there are MOMENTS in all."""
    for moment in moments:
        assert stopped_at(tmp_path, moment) is None
    assert stopped_at(tmp_path, 10_000) == undisturbed


def test_there_are_so_many_moments(tmp_path: Path, undisturbed: str):
    assert stopped_at(tmp_path / "before", MOMENTS) is None
    assert stopped_at(tmp_path / "after", MOMENTS + 1) == undisturbed


@pytest.mark.parametrize(("moment", "phase"), [(15, "ranker"), (18, f"graph network ({FINAL})")])
def test_a_teacher_that_is_done_does_not_learn_again(tmp_path: Path, moment: int, phase: str):
    """In the ranker's first epoch all that it learns from is done, and after its last one only vectors are left."""
    stopped_at(tmp_path, moment)
    told = []

    def progress(phase: str, done: int, total: int | None) -> None:
        told.append(phase)

    train(library(), ONTOLOGY, QUICK, Run(progress, Record(), Shelf(tmp_path / "training", "library", every=0)))
    assert told[0] == phase
    assert not [phase for phase in told if FIRST in phase]


@pytest.mark.parametrize("threads", [1, 2])
def test_killed_at_random_moments_it_ends_in_the_same_bundle(tmp_path: Path, undisturbed: str, threads: int):
    """With two threads, two processes learn: both end by the kill, and both go on."""
    pick = random.Random(os.environ.get("KG_TEST_SEED", "7"))
    killed = 0
    while killed < KILLS:
        said = child(tmp_path, threads, pick.randrange(1, 9), pick.random() * 0.2)
        killed += 1
        if said:
            assert said == undisturbed
            break
    assert child(tmp_path, threads, None, 0) == undisturbed


def child(folder: Path, threads: int, steps: int | None, delay: float) -> str:
    """Run a training and kill it a moment after so many steps; the version, where it came to its end."""
    process, told = started(folder, threads)
    version, number = "", 0
    with told, suppress(EOFError, OSError):  # killed, it says no more, or half of a word
        while not isinstance(said := told.recv(), str):
            number += 1
            if number == steps:
                time.sleep(delay)
                kill(process)
        version = said
    process.join()
    assert version or process.exitcode == -signal.SIGKILL
    return version


def kill(process: BaseProcess) -> None:
    """Kill it, unless it has ended; what learns beside ends by that."""
    with suppress(psutil.NoSuchProcess):
        beside = psutil.Process(process.pid).children()
        process.kill()
        assert not psutil.wait_procs(beside, timeout=30)[1]


def test_what_is_kept_is_bounded_and_what_is_not_needed_any_more_goes(tmp_path: Path):
    shelf = Shelf(tmp_path / "training", "library", every=0)
    most = 0

    def progress(phase: str, done: int, total: int | None) -> None:
        nonlocal most
        files = {path.name for path in shelf.folder.iterdir()} if shelf.folder.exists() else set()
        most = max(most, sum(name.startswith("unfinished") for name in files))
        if phase == f"transe ({FINAL})":
            kept = {name for name in files if FIRST.replace(" ", "-") in name}
            assert kept
            assert not [name for name in kept if "-2" in name], "the ranker has learned from the second fold"

    train(library(), ONTOLOGY, replace(QUICK, ranker_folds=2), Run(progress, None, shelf))
    assert most == 1
    assert not list(shelf.folder.glob("unfinished*"))


def test_the_record_goes_on_too(tmp_path: Path):
    record = Record()
    stopped_at(tmp_path, 12)  # in the network's first epoch, after TransE's three
    train(library(), ONTOLOGY, QUICK, Run(record=record, shelf=Shelf(tmp_path / "training", "library", every=0)))
    whole = Record()
    train(library(), ONTOLOGY, QUICK, Run(record=whole))
    assert record.curves() == whole.curves()
    assert record.phases.keys() == whole.phases.keys()
    assert all(phase.seconds > 0 for name, phase in record.phases.items() if "ranker (" not in name)
    assert [len(c) for c in record.curves()[f"transe ({FIRST})"].values()] == [3]


def test_a_checkpoint_of_another_training_is_not_taken(tmp_path: Path, undisturbed: str):
    stopped_at(tmp_path, 5)
    for file in (tmp_path / "training").iterdir():
        other = Shelf(tmp_path / "training", "another")
        other.put(file.stem.replace("-", " "), Kept({}))
    assert stopped_at(tmp_path, 10_000) == undisturbed
