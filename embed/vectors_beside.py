"""Vectors that nothing waits for until the end: they are learned beside what else there is to learn."""

from collections.abc import Callable, Iterator
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

WORTH = 500_000
"""So many likes, each as often as there are epochs, take some ten seconds: a process beside this one starts in five."""
STARTED = 600 << 20
"""Bytes of another process that has imported what learns."""
WAITING = "waiting for vectors"


@contextmanager
def vectors_beside(lesson: VectorLesson, run: Run, room: Callable[[], bool]) -> Iterator[Callable[[], Vectors]]:
    """They are learned while the block runs, which gets what waits for them; each has half of the threads.

    Without `room` for both in memory they are learned when they are asked for, with so many threads as well: the bits
    are the same. Where that is not worth it, and on a GPU, they are learned then too, and both have all threads.
    """
    most, work = torch.get_num_threads(), len(lesson.graph.likes) * lesson.gnn.epochs
    if most == 1 or work < WORTH or lesson.gnn.device != "cpu":
        yield lambda: learn_vectors(lesson, run)
        return
    half = most // 2
    with threads(most - half):
        if room():
            with beside(half, _learned, lesson, run.shelf, run.part) as result:
                yield lambda: _waited_for(result, run)
        else:
            yield lambda: _with_threads(half, lesson, run)


def _with_threads(most: int, lesson: VectorLesson, run: Run) -> Vectors:
    with threads(most):
        return learn_vectors(lesson, run)


def _learned(
    progress: Progress, lesson: VectorLesson, shelf: Shelf | None, part: str
) -> tuple[Vectors, dict[str, Any]]:
    """The vectors, and what was noted of their phases."""
    record = Record()
    return learn_vectors(lesson, Run(progress, record, shelf, part)), record.so_far()


def _waited_for(result: Callable[[Progress], tuple[Vectors, dict[str, Any]]], run: Run) -> Vectors:
    with run.timed(WAITING):
        vectors, noted = result(run.progress)
    if run.record:
        run.record.went_beside(noted)
    return vectors
