"""Vectors learned beside something else are, bit for bit, those that are learned after it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from embed import vectors_beside
from embed.checkpoint import Shelf
from embed.learning import vector_lesson
from embed.record import Record
from embed.run import Run
from embed.threads import threads
from embed.vectors import VectorLesson, Vectors, learn_vectors
from kg.progress import Progress, silent
from ontology.errors import InputError
from tests.retrieval.test_training import QUICK, library

ROOM, NO_ROOM = True, False
PARTS = ("one", "two", "three")


@pytest.fixture(scope="module")
def lesson() -> VectorLesson:
    snapshot = library()
    return vector_lesson(snapshot, np.ones(len(snapshot.interactions), np.bool_), QUICK.teachers)


@pytest.fixture(scope="module")
def worth_it() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, threads(4):
        patch.setattr(vectors_beside, "WORTH", 0)
        yield


@dataclass(frozen=True)
class Learned:
    """The vectors, what was noted of them, and how many processes there were beside this one."""

    vectors: Vectors
    record: Record
    beside: int

    @property
    def bits(self) -> list[bytes]:
        return [array.tobytes() for part in self.vectors for array in vars(part).values()]


def learn(lesson: VectorLesson, room: bool, shelf: Shelf | None = None, progress: Progress = silent) -> Learned:
    before, run = len(psutil.Process().children()), Run(progress, Record(), shelf, "final")
    with vectors_beside.vectors_beside([(lesson, run)], lambda: room) as result:
        beside = len(psutil.Process().children()) - before
        vectors = result()
    assert run.record
    return Learned(vectors, run.record, beside)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def beside(lesson: VectorLesson, folder: Path, worth_it: None) -> Learned:
    return learn(lesson, ROOM, Shelf(folder, "library", every=0))


def test_they_are_the_same_with_and_without_room_for_both(lesson: VectorLesson, beside: Learned):
    after = learn(lesson, NO_ROOM)
    assert beside.bits == after.bits
    assert beside.record.curves() == after.record.curves()
    assert (beside.beside > 0, after.beside) == (True, 0)
    assert not any(phase.beside for phase in after.record.phases.values())


def test_what_they_took_is_noted_as_beside_and_what_was_waited_is_not(beside: Learned):
    phases = beside.record.phases
    assert {name: phase.beside for name, phase in phases.items()} == {
        "waiting for vectors (final)": False,
        "transe (final)": True,
        "graph network (final)": True,
    }
    assert all(phase.seconds and phase.peak_mib for phase in phases.values())
    assert phases["transe (final)"].peak_mib > phases["waiting for vectors (final)"].peak_mib, "of both processes"


@pytest.mark.usefixtures("worth_it")
@pytest.mark.parametrize("room", [ROOM, NO_ROOM])
def test_of_several_lessons_each_gives_its_own_in_their_order(lesson: VectorLesson, beside: Learned, room: bool):
    other = replace(lesson, transe=replace(lesson.transe, seed=7), gnn=replace(lesson.gnn, seed=7))
    record = Record()
    runs = [Run(record=record).within(part) for part in PARTS]
    asked = list(zip((other, lesson, lesson), runs, strict=True))
    with vectors_beside.vectors_beside(asked, lambda: room) as result:
        other_bits, bits, last_bits = (Learned(result(), record, 0).bits for _ in asked)
    assert bits == beside.bits != other_bits
    with threads(1):
        last = learn_vectors(lesson, warm=learn_vectors(other).start)
    assert last_bits == Learned(last, record, 0).bits not in (bits, other_bits)
    assert {f"{phase} ({part})" for phase in ("transe", "graph network") for part in PARTS} <= set(record.phases)


def test_what_is_finished_is_kept_for_either_way(lesson: VectorLesson, beside: Learned, folder: Path):
    told: list[object] = []
    again = learn(lesson, NO_ROOM, Shelf(folder, "library"), lambda *step: told.append(step))
    assert again.bits == beside.bits
    assert not told, "it learns nothing again"


@pytest.mark.usefixtures("worth_it")
def test_one_thread_is_not_shared(lesson: VectorLesson):
    with threads(1):
        assert learn(lesson, ROOM).beside == 0


@pytest.mark.usefixtures("worth_it")
def test_what_goes_wrong_there_is_told_here(lesson: VectorLesson):
    wild = replace(lesson, gnn=replace(lesson.gnn, learning_rate=1e30))
    with pytest.raises(InputError, match="learning rate"):
        learn(wild, ROOM)


def test_little_is_not_worth_a_process(lesson: VectorLesson, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(vectors_beside, "WORTH", len(lesson.graph.likes) * lesson.gnn.epochs + 1)
    with threads(4):
        assert learn(lesson, ROOM).beside == 0


def test_whether_it_is_worth_it_is_the_same_when_more_lessons_are_done(
    lesson: VectorLesson, monkeypatch: pytest.MonkeyPatch
):
    """A training that is resumed learns with as many threads as it had."""
    monkeypatch.setattr(vectors_beside, "WORTH", len(lesson.graph.likes) * lesson.gnn.epochs + 1)
    before = len(psutil.Process().children())
    with threads(4), vectors_beside.vectors_beside([(lesson, Run())] * 3, lambda: True):
        assert len(psutil.Process().children()) == before
