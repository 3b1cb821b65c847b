"""The ranker's network: features in, the logarithm of the odds out."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embed.dropout import QuickDropout

CHUNK = 1 << 16
"""Rows that are scored at once, to bound the memory."""


class Standardise(nn.Module):
    """(x - mean) / std, with constants from the training part; 0 for a feature that never varied there.

    Nothing is known of such a feature: divided by a very small number, its first other value would outweigh all others.
    """

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", features.mean(0))
        varies = features.amax(0) > features.amin(0)
        self.register_buffer("std", torch.where(varies, features.std(0).clamp_min(1e-6), torch.inf))

    def forward(self, x: Tensor) -> Tensor:
        """Standardise float32 (n, f)."""
        return (x - self.mean) / self.std


def ranker_network(features: Tensor, hidden: tuple[int, ...], dropout: float) -> nn.Sequential:
    """An untrained network with these hidden layers, for features float32 (n, f), on their device."""
    layers: list[nn.Module] = [Standardise(features)]
    width = features.shape[1]
    for size in hidden:
        layers += [nn.Linear(width, size), nn.ReLU(), QuickDropout(dropout)]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, 1)).to(features.device)


def log_odds(network: nn.Module, x: Tensor) -> NDArray[np.float32]:
    """What the network says of features float32 (n, f): float32 (n,)."""
    network.eval()
    with torch.no_grad():
        return np.asarray(torch.cat([network(rows).squeeze(1) for rows in x.split(CHUNK)]).cpu().numpy(), np.float32)
