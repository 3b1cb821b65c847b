import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from embed.listwise import CUT_OFF, batches, judged, lists, softened, table
from embed.metrics import ndcg


def drawn(seed: int, n: int, users: int):
    """A network, features, labels, and whose candidate each row is, in no order."""
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    x = torch.from_numpy(random.normal(size=(n, 3)).astype(np.float32))
    labels = (random.random(n) < 0.2).astype(np.float32)
    return nn.Sequential(nn.Linear(3, 1)), x, labels, random.integers(0, users, n)


worlds = {"seed": st.integers(0, 1000), "n": st.integers(1, 120), "users": st.integers(1, 6)}


@settings(max_examples=60, deadline=None)
@given(**worlds)
def test_a_list_is_one_user_with_a_liked_candidate(seed, n, users):
    _, _, labels, groups = drawn(seed, n, users)
    rows = np.random.default_rng(seed).permutation(n)[: n // 2 + 1]
    found = [part.numpy() for part in lists(rows, groups, labels, "cpu")]
    assert {tuple(sorted(part)) for part in found} == {
        tuple(sorted(rows[groups[rows] == user]))
        for user in set(groups[rows])
        if labels[rows[groups[rows] == user]].any()
    }


@settings(max_examples=60, deadline=None)
@given(**worlds)
def test_losses_and_gains_are_those_of_each_list_alone(seed, n, users):
    network, x, labels, groups = drawn(seed, n, users)
    every = lists(np.arange(n), groups, labels, "cpu")
    if not every:
        return
    y = torch.from_numpy(labels)
    with torch.no_grad():
        found = table(network, x, y, every)
        losses, gains = found.losses().numpy(), found.gains().numpy()
        for i, rows in enumerate(every):
            said = network(x[rows]).squeeze(1)
            liked = y[rows] > 0
            assert losses[i] == pytest.approx(-said.log_softmax(0)[liked].mean().item(), abs=1e-5)
            order = np.argsort(-said.numpy(), kind="stable")
            assert gains[i] == pytest.approx(ndcg(order, np.flatnonzero(liked.numpy()), CUT_OFF), abs=1e-5)
        assert judged(network, x, y, every) == (pytest.approx(losses.mean(), abs=1e-5), pytest.approx(gains.mean()))


@settings(max_examples=60, deadline=None)
@given(**worlds, candidates=st.integers(1, 200))
def test_batches_hold_every_list_once(seed, n, users, candidates):
    _, _, labels, groups = drawn(seed, n, users)
    every = lists(np.arange(n), groups, labels, "cpu")
    assert [id(part) for some in batches(every, candidates) for part in some] == [id(part) for part in every]


def test_what_a_larger_network_says_is_a_part_of_what_is_wanted():
    network, x, labels, groups = drawn(1, 60, 3)
    every, y = lists(np.arange(60), groups, labels, "cpu"), torch.from_numpy(labels)
    wanted = softened(network, x, y, every, 0.25)
    with torch.no_grad():
        for rows in every:
            said = network(x[rows]).squeeze(1).softmax(0)
            assert wanted[rows].sum().item() == pytest.approx(1)
            assert torch.allclose(wanted[rows], 0.75 * y[rows] / y[rows].sum() + 0.25 * said)
    assert torch.equal(y, torch.from_numpy(labels))
