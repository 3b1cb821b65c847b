"""Parts are worked on by processes that are copies: what they give is what one process gives."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from embed.parts import in_parts
from ontology.errors import InputError

ROWS = np.arange(1000)


@pytest.mark.parametrize("processes", [1, 2, 7, 5000])
def test_every_row_is_worked_on_once_and_in_order(processes):
    found = in_parts(lambda rows: (rows, os.getpid()), ROWS, 1, processes if processes < 50 else 20)
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in found]), ROWS)
    assert len({process for _, process in found}) == len(found)
    assert (os.getpid() in {process for _, process in found}) == (processes == 1)


def test_no_part_is_small():
    assert [len(rows) for rows in in_parts(lambda rows: rows, ROWS, 400, 9)] == [500, 500]
    assert [len(rows) for rows in in_parts(lambda rows: rows, ROWS[:7], 400, 9)] == [7]
    assert [len(rows) for rows in in_parts(lambda rows: rows, ROWS[:0], 400, 9)] == [0]


def test_large_answers_come_whole():
    weights = np.random.default_rng(0).random((3000, 1000)).astype(np.float32)
    found = in_parts(lambda rows: weights[rows] @ weights[:8].T, ROWS, 1, 3)
    np.testing.assert_allclose(np.concatenate(found), weights[ROWS] @ weights[:8].T, rtol=1e-5)


def test_what_one_part_raises_ends_all():
    def work(rows):
        if rows[-1] == ROWS[-1]:
            raise InputError("the last row is wrong")
        time.sleep(3600)

    before = psutil.Process().children()
    with pytest.raises(InputError, match="the last row is wrong"):
        in_parts(work, ROWS, 1, 3)
    assert psutil.Process().children() == before


def test_a_killed_part_is_want_of_memory():
    with pytest.raises(MemoryError, match="killed"):
        in_parts(lambda _: os.kill(os.getpid(), signal.SIGKILL), ROWS, 1, 2)


def test_the_parts_end_with_the_process_that_asked():
    script = """
import time
import numpy as np
from embed.parts import in_parts
in_parts(lambda rows: time.sleep(1) or np.ones(1 << 24), np.arange(90), 1, 3)
"""
    asked = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2])
    process = psutil.Process(asked.pid)
    parts = []
    while len(parts) < 3 and asked.poll() is None:
        parts = process.children()
    asked.kill()
    asked.wait()
    assert len(parts) == 3
    assert not psutil.wait_procs(parts, timeout=30)[1]
