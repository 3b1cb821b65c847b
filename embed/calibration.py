"""Probabilities that mean what they say: Platt scaling, and the error that it takes away.

A loss that compares the candidates of a user sees nothing that is said of the user alone, such as how much he likes:
all his log-odds may be higher or lower by whatever it is. So the scaling has a weight for each such feature.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embed.ranker_attention import Rows, features_of

FEWEST = 30
"""So many users say how much the length of a history counts; of fewer, the next one may be nothing like them."""
STEPS = 100
"""Of the optimiser, at most: a few numbers are fitted, some twenty steps are enough."""


class Platt(nn.Module):
    """slope z + features · weight + intercept (Platt 1999): the slope is above 0, so that no list's order changes.

    `weight` float32 (f, 1) is 0 but for features of the user.
    """

    def __init__(self, slope: float, intercept: float, weight: NDArray[np.floating]) -> None:
        super().__init__()
        self.slope: Tensor
        self.intercept: Tensor
        self.weight: Tensor
        self.register_buffer("slope", torch.tensor(slope, dtype=torch.float32))
        self.register_buffer("intercept", torch.tensor(intercept, dtype=torch.float32))
        self.register_buffer("weight", torch.tensor(weight, dtype=torch.float32).reshape(-1, 1))

    def forward(self, z: Tensor, features: Tensor) -> Tensor:
        """Calibrate log-odds, float32 (n, 1), of candidates with features float32 (n, f)."""
        return z * self.slope + features @ self.weight + self.intercept


class Calibrated(nn.Module):
    """A network from what it sees of n candidates to log-odds (n, 1), and its scaling."""

    def __init__(self, network: nn.Sequential, scaling: Platt) -> None:
        super().__init__()
        self.network, self.scaling = network, scaling

    def forward(self, rows: Rows) -> Tensor:
        """Calibrated log-odds, float32 (n, 1)."""
        scaled: Tensor = self.scaling(self.network(rows), features_of(rows))
        return scaled


def of_users(features: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the features (n, f) are alike for all candidates of each group (n,), though not of all: bool (f,)."""
    order = np.argsort(groups, kind="stable")
    _, start = np.unique(groups[order], return_index=True)

    def of_user(column: NDArray[np.float32]) -> bool:
        """Column by column: all together would be copied."""
        least, most = (extreme.reduceat(column, start) for extreme in (np.minimum, np.maximum))
        return bool((least == most).all() and least.min() < most.max())

    return np.array([of_user(column[order]) for column in features.T], np.bool_)


def platt(
    logits: NDArray[np.float32], labels: NDArray[np.float32], features: NDArray[np.float32], users: NDArray[np.bool_]
) -> Platt:
    """The scaling of log-odds (n,) by which labels (n,), 0 or 1, are likeliest.

    Of the features (n, f), those of `users`, bool (f,), have weights. The labels count as Platt's targets, a little
    inside 0 and 1: otherwise a ranker without a mistake would be scaled without end. The slope is fitted as its
    logarithm.
    """
    positive = float(labels.sum())
    high, low = (positive + 1) / (positive + 2), 1 / (len(labels) - positive + 2)
    z = torch.from_numpy(logits.astype(np.float64))
    target = torch.from_numpy(np.where(labels > 0, high, low))
    said = features[:, users].astype(np.float64)
    mean, spread = said.mean(axis=0), said.std(axis=0)
    spread[spread == 0] = np.inf  # one that does not vary here says nothing
    user = torch.from_numpy((said - mean) / spread)
    scaling = torch.zeros(2 + user.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([scaling], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        scaled = z * scaling[0].exp() + scaling[1] + user @ scaling[2:]
        missed = nn.functional.binary_cross_entropy_with_logits(scaled, target)
        missed.backward()
        return missed

    optimiser.step(loss)
    (slope, intercept), by_user = scaling.detach().numpy()[:2], scaling.detach().numpy()[2:] / spread
    weight = np.zeros(features.shape[1])
    weight[users] = by_user
    return Platt(float(np.exp(slope)), float(intercept - mean @ by_user), weight)


def calibration_error(logits: NDArray[np.float32], labels: NDArray[np.float32], bins: int = 15) -> float:
    """The expected calibration error (Guo et al. 2017, equation 3) of log-odds (n,), for labels (n,), 0 or 1.

    Of the probability to be liked, not of the likelier answer, which is nearly always "no". 15 bins as in the paper.
    """
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    which = np.minimum((probability * bins).astype(np.int64), bins - 1)
    gap = np.bincount(which, probability - labels, bins)
    return float(np.abs(gap).sum() / len(labels))
