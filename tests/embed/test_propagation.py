"""One equation on two backends: DGL, plain torch and the dense matrix agree, forwards and backwards."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.propagation import Links, normalised, propagation, torch_propagation
from embed.propagation_dgl import dgl_propagation

SOURCES, TARGETS, DIM = 6, 4, 3
PAIRS = st.lists(st.tuples(st.integers(0, SOURCES - 1), st.integers(0, TARGETS - 1)), max_size=30)


def links_of(pairs) -> Links:
    source, target = np.array(pairs, np.int32).reshape(-1, 2).T
    return normalised(np.ascontiguousarray(source), np.ascontiguousarray(target), SOURCES, TARGETS)


def dense(links: Links) -> torch.Tensor:
    matrix = torch.zeros(TARGETS, SOURCES)
    for s, t in zip(links.source.tolist(), links.target.tolist(), strict=True):
        matrix[t, s] += links.source_norm[s] * links.target_norm[t]
    return matrix


def outcome(step, seed):
    """The step's result for a random input, and the gradient of a random weighing of it."""
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(SOURCES, DIM, generator=random, requires_grad=True)
    y = step(x)
    (y * torch.randn(TARGETS, DIM, generator=random)).sum().backward()
    return y.detach().numpy(), x.grad.numpy()


@settings(max_examples=60, deadline=None)
@given(pairs=PAIRS, seed=st.integers(0, 9))
def test_dgl_and_torch_compute_the_equation(pairs, seed):
    links = links_of(pairs)
    expected = outcome(lambda x: dense(links) @ x, seed)
    for step in (torch_propagation(links, "cpu"), dgl_propagation(links)):
        for got, wanted in zip(outcome(step, seed), expected, strict=True):
            np.testing.assert_allclose(got, wanted, atol=1e-5)


@given(pairs=PAIRS, n=st.integers(1, TARGETS))
def test_the_first_targets_alone_receive_the_same(pairs, n):
    links, x = links_of(pairs), torch.randn(SOURCES, DIM)
    for backend in (lambda some: torch_propagation(some, "cpu"), dgl_propagation):
        torch.testing.assert_close(backend(links.into(n))(x), backend(links)(x)[:n])


def test_on_a_large_skewed_graph_both_backends_agree():
    random = np.random.default_rng(0)
    source, target = ((random.random((2, 200_000)) ** 3) * 20_000).astype(np.int32)
    links = normalised(source, target, 20_000, 20_000)
    x = torch.randn(20_000, 16, generator=torch.Generator().manual_seed(0))
    a, b = torch_propagation(links, "cpu")(x), dgl_propagation(links)(x)
    np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-4)


def test_nodes_without_links_get_nothing():
    step = torch_propagation(links_of([(0, 0)]), "cpu")
    y = step(torch.ones(SOURCES, DIM))
    assert y[0].tolist() == [1.0] * DIM
    assert not y[1:].any()


@pytest.mark.parametrize("degrees", [[(0, 0)], [(0, 0), (0, 1), (1, 0)]])
def test_norms_are_one_over_the_root_of_the_degree(degrees):
    links = links_of(degrees)
    count = np.bincount(links.source, minlength=SOURCES)
    np.testing.assert_allclose(links.source_norm[count > 0], 1 / np.sqrt(count[count > 0]))
    assert not links.source_norm[count == 0].any()


def test_a_processor_takes_what_is_quickest_there():
    taken = propagation(links_of([(0, 0)]), "cpu").__qualname__.split(".")[0]
    wide = torch.backends.cpu.get_cpu_capability() == "AVX512"
    assert taken == ("dgl_propagation" if wide else "torch_propagation")


def test_a_processor_without_avx_512_takes_torch():
    ask = "from tests.embed.test_propagation import *; print(propagation(links_of([(0, 0)]), 'cpu').__qualname__)"
    env = os.environ | {"ATEN_CPU_CAPABILITY": "avx2"}
    asked = subprocess.run([sys.executable, "-c", ask], env=env, capture_output=True, text=True, check=True)
    assert asked.stdout.startswith("torch_propagation")
