"""Link prediction: the ranks are PyKEEN's to the last tie, on real triples and on graphs full of ties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embed import link_prediction
from embed.kge import CoreTriplesFactory, KGEOptions, pykeen_model, train_kge
from embed.link_prediction import KGEVectors, filtered_ranks, hits, mean_reciprocal_rank

from pykeen.datasets import UMLS  # isort: skip  # after embed.kge, which tells PyKEEN where to write
from pykeen.evaluation import RankBasedEvaluator  # isort: skip

MODELS = [("transe", 1), ("transe", 2), ("rotate", 2), ("distmult", 2), ("complex", 2)]


def ranks_of_pykeen(vectors, test, known):
    """What PyKEEN's own evaluator says, float64 (t, 2): heads, tails."""
    factory = CoreTriplesFactory(torch.from_numpy(known), len(vectors.entities), len(vectors.relations))
    dim = vectors.entities.shape[1]
    model = pykeen_model(factory, KGEOptions(model=vectors.model, dim=dim, norm=vectors.norm))
    for table, values in (
        (model.entity_representations[0], vectors.entities),
        (model.relation_representations[0], vectors.relations),
    ):
        table._embeddings.weight.data = torch.from_numpy(values.view(np.float32).reshape(len(values), -1).copy())
    evaluator = RankBasedEvaluator(clear_on_finalize=False)
    evaluator.evaluate(
        model, torch.from_numpy(test), additional_filter_triples=[factory.mapped_triples], use_tqdm=False, batch_size=16
    )
    return np.stack([np.concatenate(evaluator.ranks[side, "realistic"]) for side in ("head", "tail")], axis=1)


@pytest.fixture(scope="module")
def umls():
    """UMLS, which comes with PyKEEN: (training, testing, known) triples int64 (n, 3)."""
    data = UMLS()
    train, test, valid = (part.mapped_triples.numpy() for part in (data.training, data.testing, data.validation))
    return train, test, np.concatenate([train, valid])


@pytest.mark.parametrize(("model", "norm"), MODELS)
def test_ranks_on_umls_are_those_of_pykeen(model, norm, umls):
    train, test, known = umls
    vectors = train_kge(train.astype(np.int32), 135, 46, KGEOptions(model=model, norm=norm, dim=20, epochs=3))
    np.testing.assert_array_equal(filtered_ranks(vectors, test, known), ranks_of_pykeen(vectors, test, known))


@st.composite
def graphs(draw):
    """A model with small whole numbers in its vectors, so that many scores are equal, and some triples."""
    model, norm = draw(st.sampled_from(MODELS))
    n_entities, n_relations, dim = draw(st.integers(2, 30)), draw(st.integers(1, 3)), draw(st.integers(1, 5))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def table(n):
        values = random.integers(-1, 2, (2, n, dim)).astype(np.float32)
        return values[0] + np.complex64(1j) * values[1] if model in ("rotate", "complex") else values[0]

    def some(n):
        return random.integers(0, [n_entities, n_relations, n_entities], (n, 3))

    vectors = KGEVectors(model, table(n_entities), table(n_relations), norm)
    return vectors, some(draw(st.integers(1, 20))), some(draw(st.integers(1, 60)))


@settings(max_examples=60, deadline=None)
@given(graph=graphs(), block=st.sampled_from([3, 4096]))
def test_ties_filters_and_blocks_are_those_of_pykeen(graph, block):
    whole = link_prediction._CANDIDATES
    link_prediction._CANDIDATES = block
    try:
        ours = filtered_ranks(*graph)
    finally:
        link_prediction._CANDIDATES = whole
    np.testing.assert_array_equal(ours, ranks_of_pykeen(*graph))


@pytest.mark.parametrize(("model", "norm"), MODELS[:4])
def test_near_ties_are_decided_as_pykeen_rounds(model, norm):
    """Entities that differ in the last bit: a product of matrices alone gets these wrong."""
    random = np.random.default_rng(0)
    one = random.standard_normal(40).astype(np.float32)
    entities = one * (1 + np.float32(2**-23) * random.integers(-3, 4, (500, 40))).astype(np.float32)
    relations = random.standard_normal((2, 40)).astype(np.float32)
    if model == "rotate":
        entities, relations = entities.view(np.complex64), relations.view(np.complex64)
    vectors = KGEVectors(model, entities, relations, norm)
    test = np.column_stack([random.integers(0, 500, 30), random.integers(0, 2, 30), random.integers(0, 500, 30)])
    np.testing.assert_array_equal(filtered_ranks(vectors, test, test), ranks_of_pykeen(vectors, test, test))


def test_what_ranks_are_worth():
    ranks = np.array([[1.0, 2.0], [4.0, 10.5]])
    assert mean_reciprocal_rank(ranks) == pytest.approx((1 + 1 / 2 + 1 / 4 + 1 / 10.5) / 4)
    assert hits(ranks, 10) == 0.75
