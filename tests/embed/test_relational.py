"""Relations that weigh their messages: the equation, term by term, and plain message passing where all weigh 1."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from embed.network import GnnGraph, GnnShape, GraphNetwork
from embed.propagation import normalised, propagation
from embed.relational import relational

SOURCES, TARGETS, RELATIONS, DIM = 6, 4, 3, 3
LINKS = st.lists(
    st.tuples(st.integers(0, SOURCES - 1), st.integers(0, TARGETS - 1), st.integers(0, RELATIONS - 1)), max_size=30
)


@given(LINKS, st.integers(0, 9))
def test_it_computes_the_equation_and_its_gradients(links, seed):
    source, target, relation = (np.array(c, np.int32) for c in np.array(links, np.int32).reshape(-1, 3).T)
    norm = normalised(source, target, SOURCES, TARGETS)
    random = torch.Generator().manual_seed(seed)
    step, grad = relational(norm, relation, "cpu"), torch.randn(TARGETS, DIM, generator=random)
    found = []
    for by in (step, lambda x, weights: by_hand(norm, relation, x, weights)):
        random.manual_seed(seed)
        x = torch.randn(SOURCES, DIM, generator=random, requires_grad=True)
        weights = torch.randn(RELATIONS, DIM, generator=random, requires_grad=True)
        y = by(x, weights)
        (y * grad).sum().backward()
        found.append((y, x.grad, weights.grad))
    for got, wanted in zip(*found, strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)


def by_hand(links, relation, x, weights):
    y = torch.zeros(TARGETS, DIM) + 0 * x.sum() + 0 * weights.sum()
    for s, t, r in zip(links.source.tolist(), links.target.tolist(), relation.tolist(), strict=True):
        norm = float(links.source_norm[s] * links.target_norm[t])
        y = y + torch.nn.functional.one_hot(torch.tensor(t), TARGETS).unsqueeze(1) * (norm * x[s] * weights[r])
    return y


@given(LINKS)
def test_where_all_weigh_1_it_is_plain_message_passing(links):
    source, target, relation = (np.array(c, np.int32) for c in np.array(links, np.int32).reshape(-1, 3).T)
    norm, x = normalised(source, target, SOURCES, TARGETS), torch.randn(SOURCES, DIM)
    plain = propagation(norm, "cpu")(x)
    torch.testing.assert_close(relational(norm, relation, "cpu")(x, torch.ones(RELATIONS, DIM)), plain)


def test_a_network_begins_as_one_that_knows_no_relations():
    random = np.random.default_rng(0)
    triples = np.stack([random.integers(0, 20, 60), random.integers(0, 2, 60), random.integers(30, 40, 60)], axis=1)
    likes = np.unique(random.integers(0, [10, 20], (50, 2)), axis=0)
    graph = GnnGraph(triples.astype(np.int32), likes.astype(np.int32), 40, 20, 10, 3)
    begin = random.normal(size=(40, 8)).astype(np.float32)
    for layers in (0, 1, 3):
        one, other = (GraphNetwork(graph, begin, GnnShape(layers, 0.3, 0.0, aware), "cpu") for aware in (False, True))
        for a, b in zip(one(), other(), strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
