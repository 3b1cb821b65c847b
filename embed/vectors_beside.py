"""Vectors learn by small steps, all others by large ones: they are learned beside those, in a process of their own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from embed.beside import beside
from embed.checkpoint import Shelf
from embed.record import Record
from embed.run import Run
from embed.threads import threads
from embed.vectors import VectorLesson, Vectors, learn_vectors
from kg.progress import Progress

WORTH = 200_000
"""So many likes, each as often as there are epochs, take some ten seconds: a process beside this one starts in five."""
STARTED = 600 << 20
"""Bytes of another process that has imported what learns."""
WAITING = "waiting for vectors"
Asked = tuple[VectorLesson, Run]
"""What is to be learned, and for which run."""


@contextmanager
def vectors_beside(lessons: Sequence[Asked], room: Callable[[], bool]) -> Iterator[Callable[[], Vectors]]:
    """They are learned while the block runs, which gets what waits for the next ones, in the order of the lessons.

    Those of the last lesson go on from those of the first, which are of the same entities and relations.

    They are learned one after the other, in a process that has half of the threads, as the block has. Without `room`
    for both in memory vectors are learned when they are asked for, with so many threads as well: the bits are the same.
    Where that is not worth it, and on a GPU, they are learned then too, with all threads.
    """
    here, most = _in_turn(lessons), torch.get_num_threads()
    first, _ = lessons[0]
    if most == 1 or len(first.graph.likes) * first.gnn.epochs < WORTH or first.gnn.device != "cpu":
        yield here.__next__
        return
    half = most // 2
    with threads(most - half):
        if not room():
            yield lambda: _with_threads(half, here)
            return
        work = [(lesson, run.shelf, run.part) for lesson, run in lessons]
        with beside(half, _learned, work) as result:
            yield (_waited_for(result, run) for _, run in lessons).__next__


def _in_turn(lessons: Sequence[Asked]) -> Iterator[Vectors]:
    first: Vectors | None = None
    for number, (lesson, run) in enumerate(lessons, 1):
        vectors = learn_vectors(lesson, run, first.start if first and number == len(lessons) else None)
        first = first or vectors
        yield vectors


def _with_threads(most: int, learned: Iterator[Vectors]) -> Vectors:
    with threads(most):
        return next(learned)


def _learned(
    progress: Progress, lessons: Sequence[tuple[VectorLesson, Shelf | None, str]]
) -> Iterator[tuple[Vectors, dict[str, Any]]]:
    """The vectors of each lesson, and what was noted of their phases."""
    records = [Record() for _ in lessons]
    asked = [(lesson, Run(progress, r, shelf, part)) for r, (lesson, shelf, part) in zip(records, lessons, strict=True)]
    for vectors, record in zip(_in_turn(asked), records, strict=True):
        yield vectors, record.so_far()


def _waited_for(result: Callable[[Progress], tuple[Vectors, dict[str, Any]]], run: Run) -> Vectors:
    with run.timed(WAITING):
        vectors, noted = result(run.progress)
    if run.record:
        run.record.went_beside(noted)
    return vectors
