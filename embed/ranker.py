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

from embed.calibration import FEWEST, Calibrated, calibration_error, of_users, platt
from embed.labelled import auc
from embed.listwise import Lists, batches, judged, lists, softened, table
from embed.pruning import pruned
from embed.quantisation import quantised
from embed.ranker_attention import Beside, Rows, features_of
from embed.ranker_network import log_odds, ranker_network
from embed.run import ALONE, Run
from kg.bounds import Count, Natural, Part, Positive
from ontology.errors import InputError, NotReadyError

SAMPLE = 20_000
"""Rows that show the range of each layer before it is quantised."""


@dataclass(frozen=True)
class RankerOptions:
    """The network and how it is trained, at a rate that falls to nothing over the epochs; it stops after `patience`
    epochs that bring nothing.

    A batch holds whole users, with about `batch_size` candidates in all. Three ways to make it cheaper: `distil_from`
    are the hidden layers of a larger network that is trained first, and whose answers count for `distillation` of each
    label; `prune` is the part of the hidden units that is taken out; `bits` are those of each number in service.
    `attention` are the hidden units of the attention over the history, 0 for none (see embed/ranker_attention.py).
    """

    hidden: tuple[Count, ...] = (128, 64)
    attention: Natural = 0
    dropout: Part = 0.2
    learning_rate: Positive = 1e-2
    batch_size: Count = 8192
    epochs: Count = 8
    patience: Count = 5
    validation: Part = 0.15
    distil_from: tuple[Count, ...] = ()
    distillation: Part = 0.5
    prune: Part = 0.0
    bits: Literal[8, 32] = 32
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class TrainedRanker:
    """A finished ranker; `network` maps features float32 (n, f), or what is Beside, to calibrated log-odds (n, 1).

    `calibration_error` is that of the validation part, before and after the scaling was fitted there. `auc_cost` is
    what each way of making the network cheaper took from the validation AUC.
    """

    network: Calibrated
    validation_auc: float
    epochs: int
    validation_ndcg: float = 0.0
    calibration_error: tuple[float, float] = (0.0, 0.0)
    auc_cost: dict[str, float] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, float]:
        """What the bundle says of it."""
        before, after = self.calibration_error
        return {
            "validation_auc": self.validation_auc,
            "validation_ndcg": self.validation_ndcg,
            "epochs": self.epochs,
            "calibration_error.before": before,
            "calibration_error": after,
        } | {f"auc_cost.{step}": cost for step, cost in self.auc_cost.items()}


@dataclass(frozen=True)
class _Examples:
    """What is seen of n candidates and labels (n,), on the device; rows to learn from and rows to be judged by.

    `known` and `judges` are the lists of users with a liked candidate; `learned` and `later` int64 are all rows.
    """

    x: Rows
    y: Tensor
    known: Lists
    judges: Lists
    learned: Tensor
    later: Tensor


class _Stage(NamedTuple):
    """A network on the way to the served one, and the step that made it."""

    step: str
    network: nn.Sequential
    auc: float
    ndcg: float
    epochs: int


def train_ranker(
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    groups: NDArray[np.int64],
    options: RankerOptions,
    run: Run = ALONE,
    *,
    pairs: NDArray[np.float16] | None = None,
    owners: NDArray[np.int64] | None = None,
) -> TrainedRanker:
    """Learn to tell liked candidates (1) from the others (0); features (n, f), labels (n,), groups (n,).

    A group is a list that is to be ordered; `owners` int64 (n,) are whose it is, by default each another's.
    With attention there are `pairs` (n, h) as well, and without it there are none (see Beside).
    The validation part holds all groups of some owners, at least one. Softmax cross-entropy over the candidates of each
    user, which compares them with each other, and by which the top counts most; Adam; early stopping on the same loss
    of the validation part, which is steadier than its ndcg where users are few. The log-odds are calibrated on it last.

    Raises NotReadyError where there is only one group, or no liked candidate on either side.
    """
    if (pairs is None) != (options.attention == 0):
        raise ValueError("pairs are for a ranker with attention, and for no other")
    later = _validation(groups if owners is None else owners, options)
    examples = _examples(features, labels, groups, later, pairs, device=options.device)
    torch.manual_seed(options.seed)
    stages = list(_stages(examples, options, run))
    served = stages[-1]
    seen, x, y = examples.x[examples.later], features[later], labels[later]
    z = log_odds(served.network, seen)
    users = of_users(features, groups) & (len(np.unique(groups[later])) >= FEWEST)
    network = Calibrated(served.network, platt(z, y, x, users)).cpu().eval()
    return TrainedRanker(
        network,
        served.auc,
        served.epochs,
        served.ndcg,
        (calibration_error(z, y), calibration_error(log_odds(network, seen.cpu()), y)),
        {after.step: before.auc - after.auc for before, after in pairwise(stages)},
    )


def _examples(
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    groups: NDArray[np.int64],
    later: NDArray[np.bool_],
    pairs: NDArray[np.float16] | None,
    *,
    device: str,
) -> _Examples:
    if not labels[~later].any() or not labels[later].any():
        raise NotReadyError("too few users with a liked candidate to train a ranker: load more interactions")
    known, judging = (lists(np.flatnonzero(part), groups, labels, device) for part in (~later, later))
    arrays = (features, labels, np.flatnonzero(~later), np.flatnonzero(later))
    x, y, *rows = (torch.from_numpy(array).to(device) for array in arrays)
    seen = x if pairs is None else Beside(x, torch.from_numpy(pairs).to(device))
    return _Examples(seen, y, known, judging, *rows)


def _validation(owners: NDArray[np.int64], options: RankerOptions) -> NDArray[np.bool_]:
    """What the ranker is judged by: the rows of some owners, bool (n,)."""
    distinct = np.unique(owners)
    if len(distinct) < 2:
        raise NotReadyError("a ranker needs at least two users with a history: load more interactions")
    n = max(1, round(options.validation * len(distinct)))
    return np.isin(owners, np.random.default_rng(options.seed).choice(distinct, n, replace=False))


def _stages(examples: _Examples, options: RankerOptions, run: Run) -> Iterator[_Stage]:
    """Learn, and make cheaper what was learned, as far as it is asked for."""
    step = "learning"
    features = features_of(examples.x)[examples.learned]
    if options.distil_from:
        network = ranker_network(features, options.distil_from, options.dropout, options.attention)
        large = _learned("large", network, examples, options, run)
        yield large
        wanted = softened(large.network, examples.x, examples.y, examples.known, options.distillation)
        examples, step = replace(examples, y=wanted), "distillation"
    network = ranker_network(features, options.hidden, options.dropout, options.attention)
    stage = _learned(step, network, examples, options, run)
    yield stage
    if options.prune:
        stage = _learned("pruning", pruned(stage.network, options.prune), examples, options, run)
        yield stage
    if options.bits == 8:
        sample = examples.x[examples.learned[:: max(1, len(examples.learned) // SAMPLE)]]
        yield _stage("quantisation", quantised(stage.network, sample), examples, stage.epochs)


def _learned(step: str, network: nn.Sequential, examples: _Examples, options: RankerOptions, run: Run) -> _Stage:
    """The network as it was after its best epoch."""
    optimiser = torch.optim.Adam(network.parameters(), options.learning_rate)
    rate = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, options.epochs)
    order = torch.Generator(device="cpu").manual_seed(options.seed)
    best, best_loss, since = copy.deepcopy(network), np.inf, 0
    epoch = 0
    for epoch in range(1, options.epochs + 1):
        shuffled = tuple(examples.known[i] for i in torch.randperm(len(examples.known), generator=order))
        loss = _epoch(network, optimiser, examples, batches(shuffled, options.batch_size))
        rate.step()
        later, ndcg = judged(network, examples.x, examples.y, examples.judges)
        phase = "ranker" if step == "learning" else f"ranker ({step})"
        run.epoch(phase, epoch, options.epochs, {"loss": loss, "validation loss": later, "ndcg": ndcg})
        if later < best_loss:
            best, best_loss, since = copy.deepcopy(network), later, 0
        else:
            since += 1
        if since >= options.patience:
            break
    return _stage(step, best.eval(), examples, epoch)


def _epoch(network: nn.Sequential, optimiser: torch.optim.Optimizer, examples: _Examples, parts: list[Lists]) -> float:
    """One pass over the lists; gives the mean loss of one. A loss is looked at last: a GPU is waited for only once."""
    network.train()
    losses = []
    for some in parts:
        optimiser.zero_grad()
        loss = table(network, examples.x, examples.y, some).losses().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.detach())
    every = torch.stack(losses).cpu().double()
    if not every.isfinite().all():
        raise InputError(
            "the ranker diverged: its loss is not a number any more; try a lower --set ranker.learning_rate"
        )
    sizes = torch.tensor([len(some) for some in parts], dtype=torch.float64)
    return float(every @ sizes / sizes.sum())


def _stage(step: str, network: nn.Sequential, examples: _Examples, epochs: int) -> _Stage:
    z, y = log_odds(network, examples.x[examples.later]), examples.y[examples.later].cpu().numpy()
    _, ndcg = judged(network, examples.x, examples.y, examples.judges)
    return _Stage(step, network, auc(z, y), ndcg, epochs)
