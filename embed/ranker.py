"""The deep ranker: a small network over the features of a candidate, trained by torch, served as ONNX."""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from embed.labelled import auc
from kg.bounds import Count, Part, Positive
from kg.progress import Progress, silent
from ontology.errors import NotReadyError

OPSET = 17


@dataclass(frozen=True)
class RankerOptions:
    """The network and how it is trained; it stops after `patience` epochs that bring nothing."""

    hidden: tuple[Count, ...] = (128, 64)
    dropout: Part = 0.2
    learning_rate: Positive = 1e-3
    batch_size: Count = 512
    epochs: Count = 50
    patience: Count = 3
    validation: Part = 0.15
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class TrainedRanker:
    """A finished ranker; `network` maps features float32 (n, f) to the logarithm of the odds (n, 1)."""

    network: nn.Sequential
    validation_auc: float
    epochs: int


class Standardise(nn.Module):
    """(x - mean) / std, with constants from the training part."""

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", features.mean(0))
        self.register_buffer("std", features.std(0).clamp_min(1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """Standardise float32 (n, f)."""
        return (x - self.mean) / self.std


def train_ranker(
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    groups: NDArray[np.int64],
    options: RankerOptions,
    progress: Progress = silent,
) -> TrainedRanker:
    """Learn to tell liked candidates (1) from the others (0); features (n, f), labels (n,), groups (n,).

    The validation part holds whole groups (users), at least one. Binary cross-entropy, Adam, early stopping on the
    validation part's AUC.

    Raises NotReadyError where there is only one group, or no liked candidate on either side.
    """
    device = torch.device(options.device)
    later = _validation(groups, options)
    x, y = torch.from_numpy(features).to(device), torch.from_numpy(labels).to(device)
    known, judged = torch.from_numpy(np.flatnonzero(~later)).to(device), torch.from_numpy(later).to(device)
    if not y[known].any() or not y[judged].any():
        raise NotReadyError("too few users with a liked candidate to train a ranker: load more interactions")
    torch.manual_seed(options.seed)
    network = _network(x[known], options).to(device)
    optimiser = torch.optim.Adam(network.parameters(), options.learning_rate)
    order = torch.Generator(device="cpu").manual_seed(options.seed)
    best, best_auc, since = copy.deepcopy(network), 0.0, 0
    epoch = 0
    for epoch in range(1, options.epochs + 1):
        shuffled = known[torch.randperm(len(known), generator=order).to(device)]
        _epoch(network, optimiser, x, y, shuffled.split(options.batch_size))
        score = auc(_scores(network, x[judged]), labels[later])
        progress("ranker", epoch, options.epochs)
        if score > best_auc:
            best, best_auc, since = copy.deepcopy(network), score, 0
        else:
            since += 1
        if since >= options.patience:
            break
    return TrainedRanker(best.cpu().eval(), best_auc, epoch)


def export_onnx(ranker: TrainedRanker) -> bytes:
    """The network and its sigmoid as an ONNX model: `features` float32 (n, f) to `score` float32 (n, 1).

    Written node by node: the network is small, and torch's exporter would bring two more packages.
    """
    nodes: list[Any] = []
    constants: list[Any] = []
    value = "features"

    def constant(name: str, tensor: Tensor) -> str:
        constants.append(numpy_helper.from_array(tensor.detach().numpy(), name))
        return name

    def node(kind: str, *inputs: str, **attributes: int) -> str:
        output = f"{kind.lower()}{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    for i, layer in enumerate(ranker.network):
        if isinstance(layer, Standardise):
            value = node("Sub", value, constant("mean", layer.mean))
            value = node("Div", value, constant("std", layer.std))
        elif isinstance(layer, nn.Linear):
            value = node("Gemm", value, constant(f"w{i}", layer.weight), constant(f"b{i}", layer.bias), transB=1)
        elif isinstance(layer, nn.ReLU):
            value = node("Relu", value)
    nodes.append(helper.make_node("Sigmoid", [value], ["score"]))
    width = next(layer.in_features for layer in ranker.network if isinstance(layer, nn.Linear))
    graph = helper.make_graph(
        nodes,
        "ranker",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n", 1])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _validation(groups: NDArray[np.int64], options: RankerOptions) -> NDArray[np.bool_]:
    distinct = np.unique(groups)
    if len(distinct) < 2:
        raise NotReadyError("a ranker needs at least two users with a history: load more interactions")
    n = max(1, round(options.validation * len(distinct)))
    return np.isin(groups, np.random.default_rng(options.seed).choice(distinct, n, replace=False))


def _network(features: Tensor, options: RankerOptions) -> nn.Sequential:
    layers: list[nn.Module] = [Standardise(features)]
    width = features.shape[1]
    for size in options.hidden:
        layers += [nn.Linear(width, size), nn.ReLU(), nn.Dropout(options.dropout)]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, 1))


def _epoch(
    network: nn.Sequential, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor, batches: tuple[Tensor, ...]
) -> None:
    network.train()
    for rows in batches:
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(network(x[rows]).squeeze(1), y[rows])
        loss.backward()
        optimiser.step()


def _scores(network: nn.Sequential, x: Tensor) -> NDArray[np.float32]:
    network.eval()
    with torch.no_grad():
        return np.asarray(network(x).squeeze(1).cpu().numpy(), np.float32)
