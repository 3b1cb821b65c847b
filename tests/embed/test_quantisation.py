import numpy as np
import onnx
import onnxruntime
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from embed.calibration import Calibrated, Platt
from embed.export import export_onnx
from embed.quantisation import BYTE, LARGEST, QuantisedLinear, quantised
from embed.ranker import TrainedRanker
from embed.ranker_network import ranker_network
from retrieval.ranker import open_ranker

FLOAT, INT8 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT8


def network(seed=0, features=12, hidden=(32, 16)):
    torch.manual_seed(seed)
    sample = torch.randn(400, features)
    return ranker_network(sample, hidden, dropout=0.1).eval(), sample


def ranker(network: nn.Sequential) -> TrainedRanker:
    features = network[0].mean.shape[0]
    return TrainedRanker(Calibrated(network, Platt(1.5, -0.5, np.eye(features)[0] / 3)).eval(), 0.5, 1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 5), rows=st.integers(1, 700), scale=st.sampled_from([0.0, 0.1, 1.0, 50.0]))
def test_torch_counts_as_onnx_runtime_does(seed, rows, scale):
    small = ranker(quantised(*network(seed)))
    x = torch.randn(rows, 12) * scale
    served = open_ranker(export_onnx(small)).score(x.numpy())
    with torch.no_grad():
        expected = torch.sigmoid(small.network(x))[:, 0].numpy()
    # A unit that lies on the edge of two bytes may fall to either side: one step of that unit, no more.
    np.testing.assert_allclose(served, expected, atol=5e-3)
    assert np.abs(served - expected).mean() < 1e-3


@given(seed=st.integers(0, 20), inputs=st.integers(1, 40), units=st.integers(1, 40))
def test_a_layer_is_off_by_half_a_step_of_each_factor(seed, inputs, units):
    torch.manual_seed(seed)
    layer, x = nn.Linear(inputs, units), torch.randn(30, inputs)
    small = QuantisedLinear(layer, x)
    with torch.no_grad():
        off = (small(x) - layer(x)).abs()
        weight_step, step = small.weight_scale / 2, small.scale / 2
        size = (
            x.abs().sum(1, keepdim=True) * weight_step + step * layer.weight.abs().sum(1) + inputs * step * weight_step
        )
        # The range is moved by up to half a step so that 0 is a byte; the bias has its own, very small step.
        limit = size + step * layer.weight.abs().sum(1) + inputs * step * weight_step + small.scale * weight_step + 1e-5
    assert (off <= limit).all()


@given(seed=st.integers(0, 50))
def test_no_sum_of_two_products_leaves_16_bits(seed):
    small, _ = network(seed)
    weights = [layer.weight for layer in quantised(small, torch.randn(50, 12)) if isinstance(layer, QuantisedLinear)]
    assert all(weight.int().abs().max() <= LARGEST for weight in weights)
    assert 2 * BYTE * LARGEST < 2**15


def test_a_layer_without_input_and_weights_is_its_bias():
    layer = nn.Linear(3, 2)
    nn.init.zeros_(layer.weight)
    small = QuantisedLinear(layer, torch.zeros(5, 3))
    assert torch.allclose(small(torch.zeros(4, 3)), layer.bias.expand(4, 2), atol=1e-6)


def test_the_model_holds_bytes():
    whole, sample = network(features=40, hidden=(128, 64))
    large, small = (export_onnx(ranker(n)) for n in (whole, quantised(whole, sample)))
    assert len(small) < len(large) / 1.5
    kept = [c.data_type for c in onnx.load_from_string(small).graph.initializer if len(c.dims) == 2]
    assert sorted(kept) == [FLOAT, FLOAT, INT8, INT8]  # the first layer, and what calibrates, are of floats


def test_the_runtime_counts_in_integers(tmp_path):
    """It would also run the model in float, and slower than the one in 32 bits."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    model = export_onnx(ranker(quantised(*network())))
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node]
    assert kinds.count("QGemm") == 2
    assert "DequantizeLinear" not in kinds
