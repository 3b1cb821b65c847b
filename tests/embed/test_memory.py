"""What does not fit into the memory is said before it is tried, with a value that would fit."""

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embed.memory import GIB, Need, check, enough, free_bytes, left_in
from ontology.errors import InputError

LINEAR = Need("the linear teacher", "linear.most_items", 12_000, lambda n: 12 * n * n)


def test_what_does_not_fit_is_one_sentence_with_what_would_work():
    with pytest.raises(InputError) as caught:
        check([LINEAR], GIB)
    assert str(caught.value) == (
        "the linear teacher needs about 1.6 GiB of memory, and 1.0 GiB are free; "
        "linear.most_items is 12000, try --set linear.most_items=8900"
    )
    check([LINEAR], 2 * GIB)


@given(st.integers(1, 10**7), st.integers(1, 2), st.integers(0, 10**9), st.integers(0, 10**12))
def test_the_value_that_is_named_fits(value: int, order: int, fixed: int, free: int):
    need = Need("it", "option", value, lambda n: fixed + 12 * n**order)
    if need.bytes > free:
        fitting = need.fitting(free)
        if fitting is None:
            assert fixed + 12 > free
        else:
            assert 1 <= fitting < value
            check([replace(need, value=fitting)], free)


def test_where_no_value_fits_that_is_said():
    with pytest.raises(InputError, match=r"dim is 64, and even 1 would be too much: more has to be free"):
        check([Need("the graph network", "dim", 64, lambda dim: 2 * GIB + dim)], GIB)


def test_pages_of_files_are_given_back(tmp_path: Path):
    assert list(left_in(tmp_path)) == []
    files = {"memory.max": "1000", "memory.current": "900", "memory.stat": "anon 7\nactive_file 20\ninactive_file 3"}
    for name, text in files.items():
        (tmp_path / name).write_text(text + "\n", encoding="ascii")
    assert list(left_in(tmp_path)) == [123]
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert list(left_in(tmp_path)) == []


def test_there_is_some_memory_here():
    assert 0 < free_bytes() < 1 << 50


def test_refused_memory_is_a_sentence():
    with pytest.raises(InputError, match=r"not enough memory .*; take less"), enough("take less"):
        torch.empty(1 << 60, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="something else"), enough("take less"):
        raise RuntimeError("something else")


def test_numpy_is_refused_it_too():
    """In a process that may have 2 GiB of addresses."""
    code = """
import numpy as np
from embed.memory import enough
from ontology.errors import InputError
try:
    with enough("take less"):
        np.ones(1 << 34, np.uint8)
except InputError as error:
    print(error)
"""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    done = subprocess.run([sys.executable, "-c", code], preexec_fn=limited, capture_output=True, text=True, check=True)
    assert "there is not enough memory (Unable to allocate 16.0 GiB" in done.stdout
