"""The ranker as an ONNX model, written node by node: torch's exporter would bring two more packages."""

from typing import Any

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from embed.calibration import Platt
from embed.quantisation import QuantisedLinear
from embed.ranker import TrainedRanker
from embed.ranker_network import Standardise

OPSET = 17


def export_onnx(ranker: TrainedRanker) -> bytes:
    """The network and its sigmoid: `features` float32 (n, f) to `score` float32 (n, 1)."""
    graph = _Graph()
    value = "features"
    for layer in ranker.network:
        value = _written(graph, layer, value)
    graph.node("Sigmoid", value, output="score")
    width = next(layer.mean.shape[0] for layer in ranker.network if isinstance(layer, Standardise))
    model = helper.make_model(graph.made(width), opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants as they come, each named by its place."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, tensor: Tensor) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(tensor.detach().numpy(), name))
        return name

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: int) -> str:
        output = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def made(self, width: int) -> Any:
        ends = (("features", width), ("score", 1))
        features, score = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in ends)
        return helper.make_graph(self.nodes, "ranker", [features], [score], self.constants)


def _written(graph: _Graph, layer: nn.Module, value: str) -> str:
    """Write one layer that takes `value`, and name what it gives. Dropout is nothing in service."""
    constant, node = graph.constant, graph.node
    match layer:
        case Standardise():
            return node("Div", node("Sub", value, constant(layer.mean)), constant(layer.std))
        case nn.Linear():
            return node("Gemm", value, constant(layer.weight), constant(layer.bias), transB=1)
        case QuantisedLinear():
            return _in_bytes(graph, layer, value)
        case nn.ReLU():
            return node("Relu", value)
        case Platt():
            return node("Add", node("Mul", value, constant(layer.slope)), constant(layer.intercept))
    return value


def _in_bytes(graph: _Graph, layer: QuantisedLinear, value: str) -> str:
    """A Gemm whose inputs come out of bytes: ONNX Runtime makes them one product in integers (QGemm)."""
    constant, node = graph.constant, graph.node
    scale, zero = constant(layer.scale), constant(layer.zero)
    taken = node("DequantizeLinear", node("QuantizeLinear", value, scale, zero), scale, zero)
    none = constant(torch.zeros_like(layer.weight[:, 0]))  # it fuses only what names its zero
    weight = node("DequantizeLinear", constant(layer.weight), constant(layer.weight_scale), none, axis=0)
    bias = node("DequantizeLinear", constant(layer.bias), constant(layer.scale * layer.weight_scale), axis=0)
    return node("Gemm", taken, weight, bias, transB=1)
