"""Probabilities that mean what they say: Platt scaling, and the error that it takes away."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

STEPS = 100
"""Of the optimiser, at most: two numbers are fitted, some twenty steps are enough."""


class Platt(nn.Module):
    """slope z + intercept (Platt 1999); the slope is above 0, so that no order changes."""

    def __init__(self, slope: float, intercept: float) -> None:
        super().__init__()
        self.slope: Tensor
        self.intercept: Tensor
        self.register_buffer("slope", torch.tensor(slope, dtype=torch.float32))
        self.register_buffer("intercept", torch.tensor(intercept, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Calibrate log-odds, float32 of any shape."""
        return x * self.slope + self.intercept


def platt(logits: NDArray[np.float32], labels: NDArray[np.float32]) -> Platt:
    """The scaling of log-odds (n,) by which labels (n,), 0 or 1, are likeliest.

    The labels count as Platt's targets, a little inside 0 and 1: otherwise a ranker without a mistake would be
    scaled without end. The slope is fitted as its logarithm.
    """
    positive = float(labels.sum())
    high, low = (positive + 1) / (positive + 2), 1 / (len(labels) - positive + 2)
    z = torch.from_numpy(logits.astype(np.float64))
    target = torch.from_numpy(np.where(labels > 0, high, low))
    scaling = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([scaling], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        scaled = z * scaling[0].exp() + scaling[1]
        missed = nn.functional.binary_cross_entropy_with_logits(scaled, target)
        missed.backward()
        return missed

    optimiser.step(loss)
    slope, intercept = scaling.detach()
    return Platt(float(slope.exp()), float(intercept))


def calibration_error(logits: NDArray[np.float32], labels: NDArray[np.float32], bins: int = 15) -> float:
    """The expected calibration error (Guo et al. 2017, equation 3) of log-odds (n,), for labels (n,), 0 or 1.

    Of the probability to be liked, not of the likelier answer, which is nearly always "no". 15 bins as in the paper.
    """
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    which = np.minimum((probability * bins).astype(np.int64), bins - 1)
    gap = np.bincount(which, probability - labels, bins)
    return float(np.abs(gap).sum() / len(labels))
