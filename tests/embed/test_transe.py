"""TransE: what it learns, the optimiser under it, and what it leaves alone."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.kge import CoreTriplesFactory, KGEOptions, batch_size, pykeen_model, training_loop
from embed.rowadagrad import RowAdagrad
from embed.run import Run
from embed.transe import TransEOptions, train_transe
from ontology.errors import InputError, NotReadyError

QUICK = TransEOptions(dim=16, epochs=60, batch_size=32)


def ring(n=30, steps=(1, 2)):
    """Every entity is joined to the ones a step or two further on a ring."""
    return np.array([(e, r, (e + by) % n) for e in range(n) for r, by in enumerate(steps)], np.int32)


def test_true_triples_come_nearer_than_others():
    triples = ring()
    learned = train_transe(triples, 30, 2, QUICK)
    head, relation, tail = triples.T
    at = learned.entities[head] + learned.relations[relation]
    true = np.abs(at - learned.entities[tail]).sum(1)
    other = np.abs(at - learned.entities[(tail + 11) % 30]).sum(1)
    assert (true < other).mean() > 0.9


def test_shapes_types_and_unit_length():
    learned = train_transe(ring(), 31, 2, replace(QUICK, epochs=2))
    assert learned.entities.shape == (31, 16)
    assert learned.relations.shape == (2, 16)
    assert learned.entities.dtype == learned.relations.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(learned.entities, axis=1), 1, atol=1e-5)


def test_a_seed_repeats_to_the_bit_and_leaves_other_random_numbers_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    a, b = (train_transe(ring(), 30, 2, replace(QUICK, epochs=3, seed=5)) for _ in range(2))
    assert torch.rand(3).equal(expected)
    assert a.entities.tobytes() == b.entities.tobytes()
    assert a.relations.tobytes() == b.relations.tobytes()
    other = train_transe(ring(), 30, 2, replace(QUICK, epochs=3, seed=6))
    assert a.entities.tobytes() != other.entities.tobytes()


def test_gradients_are_sparse():
    """`_embeddings.sparse` is private to PyKEEN: a new version that ignores it would be fifty times slower."""
    factory = CoreTriplesFactory(torch.from_numpy(ring().astype(np.int64)), 30, 2)
    options = KGEOptions(dim=16)
    model = pykeen_model(factory, options)
    model.score_hrt(factory.mapped_triples[:4]).sum().backward()
    assert all(parameter.grad.is_sparse for parameter in model.get_grad_params())
    assert isinstance(training_loop(model, factory, options).optimizer, RowAdagrad)


def test_progress_counts_the_epochs():
    seen = []
    train_transe(ring(), 30, 2, replace(QUICK, epochs=4), Run(lambda *step: seen.append(step)))
    assert seen == [("transe", epoch, 4) for epoch in (1, 2, 3, 4)]


def test_nothing_to_learn_from_and_divergence_are_said():
    with pytest.raises(NotReadyError, match="no triples"):
        train_transe(np.empty((0, 3), np.int32), 3, 1, QUICK)
    with pytest.raises(InputError, match="try a learning rate below"):
        train_transe(ring(), 30, 2, replace(QUICK, learning_rate=float("nan")))


@pytest.mark.parametrize(("n", "size"), [(1, 256), (50_000, 1000), (10_000_000, 8192)])
def test_the_batch_grows_with_the_graph(n, size):
    assert batch_size(n) == size


def test_pykeen_writes_nothing_to_the_home_folder(tmp_path):
    env = {k: v for k, v in os.environ.items() if k != "PYSTOW_HOME"} | {"HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", "import embed.transe, embed.propagation_dgl"], env=env, check=True)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.integers(0, 5), min_size=1, max_size=8), seed=st.integers(0, 9))
def test_only_touched_rows_move_and_sparse_equals_dense(rows, seed):
    random = torch.Generator().manual_seed(seed)
    start, pull = torch.randn(6, 4, generator=random), torch.randn(len(rows), 4, generator=random)
    results = []
    for sparse in (True, False):
        weight = torch.nn.Parameter(torch.nn.functional.normalize(start))
        optimiser = RowAdagrad([weight], lr=0.1, unit=(0,))
        (torch.nn.functional.embedding(torch.tensor(rows), weight, sparse=sparse) * pull).sum().backward()
        optimiser.step()
        results.append(weight.detach())
    torch.testing.assert_close(results[0], results[1])
    untouched = [r for r in range(6) if r not in rows]
    torch.testing.assert_close(results[0][untouched], torch.nn.functional.normalize(start)[untouched])
    torch.testing.assert_close(results[0].norm(dim=1), torch.ones(6))
