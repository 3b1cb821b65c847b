"""Vectors learn by small steps, all others by large ones: they are learned beside those, in processes of their own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
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
Asked = tuple[VectorLesson, Run]
"""What is to be learned, and for which run."""


@contextmanager
def vectors_beside(first: Sequence[Asked], last: Asked, room: Callable[[], bool]) -> Iterator[Callable[[], Vectors]]:
    """They are learned while the block runs, which gets what waits for the next ones, in the order of the lessons.

    The first lessons are learned one after the other in one process, the last one, for which nothing waits until the
    end, in another that yields to all others. Each has half of the threads, as the block has. Without `room` for all in
    memory vectors are learned when they are asked for, with so many threads as well: the bits are the same. Where that
    is not worth it, and on a GPU, they are learned then too, with all threads.
    """
    lessons = [*first, last]
    here = (learn_vectors(lesson, run) for lesson, run in lessons)
    final, most = last[0], torch.get_num_threads()
    work = len(final.graph.likes) * final.gnn.epochs  # by the last alone: the first may be done when it is resumed
    if most == 1 or work < WORTH or final.gnn.device != "cpu":
        yield here.__next__
        return
    half = most // 2
    with threads(most - half), ExitStack() as processes:
        if room():
            parts = [part for part in (first, [last]) if part]
            results = [processes.enter_context(_beside(half, part, yields=part is not first)) for part in parts]
            yield chain.from_iterable(results).__next__
        else:
            yield lambda: _with_threads(half, here)


@contextmanager
def _beside(most: int, part: Sequence[Asked], *, yields: bool) -> Iterator[Iterator[Vectors]]:
    work = [(lesson, run.shelf, run.part) for lesson, run in part]
    with beside(most, _learned, work, yields=yields) as result:
        yield (_waited_for(result, run) for _, run in part)


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
