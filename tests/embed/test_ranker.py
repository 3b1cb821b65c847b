import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.ranker import RankerOptions, TrainedRanker, export_onnx, train_ranker
from ontology.errors import NotReadyError
from retrieval.ranker import open_ranker

QUICK = RankerOptions(epochs=6, batch_size=64)


def examples(n=600, groups=12, seed=0):
    random = np.random.default_rng(seed)
    features = random.normal(size=(n, 5)).astype(np.float32) * [1, 10, 0.1, 1, 1]
    labels = (features[:, 0] + features[:, 1] / 10 > 1).astype(np.float32)
    return features.astype(np.float32), labels, np.arange(n) % groups


def trained(seed=0) -> TrainedRanker:
    return train_ranker(*examples(), RankerOptions(epochs=6, batch_size=64, seed=seed))


def test_it_learns():
    assert trained().validation_auc > 0.95


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(1, 700), scale=st.sampled_from([0.01, 1.0, 100.0]), seed=st.integers(0, 3))
def test_onnx_gives_what_torch_gives(rows, scale, seed):
    ranker = trained(seed % 2)
    x = (np.random.default_rng(seed).normal(size=(rows, 5)) * scale).astype(np.float32)
    with torch.no_grad():
        expected = torch.sigmoid(ranker.network(torch.from_numpy(x))).numpy()[:, 0]
    np.testing.assert_allclose(open_ranker(export_onnx(ranker)).score(x), expected, atol=1e-5)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    assert export_onnx(trained(1)) == export_onnx(trained(1)) != export_onnx(trained(2))


def test_too_little_to_learn_from_is_said():
    features, labels, groups = examples()
    with pytest.raises(NotReadyError, match="at least two users"):
        train_ranker(features, labels, np.zeros_like(groups), QUICK)
    with pytest.raises(NotReadyError, match="liked candidate"):
        train_ranker(features, np.zeros_like(labels), groups, QUICK)
