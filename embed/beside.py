"""Work in a process beside this one, for what learns with torch: that cannot go on in a copy of a process.

Where steps are small, two processes with half of the threads each do more than one with all of them.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from embed.threads import threads
from kg.keeper import die_with_parent
from kg.progress import Progress

T = TypeVar("T")
_NEW = multiprocessing.get_context("spawn")
_STEP, _GIVEN, _RAISED = "step", "given", "raised"


@contextmanager
def beside(most: int, work: Callable[..., Iterator[T]], *arguments: object) -> Iterator[Callable[[Progress], T]]:
    """`work(progress, *arguments)` goes on while the block runs, in a process of its own with `most` threads.

    `work` has to be a generator of a module. The block gets what waits for its next result: how far it is, is told from
    then on, and what it raises is raised there; MemoryError where it was killed, for which there is seldom another
    reason. The process ends with the block, and with the thread that is in it.
    """
    told: SimpleQueue[tuple[str, Any]] = SimpleQueue()
    answer, theirs = _NEW.Pipe(duplex=False)
    process = _NEW.Process(target=_work, args=(theirs, os.getpid(), most, work, arguments), daemon=True)
    process.start()
    theirs.close()
    Thread(target=_listen, args=(answer, told), daemon=True).start()
    try:
        yield partial(_next, told)
    finally:
        process.kill()
        process.join()


def _listen(answer: Connection, told: "SimpleQueue[tuple[str, Any]]") -> None:
    """Take whatever it says at once, so that it never waits for this process."""
    with answer:
        what = _STEP
        while what != _RAISED:
            try:
                what, said = answer.recv()
            except EOFError:
                what, said = _RAISED, MemoryError("a process that learned beside this one was killed")
            except Exception as error:  # noqa: BLE001  (who waits must not wait for ever)
                what, said = _RAISED, error
            told.put((what, said))


def _next(told: "SimpleQueue[tuple[str, Any]]", progress: Progress) -> Any:
    while True:
        what, said = told.get()
        if what == _RAISED:
            raise said
        if what == _GIVEN:
            return said
        if told.empty():  # of what was told before somebody waited, the newest is enough
            progress(*said)


def _work(
    mine: Connection, parent: int, most: int, work: Callable[..., Iterator[Any]], arguments: tuple[object, ...]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process is asked to stop, and ends this one
    die_with_parent(parent)
    try:
        with threads(most):
            for given in work(lambda *step: mine.send((_STEP, step)), *arguments):
                mine.send((_GIVEN, given))
    except Exception as error:  # noqa: BLE001  (the first process raises it)
        _raise_there(mine, error)


def _raise_there(mine: Connection, error: Exception) -> None:
    try:
        mine.send((_RAISED, error))
    except Exception as unsendable:  # noqa: BLE001  (it cannot be sent, what it says can)
        mine.send((_RAISED, RuntimeError(f"{unsendable}, of {error!r}")))
