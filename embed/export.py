"""The ranker as an ONNX model, written node by node: torch's exporter would bring two more packages."""

import copy
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from embed.calibration import Platt
from embed.quantisation import QuantisedLinear
from embed.ranker import TrainedRanker
from embed.ranker_attention import SCALE, Attention
from embed.ranker_network import Attending, Standardise

OPSET = 17


NOTHING = Platt(1.0, 0.0, np.empty(0))
"""The scaling of a layer that is not the last."""


def export_onnx(ranker: TrainedRanker) -> bytes:
    """The network and its sigmoid: `features` float32 (n, f) to `score` float32 (n, 1).

    Where there is attention, `pairs` float32 (n, h) are asked for beside the features, without nan.

    What comes before the first layer and after the last becomes a part of it: four nodes that take as long as a layer.
    What features of the user add is two nodes, because the network has mixed them by then. Dropout is nothing here.
    The sigmoid is written out: the node of that name is off by 6e-8, which swaps candidates that are seldom liked.
    """
    scaling = ranker.network.scaling
    layers, width = _folded([layer for layer in ranker.network.network if not isinstance(layer, nn.Dropout)])
    graph, value = _Graph(), "features"
    inputs: list[tuple[str, int | str]] = [("features", width)]
    if isinstance(layers[0], Attention):
        value = graph.node("Concat", value, _attended(graph, layers[0]), axis=1)
        inputs, layers = [*inputs, ("pairs", "h")], layers[1:]
    for layer in layers[:-1]:
        value = _written(graph, layer, value, NOTHING)
    value = _written(graph, layers[-1], value, scaling)
    if scaling.weight.any():
        value = graph.node("Add", value, graph.node("MatMul", "features", graph.constant(scaling.weight)))
    odds_against = graph.node("Exp", graph.node("Neg", value))
    graph.node("Reciprocal", graph.node("Add", odds_against, graph.constant(torch.ones(1))), output="score")
    model = helper.make_model(graph.made(inputs), opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _folded(layers: list[nn.Module]) -> tuple[list[nn.Module], int]:
    """The layers between features and log-odds, and the number of features."""
    match layers:
        case [Standardise() as before, nn.Linear() as first, *between]:
            return [_of_raw_features(before, first), *between], first.in_features
        case [Attending() as before, nn.Linear() as first, *between]:
            folded = _of_raw_features(before.standardise, first)
            return [before.attention, folded, *between], len(before.standardise.mean)
    raise TypeError(f"this is no ranker: {layers}")


def _of_raw_features(standardise: Standardise, layer: nn.Linear) -> nn.Linear:
    """The layer for features as they come. In float64: a mean may be far larger than what varies around it.

    What it takes beside the features stays as it is.
    """
    n = len(standardise.mean)
    weight = layer.weight.detach().double()
    of_raw = weight[:, :n] / standardise.std.double()
    folded = copy.deepcopy(layer)
    folded.weight = nn.Parameter(torch.cat([of_raw, weight[:, n:]], dim=1).float())
    folded.bias = nn.Parameter((layer.bias.detach().double() - of_raw @ standardise.mean.double()).float())
    return folded


class _Graph:
    """Nodes and constants as they come, each named by its place."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, tensor: Tensor) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(tensor.detach().numpy(), name))
        return name

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: float) -> str:
        output = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def made(self, inputs: list[tuple[str, int | str]]) -> Any:
        ends = [*inputs, ("score", 1)]
        *taken, score = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in ends)
        return helper.make_graph(self.nodes, "ranker", taken, [score], self.constants)


def _attended(graph: _Graph, attention: Attention) -> str:
    """The sums of each candidate, (n, SUMS), of pairs (n, h): what Attention.forward computes, without nan."""
    constant, node = graph.constant, graph.node
    one, two = (constant(torch.tensor([axis])) for axis in (1, 2))
    said = node("Unsqueeze", "pairs", two)
    of_pair, of_place = attention.first.weight.T
    places = node("Add", node("Mul", _log_places(graph, one), constant(of_place)), constant(attention.first.bias))
    hidden = node("Relu", node("Add", node("Mul", said, constant(of_pair)), places))
    weight, bias = (values / SCALE for values in (attention.second.weight.T, attention.second.bias))
    weighed = node("Add", node("MatMul", hidden, constant(weight)), constant(bias))
    sums = [node("ReduceSum", value, one, keepdims=0) for value in (node("Mul", weighed, said), weighed)]
    return node("Concat", *sums, axis=1)


def _log_places(graph: _Graph, one: str) -> str:
    """The logarithms of the places 1 to h, (h, 1), of pairs (n, h); `one` names a constant [1]."""
    node, first = graph.node, graph.constant(torch.tensor(1))
    end = node("Add", node("Squeeze", node("Shape", "pairs", start=1, end=2)), first)
    places = node("Cast", node("Range", first, end, first), to=TensorProto.FLOAT)
    return node("Unsqueeze", node("Log", places), one)


def _written(graph: _Graph, layer: nn.Module, value: str, scaling: Platt) -> str:
    """Write one layer that takes `value`, scaled, and name what it gives."""
    match layer:
        case nn.Linear():
            bias = layer.bias * scaling.slope + scaling.intercept
            ends = (graph.constant(layer.weight), graph.constant(bias))
            return graph.node("Gemm", value, *ends, transB=1, alpha=scaling.slope.item())
        case QuantisedLinear():
            return _in_bytes(graph, layer, value, scaling)
        case nn.ReLU():
            return graph.node("Relu", value)
    raise TypeError(f"no ONNX is known for {layer}")


def _in_bytes(graph: _Graph, layer: QuantisedLinear, value: str, scaling: Platt) -> str:
    """A Gemm whose inputs come out of bytes: ONNX Runtime makes them one product in integers (QGemm).

    The scaling changes the size of a step, and adds steps: it leaves the order of the sums as it is.
    """
    constant, node = graph.constant, graph.node
    weight_scale = layer.weight_scale * scaling.slope
    step = layer.scale * weight_scale
    bias = layer.bias + (scaling.intercept / step).round().to(torch.int32)
    scale, zero = constant(layer.scale), constant(layer.zero)
    taken = node("DequantizeLinear", node("QuantizeLinear", value, scale, zero), scale, zero)
    none = constant(torch.zeros_like(layer.weight[:, 0]))  # it fuses only what names its zero
    weights = node("DequantizeLinear", constant(layer.weight), constant(weight_scale), none, axis=0)
    return node("Gemm", taken, weights, node("DequantizeLinear", constant(bias), constant(step), axis=0), transB=1)
