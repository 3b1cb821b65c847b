"""Vectors learn by small steps, all others by large ones: the two go on beside each other, in two processes."""

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

WORTH = 500_000
"""So many likes, each as often as there are epochs, take some ten seconds: a process beside this one starts in five."""
STARTED = 600 << 20
"""Bytes of another process that has imported what learns."""
WAITING = "waiting for vectors"


@contextmanager
def vectors_beside(
    lessons: Sequence[tuple[VectorLesson, Run]], room: Callable[[], bool]
) -> Iterator[Callable[[], Vectors]]:
    """They are learned while the block runs, lesson by lesson, each for its own run; with half of the threads.

    The block gets what waits for those of the next lesson. Without `room` for both in memory they are learned when they
    are asked for, with so many threads as well: the bits are the same. Where that is not worth it, and on a GPU, they
    are learned then too, and both have all threads.
    """
    most, work = torch.get_num_threads(), sum(len(lesson.graph.likes) * lesson.gnn.epochs for lesson, _ in lessons)
    here = (learn_vectors(lesson, run) for lesson, run in lessons)
    if most == 1 or work < WORTH or any(lesson.gnn.device != "cpu" for lesson, _ in lessons):
        yield here.__next__
        return
    half = most // 2
    with threads(most - half):
        if room():
            runs = iter([run for _, run in lessons])
            with beside(half, _learned, [(lesson, run.shelf, run.part) for lesson, run in lessons]) as result:
                yield lambda: _waited_for(result, next(runs))
        else:
            yield lambda: _with_threads(half, here)


def _with_threads(most: int, learned: Iterator[Vectors]) -> Vectors:
    with threads(most):
        return next(learned)


def _learned(
    progress: Progress, lessons: Sequence[tuple[VectorLesson, Shelf | None, str]]
) -> Iterator[tuple[Vectors, dict[str, Any]]]:
    """The vectors of each lesson, and what was noted of their phases."""
    for lesson, shelf, part in lessons:
        record = Record()
        yield learn_vectors(lesson, Run(progress, record, shelf, part)), record.so_far()


def _waited_for(result: Callable[[Progress], tuple[Vectors, dict[str, Any]]], run: Run) -> Vectors:
    with run.timed(WAITING):
        vectors, noted = result(run.progress)
    if run.record:
        run.record.went_beside(noted)
    return vectors
