"""The graph network: it learns groups of taste, repeats, and knows users only by what they like."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embed.checkpoint import Shelf
from embed.gnn import GnnOptions, batch_size, train_gnn
from embed.network import GnnGraph, GnnShape, GraphNetwork, Likes
from embed.propagation import normalised, torch_propagation
from embed.propagation_dgl import dgl_propagation
from embed.run import Run
from embed.threads import threads
from ontology.errors import InputError, NotReadyError

ITEMS, USERS, OTHERS, DIM = 60, 40, 2, 8
N = ITEMS + USERS + OTHERS
QUICK = GnnOptions(epochs=30, negatives=30, batch_size=64, learning_rate=0.02)
WHOLE = replace(QUICK, relation_aware=True, contrast=0.1, directions=6.0)


def two_tastes(seed=0) -> GnnGraph:
    """Users like even items, or odd ones; one other entity is joined to all even items, one to all odd ones."""
    random = np.random.default_rng(seed)
    likes = {(u, 2 * int(i) + u % 2) for u in range(USERS) for i in random.permutation(ITEMS // 2)[:8]}
    triples = [(i, 0, ITEMS + USERS + i % 2) for i in range(ITEMS)]
    return GnnGraph(np.array(triples, np.int32), np.array(sorted(likes), np.int32), N, ITEMS, USERS, 2)


def start(seed=0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(N, DIM)) / 8).astype(np.float32)


def test_a_user_is_recommended_what_suits_the_taste():
    learned = train_gnn(two_tastes(), start(), QUICK)
    vector = learned.fold_in[[0, 4]].sum(0) / np.sqrt(2)
    best = [i for i in np.argsort(-(learned.items @ vector)).tolist() if i not in {0, 4}]
    assert {i % 2 for i in best[:6]} == {0}


def test_shapes_and_lengths():
    learned = train_gnn(two_tastes(), start(), replace(QUICK, epochs=1))
    assert learned.items.shape == learned.fold_in.shape == (ITEMS, DIM)
    np.testing.assert_allclose(np.linalg.norm(learned.fold_in, axis=1), 1 / QUICK.temperature, rtol=1e-5)


@pytest.mark.parametrize("options", [QUICK, WHOLE], ids=["plain", "all"])
def test_a_seed_repeats_to_the_bit(options: GnnOptions):
    a, b, c = (train_gnn(two_tastes(), start(), replace(options, epochs=3, seed=s)) for s in (1, 1, 2))
    assert a.items.tobytes() == b.items.tobytes() != c.items.tobytes()
    assert a.fold_in.tobytes() == b.fold_in.tobytes()


@pytest.mark.parametrize(
    "options", [GnnOptions(epochs=2), GnnOptions(epochs=2, relation_aware=True, contrast=0.1)], ids=["plain", "all"]
)
def test_a_seed_repeats_where_threads_share_the_work(options: GnnOptions):
    random = np.random.default_rng(0)
    pairs = np.unique((random.random((20_000, 2)) ** 2 * [500, 3000]).astype(np.int32), axis=0)
    graph = GnnGraph(np.empty((0, 3), np.int32), pairs, 3500, 3000, 500, 1)
    begin = random.normal(size=(3500, 64)).astype(np.float32) / 8
    with threads(4):
        a, b = (train_gnn(graph, begin, options) for _ in range(2))
    assert a.items.tobytes() == b.items.tobytes()


@given(st.integers(1, 10_000_000))
def test_steps_do_not_grow_with_the_graph(likes: int):
    steps = likes / batch_size(likes)
    assert steps < 51 or batch_size(likes) == 65536
    assert batch_size(likes) >= 2048


def test_it_goes_on_where_it_was_killed(tmp_path: Path):
    def stopped(phase: str, done: int, of: int | None) -> None:
        if done == 2:
            raise KeyboardInterrupt

    options = replace(WHOLE, epochs=4)
    with pytest.raises(KeyboardInterrupt):
        train_gnn(two_tastes(), start(), options, Run(stopped, shelf=Shelf(tmp_path, "mine", every=0)))
    seen: list[int] = []
    shelf = Shelf(tmp_path, "mine", every=0)
    resumed = train_gnn(two_tastes(), start(), options, Run(lambda _, done, of: seen.append(done), shelf=shelf))
    whole = train_gnn(two_tastes(), start(), options)
    assert seen == [2, 3, 4]
    for name, array in vars(whole).items():
        assert getattr(resumed, name).tobytes() == array.tobytes(), name


def test_a_relation_that_says_nothing_of_taste_counts_less():
    graph, random = two_tastes(), np.random.default_rng(0)
    mixed = [(i, 1, ITEMS + USERS + int(random.integers(2))) for i in range(ITEMS)]
    both = np.concatenate([graph.triples, np.array(mixed, np.int32)])
    graph = GnnGraph(both, graph.likes, N, ITEMS, USERS, 3)
    learned = train_gnn(graph, start(), replace(QUICK, relation_aware=True))
    telling, noise, _ = np.abs(learned.relations).mean(axis=(1, 2))
    assert learned.relations.shape == (3, 2, DIM)
    assert telling > noise


def test_items_are_told_apart():
    """Where the graph alone would make those of one taste alike."""

    def alike(contrast: float) -> float:
        items = train_gnn(two_tastes(), start(), replace(QUICK, contrast=contrast)).items
        items = items / np.linalg.norm(items, axis=1, keepdims=True)
        return float(np.abs(items @ items.T).mean())

    assert alike(1.0) < alike(0.0) - 0.1


def test_both_backends_make_the_same_network():
    graph = two_tastes()
    by_dgl = GraphNetwork(graph, start(), GnnShape(2, 0.1, 0.0), "cpu")
    by_torch = GraphNetwork(graph, start(), GnnShape(2, 0.1, 0.0), "cpu")
    every = normalised(*graph.links(), N, N)
    for network, backend in ((by_dgl, dgl_propagation), (by_torch, lambda links: torch_propagation(links, "cpu"))):
        steps = [backend(links) for links in (every, every.into(ITEMS))]
        network.steps = [lambda x, _, step=step: step(x) for step in steps]
    for a, b in zip(by_dgl(), by_torch(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
    for network in (by_dgl, by_torch):
        items, fold_in = network()
        (items @ fold_in.T).square().sum().backward()
    torch.testing.assert_close(by_dgl.start.grad, by_torch.start.grad, atol=1e-2, rtol=1e-3)


def test_without_likes_to_judge_by_all_epochs_count():
    options = replace(QUICK, validation=0.0, patience=1)
    seen = []
    a = train_gnn(two_tastes(), start(), replace(options, epochs=4), Run(lambda _, done, of: seen.append(done)))
    assert seen == [1, 2, 3, 4]
    b = train_gnn(two_tastes(), start(), replace(options, epochs=1))
    assert a.items.tobytes() != b.items.tobytes()


def test_a_like_is_judged_by_the_other_likes_of_its_user():
    graph = two_tastes()
    likes, fold_in = Likes(graph, "cpu"), torch.randn(ITEMS, DIM)
    rows = torch.tensor([7, 3, 3, 100])
    vectors = likes.without_each(rows, fold_in)
    for row, vector in zip(rows.tolist(), vectors, strict=True):
        user, item = graph.likes[row]
        others = [i for u, i in graph.likes.tolist() if u == user and i != item]
        torch.testing.assert_close(vector, fold_in[others].sum(0) / len(others) ** 0.5)


def test_users_without_likes_have_the_vector_zero():
    graph = two_tastes()
    graph = GnnGraph(graph.triples, graph.likes[graph.likes[:, 0] != 3], N, ITEMS, USERS, 2)
    vectors = Likes(graph, "cpu").users(torch.randn(ITEMS, DIM))
    assert not vectors[3].any()
    assert vectors[2].any()
    assert vectors[USERS - 1].any()


def test_what_cannot_be_learned_from_is_said():
    graph = two_tastes()
    with pytest.raises(NotReadyError, match="no positive interactions"):
        train_gnn(GnnGraph(graph.triples, graph.likes[:0], N, ITEMS, USERS, 2), start(), QUICK)
    with pytest.raises(InputError, match="try a learning rate below"):
        train_gnn(graph, start(), replace(QUICK, learning_rate=1e20))
