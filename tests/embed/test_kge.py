"""The four models learn, by name, with sparse gradients, and keep what is theirs."""

import numpy as np
import pytest
import torch

from embed.kge import CoreTriplesFactory, KGEOptions, pykeen_model, train_kge
from embed.link_prediction import filtered_ranks, mean_reciprocal_rank

from pykeen.datasets import UMLS  # isort: skip  # after embed.kge, which tells PyKEEN where to write

MODELS = ["transe", "rotate", "distmult", "complex"]
ADVERSARIAL = {"negatives": 16, "margin": 3.0, "adversarial": 1.0}


@pytest.mark.parametrize(
    ("options", "floor"),
    [
        (KGEOptions(model="transe"), 0.6),
        (KGEOptions(model="rotate"), 0.6),
        (KGEOptions(model="rotate", **ADVERSARIAL), 0.6),
        (KGEOptions(model="distmult"), 0.4),
        (KGEOptions(model="complex", **ADVERSARIAL), 0.25),
        (KGEOptions(model="transe", norm=2, unit=False, shared=True, **ADVERSARIAL), 0.45),
        (KGEOptions(model="distmult", shared=True), 0.25),
    ],
    ids=lambda value: f"{value.model}-{value.adversarial}-{value.shared}" if isinstance(value, KGEOptions) else None,
)
def test_every_model_learns_umls(options, floor):
    """Ranks by chance give an MRR of .04 among 135 entities."""
    umls = UMLS()
    train, test = (part.mapped_triples.numpy() for part in (umls.training, umls.testing))
    options = KGEOptions(**(vars(options) | {"dim": 32, "epochs": 40}))
    learned = train_kge(train.astype(np.int32), umls.num_entities, umls.num_relations, options)
    known = np.concatenate([train, umls.validation.mapped_triples.numpy()])
    assert mean_reciprocal_rank(filtered_ranks(learned, test, known)) > floor


def chain(n=20):
    return np.array([(e, 0, (e + 1) % n) for e in range(n)], np.int32)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("shared", [False, True])
def test_shapes_types_and_constraints(model, shared):
    options = KGEOptions(model=model, shared=shared, dim=8, epochs=2, negatives=3)
    learned = train_kge(chain(), 21, 1, options)
    dtype = np.complex64 if model in ("rotate", "complex") else np.float32
    assert (learned.entities.shape, learned.relations.shape) == ((21, 8), (1, 8))
    assert learned.entities.dtype == learned.relations.dtype == dtype
    if model in ("transe", "distmult"):
        np.testing.assert_allclose(np.linalg.norm(learned.entities, axis=1), 1, atol=1e-5)
    if model == "rotate":
        np.testing.assert_allclose(np.abs(learned.relations), 1, atol=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_gradients_are_sparse(model):
    """`_embeddings.sparse` is private to PyKEEN: a new version that ignores it would be fifty times slower."""
    factory = CoreTriplesFactory(torch.from_numpy(chain().astype(np.int64)), 20, 1)
    built = pykeen_model(factory, KGEOptions(model=model, dim=8))
    (built.score_hrt(factory.mapped_triples[:4]).sum() + built.collect_regularization_term()).backward()
    assert all(parameter.grad.is_sparse for parameter in built.get_grad_params())


@pytest.mark.parametrize("model", MODELS)
def test_a_seed_repeats_to_the_bit(model):
    a, b = (train_kge(chain(), 20, 1, KGEOptions(model=model, dim=8, epochs=2, seed=3)) for _ in range(2))
    assert a.entities.tobytes() == b.entities.tobytes()
    assert a.relations.tobytes() == b.relations.tobytes()
