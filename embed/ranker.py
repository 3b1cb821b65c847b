"""The deep ranker: a small network over the features of a candidate, trained by torch, served as ONNX."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embed.calibration import calibration_error, platt
from embed.labelled import auc
from embed.pruning import pruned
from embed.quantisation import quantised
from embed.ranker_network import log_odds, ranker_network
from embed.run import ALONE, Run
from kg.bounds import Count, Part, Positive
from ontology.errors import InputError, NotReadyError

SAMPLE = 20_000
"""Rows that show the range of each layer before it is quantised."""


@dataclass(frozen=True)
class RankerOptions:
    """The network and how it is trained; it stops after `patience` epochs that bring nothing.

    Three ways to make it cheaper: `distil_from` are the hidden layers of a larger network that is trained first, and
    whose answers count for `distillation` of each label; `prune` is the part of the hidden units that is taken out;
    `bits` are those of each number in service.
    """

    hidden: tuple[Count, ...] = (128, 64)
    dropout: Part = 0.2
    learning_rate: Positive = 1e-3
    batch_size: Count = 512
    epochs: Count = 50
    patience: Count = 3
    validation: Part = 0.15
    distil_from: tuple[Count, ...] = ()
    distillation: Part = 0.5
    prune: Part = 0.0
    bits: Literal[8, 32] = 32
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class TrainedRanker:
    """A finished ranker; `network` maps features float32 (n, f) to calibrated log-odds (n, 1).

    `calibration_error` is that of the validation part, before and after two numbers were fitted there;
    `auc_cost` is what each way of making the network cheaper took from the validation AUC.
    """

    network: nn.Sequential
    validation_auc: float
    epochs: int
    calibration_error: tuple[float, float] = (0.0, 0.0)
    auc_cost: dict[str, float] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, float]:
        """What the bundle says of it."""
        before, after = self.calibration_error
        return {
            "validation_auc": self.validation_auc,
            "epochs": self.epochs,
            "calibration_error.before": before,
            "calibration_error": after,
        } | {f"auc_cost.{step}": cost for step, cost in self.auc_cost.items()}


@dataclass(frozen=True)
class _Examples:
    """Features float32 (n, f) and labels (n,), on the device; int64 rows to learn from and rows to be judged by."""

    x: Tensor
    y: Tensor
    known: Tensor
    judged: Tensor


class _Stage(NamedTuple):
    """A network on the way to the served one, and the step that made it."""

    step: str
    network: nn.Sequential
    auc: float
    epochs: int


def train_ranker(
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    groups: NDArray[np.int64],
    options: RankerOptions,
    run: Run = ALONE,
) -> TrainedRanker:
    """Learn to tell liked candidates (1) from the others (0); features (n, f), labels (n,), groups (n,).

    The validation part holds whole groups (users), at least one. Binary cross-entropy, Adam, early stopping on the
    validation part's AUC; the log-odds are calibrated on it last.

    Raises NotReadyError where there is only one group, or no liked candidate on either side.
    """
    examples = _examples(features, labels, groups, options)
    torch.manual_seed(options.seed)
    stages = list(_stages(examples, options, run))
    served = stages[-1]
    z, y = log_odds(served.network, examples.x[examples.judged]), examples.y[examples.judged].cpu().numpy()
    scaling = platt(z, y)
    return TrainedRanker(
        nn.Sequential(*served.network, scaling).cpu().eval(),
        served.auc,
        served.epochs,
        (calibration_error(z, y), calibration_error(scaling(torch.from_numpy(z)).numpy(), y)),
        {after.step: before.auc - after.auc for before, after in pairwise(stages)},
    )


def _examples(
    features: NDArray[np.float32], labels: NDArray[np.float32], groups: NDArray[np.int64], options: RankerOptions
) -> _Examples:
    device = torch.device(options.device)
    later = _validation(groups, options)
    if not labels[~later].any() or not labels[later].any():
        raise NotReadyError("too few users with a liked candidate to train a ranker: load more interactions")
    arrays = (features, labels, np.flatnonzero(~later), np.flatnonzero(later))
    return _Examples(*(torch.from_numpy(array).to(device) for array in arrays))


def _validation(groups: NDArray[np.int64], options: RankerOptions) -> NDArray[np.bool_]:
    distinct = np.unique(groups)
    if len(distinct) < 2:
        raise NotReadyError("a ranker needs at least two users with a history: load more interactions")
    n = max(1, round(options.validation * len(distinct)))
    return np.isin(groups, np.random.default_rng(options.seed).choice(distinct, n, replace=False))


def _stages(examples: _Examples, options: RankerOptions, run: Run) -> Iterator[_Stage]:
    """Learn, and make cheaper what was learned, as far as it is asked for."""
    step = "learning"
    features = examples.x[examples.known]
    if options.distil_from:
        network = ranker_network(features, options.distil_from, options.dropout)
        large = _learned("large", network, examples, options, run)
        yield large
        examples, step = _softened(examples, large.network, options.distillation), "distillation"
    network = ranker_network(features, options.hidden, options.dropout)
    stage = _learned(step, network, examples, options, run)
    yield stage
    if options.prune:
        stage = _learned("pruning", pruned(stage.network, options.prune), examples, options, run)
        yield stage
    if options.bits == 8:
        sample = examples.x[examples.known[:: max(1, len(examples.known) // SAMPLE)]]
        network = quantised(stage.network, sample)
        yield stage._replace(step="quantisation", network=network, auc=_judged(network, examples))


def _softened(examples: _Examples, network: nn.Sequential, part: float) -> _Examples:
    """With `part` of each label replaced by what the network says of it.

    Cross-entropy is linear in the label, so this is the weighted sum of both losses (Hinton et al. 2015, section 2;
    temperature 1: with two classes there are no small odds among the wrong answers to be made larger).
    """
    said = torch.from_numpy(log_odds(network, examples.x)).to(examples.y.device).sigmoid()
    y = examples.y.clone()
    y[examples.known] = (1 - part) * y[examples.known] + part * said[examples.known]
    return replace(examples, y=y)


def _learned(step: str, network: nn.Sequential, examples: _Examples, options: RankerOptions, run: Run) -> _Stage:
    """The network as it was after its best epoch."""
    optimiser = torch.optim.Adam(network.parameters(), options.learning_rate)
    order = torch.Generator(device="cpu").manual_seed(options.seed)
    best, best_auc, since = copy.deepcopy(network), 0.0, 0
    epoch = 0
    for epoch in range(1, options.epochs + 1):
        shuffled = examples.known[torch.randperm(len(examples.known), generator=order).to(examples.known.device)]
        loss = _epoch(network, optimiser, examples, shuffled.split(options.batch_size))
        score = _judged(network, examples)
        phase = "ranker" if step == "learning" else f"ranker ({step})"
        run.epoch(phase, epoch, options.epochs, {"loss": loss, "auc": score})
        if score > best_auc:
            best, best_auc, since = copy.deepcopy(network), score, 0
        else:
            since += 1
        if since >= options.patience:
            break
    return _Stage(step, best.eval(), best_auc, epoch)


def _epoch(
    network: nn.Sequential, optimiser: torch.optim.Optimizer, examples: _Examples, batches: tuple[Tensor, ...]
) -> float:
    """One pass over the examples; gives the mean loss of one."""
    network.train()
    total = 0.0
    for rows in batches:
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(network(examples.x[rows]).squeeze(1), examples.y[rows])
        if not torch.isfinite(loss):
            raise InputError(
                "the ranker diverged: its loss is not a number any more; try a lower --set ranker.learning_rate"
            )
        loss.backward()
        optimiser.step()
        total += loss.item() * len(rows)
    return total / max(sum(map(len, batches)), 1)


def _judged(network: nn.Sequential, examples: _Examples) -> float:
    return auc(log_odds(network, examples.x[examples.judged]), examples.y[examples.judged].cpu().numpy())
