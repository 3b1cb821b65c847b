"""Work whose parts are independent, in processes that are copies of this one, so that what is read is not copied.

Threads would wait for each other: what happens between two calls of numpy holds the interpreter's lock.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Rows = NDArray[np.integer]
T = TypeVar("T")
_FORK = multiprocessing.get_context("fork")


def in_parts(work: Callable[[Rows], T], rows: Rows, fewest: int, processes: int | None = None) -> list[T]:
    """What `work` gives for each part of the rows, int (n,), in their order; it must not use torch or a GPU.

    There are as many parts as processors, or `processes`, but none of less than the `fewest` rows. With one part there
    is no other process. What `work` raises is raised here. Raises MemoryError where a process was killed, for which
    there is seldom another reason.
    """
    most = processes or len(os.sched_getaffinity(0))
    parts = np.array_split(rows, max(1, min(most, len(rows) // fewest)))
    if len(parts) == 1:
        return [work(rows)]
    children: list[_Child[T]] = []
    try:
        for part in parts:
            children.append(_Child(work, part, [child.answer for child in children]))
        return _results(children)
    finally:
        for child in children:
            child.end()


def _results(children: Sequence["_Child[T]"]) -> list[T]:
    """What each gives; what one raises is raised as soon as it is known."""
    found: dict[Any, T] = {}
    waiting = {child.answer: child for child in children}
    while waiting:
        for answer in wait(list(waiting)):
            found[answer] = waiting.pop(answer).result()  # type: ignore[call-overload]  # they are those it was given
    return [found[child.answer] for child in children]


class _Child(Generic[T]):
    """A process that works on some rows. It ends with this one: nobody else keeps what it writes to open."""

    def __init__(self, work: Callable[[Rows], T], rows: Rows, others: Sequence[Connection]) -> None:
        self.answer, mine = _FORK.Pipe(duplex=False)
        self._process = _FORK.Process(target=_work, args=(work, rows, mine, [*others, self.answer]), daemon=True)
        self._process.start()
        mine.close()

    def result(self) -> T:
        """Wait for it."""
        try:
            done, found = self.answer.recv()
        except EOFError as error:
            raise MemoryError("a process that worked on a part was killed") from error
        if not done:
            raise found
        result: T = found
        return result

    def end(self) -> None:
        """Whatever it does."""
        self._process.kill()
        self._process.join()
        self.answer.close()


def _work(work: Callable[[Rows], Any], rows: Rows, mine: Connection, others: Sequence[Connection]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process is asked to stop, and ends the others
    for connection in others:
        connection.close()
    try:
        with threadpool_limits(1):
            answer = (True, work(rows))
    except Exception as error:  # noqa: BLE001  (the first process raises it)
        answer = (False, error)
    mine.send(answer)
