"""Work in a process beside this one gives what it would give here, and ends when nobody wants it any more."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from threadpoolctl import threadpool_info

from embed.beside import beside
from embed.threads import threads
from kg.progress import Progress, silent
from ontology.errors import InputError

STEPS = 20_000
"""More than a pipe holds."""


def learned(progress: Progress, rows: np.ndarray) -> Iterator[tuple[np.ndarray, int, int]]:
    """Something with gradients, in as many threads as torch has."""
    weight = torch.zeros(rows.shape[1], requires_grad=True)
    (torch.from_numpy(rows) @ (weight + 1)).sum().backward()
    yield weight.grad.numpy(), torch.get_num_threads(), os.getpid()


def talking(progress: Progress) -> Iterator[str]:
    for step in range(1, STEPS + 1):
        progress("talk", step, STEPS)
    yield "said"


def waiting_for(progress: Progress, file: Path) -> Iterator[None]:
    progress("wait", 0, 1)
    while not file.exists():
        time.sleep(0.01)
    progress("wait", 1, 1)
    yield


def one_by_one(progress: Progress, folder: Path) -> Iterator[int]:
    """Each is asked for by a file, and the last one cannot be had."""
    yield 0
    for number in (1, 2):
        for _ in waiting_for(progress, folder / str(number)):
            yield number
    raise InputError("that was all")


def refusing(progress: Progress) -> Iterator[None]:
    yield from ()
    raise InputError("it diverged")


def killed(progress: Progress) -> Iterator[None]:
    yield from ()
    os.kill(os.getpid(), signal.SIGKILL)


def for_ever(progress: Progress) -> Iterator[None]:
    yield from ()
    time.sleep(3600)


@contextmanager
def seen(
    most: int, work: Callable[..., Iterator[object]]
) -> Iterator[tuple[psutil.Process, Callable[[Progress], object]]]:
    """`work` beside this process, and the process in which it goes on: this one may have others."""
    others = set(multiprocessing.active_children())
    with beside(most, work) as result:
        (process,) = set(multiprocessing.active_children()) - others
        yield psutil.Process(process.pid), result


def test_it_gives_what_it_gives_here_though_torch_has_learned_in_both():
    rows = np.random.default_rng(0).random((4000, 1000)).astype(np.float32)
    here, _, own = next(learned(silent, rows))
    with beside(3, learned, rows) as result:
        again, _, _ = next(learned(silent, rows))
        there, most, process = result(silent)
    np.testing.assert_array_equal(there, here)
    np.testing.assert_array_equal(again, here)
    assert (most, own) == (3, os.getpid())
    assert process != own


def test_it_waits_for_nobody_and_of_what_it_told_before_the_newest_is_told():
    told = []
    with seen(1, talking) as (process, result):
        assert not psutil.wait_procs([process], timeout=60)[1], "it waits until it is listened to"
        assert result(lambda *step: told.append(step)) == "said"
    assert told in ([("talk", STEPS, STEPS)], [])  # its result may have been there already


def test_who_waits_is_told_how_far_it_is(tmp_path: Path):
    told = []

    def progress(*step: object) -> None:
        told.append(step)
        (tmp_path / "go on").touch()

    with beside(1, waiting_for, tmp_path / "go on") as result:
        result(progress)
    assert told[0] == ("wait", 0, 1)


def test_results_come_one_by_one_as_they_are_done_and_then_what_it_raises(tmp_path: Path):
    with beside(1, one_by_one, tmp_path) as result:
        assert result(silent) == 0
        for number in (1, 2):
            (tmp_path / str(number)).touch()
            assert result(silent) == number
        with pytest.raises(InputError, match="that was all"):
            result(silent)


class OddError(Exception):
    """One that cannot be sent, or cannot be made again of what was sent."""

    def __init__(self, code: int, what: object) -> None:
        super().__init__(f"odd {code}")
        self.what = what


def odd(progress: Progress, sendable: bool) -> Iterator[None]:
    yield from ()
    raise OddError(7, 1 if sendable else (lambda: 1))


@pytest.mark.parametrize(("sendable", "said"), [(False, "odd 7"), (True, "argument")])
def test_nobody_waits_for_ever_where_what_it_raises_cannot_come_here(sendable: bool, said: str):
    with pytest.raises((RuntimeError, TypeError), match=said), beside(1, odd, sendable) as result:
        result(silent)


def test_what_it_raises_is_raised_here():
    with pytest.raises(InputError, match="it diverged"), beside(1, refusing) as result:
        result(silent)


def test_a_killed_one_is_want_of_memory():
    with pytest.raises(MemoryError, match="killed"), beside(1, killed) as result:
        result(silent)


def test_it_ends_with_the_block():
    with seen(1, for_ever) as (process, _):
        assert process.is_running()
    assert not process.is_running()


def test_it_ends_with_the_process_that_asked():
    script = """
from embed.beside import beside
from kg.progress import silent
from tests.embed.test_beside import for_ever
with beside(1, for_ever) as result:
    print("started", flush=True)
    result(silent)
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE) as asked:
        assert asked.stdout
        asked.stdout.readline()
        processes = psutil.Process(asked.pid).children()
        asked.kill()
    assert processes
    assert not psutil.wait_procs(processes, timeout=30)[1]


def test_threads_are_those_of_torch_and_of_numpy_and_come_back():
    before = torch.get_num_threads(), _of_numpy()
    with threads(3):
        assert (torch.get_num_threads(), _of_numpy()) == (3, {3})
    assert (torch.get_num_threads(), _of_numpy()) == before


def _of_numpy() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info()}
