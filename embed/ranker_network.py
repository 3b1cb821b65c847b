"""The ranker's network: features in, the logarithm of the odds out."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embed.dropout import QuickDropout
from embed.ranker_attention import SUMS, Attention, Beside, Rows

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


class Attending(nn.Module):
    """The first layer of a ranker with attention: standardised features, and beside them what the attention gives."""

    def __init__(self, standardise: Standardise, attention: Attention) -> None:
        super().__init__()
        self.standardise, self.attention = standardise, attention

    def forward(self, rows: Beside) -> Tensor:
        """From n candidates to float32 (n, f + SUMS)."""
        return torch.cat([self.standardise(rows.features), self.attention(rows.pairs)], dim=1)


def ranker_network(features: Tensor, hidden: tuple[int, ...], dropout: float, attention: int = 0) -> nn.Sequential:
    """An untrained network with these hidden layers, for features float32 (n, f), on their device.

    With `attention`, which has so many hidden units, it takes what is Beside them as well.
    """
    standardise, width = Standardise(features), features.shape[1]
    layers: list[nn.Module] = [standardise]
    if attention:
        layers, width = [Attending(standardise, Attention(attention))], width + SUMS
    for size in hidden:
        layers += [nn.Linear(width, size), nn.ReLU(), QuickDropout(dropout)]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, 1)).to(features.device)


def log_odds(network: nn.Module, x: Rows) -> NDArray[np.float32]:
    """What the network says of n candidates: float32 (n,)."""
    network.eval()
    with torch.no_grad():
        return np.asarray(torch.cat([network(rows).squeeze(1) for rows in x.split(CHUNK)]).cpu().numpy(), np.float32)
