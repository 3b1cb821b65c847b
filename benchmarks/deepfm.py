"""DeepFM, a yardstick for what is clicked (Guo et al. 2017, "DeepFM: A Factorization-Machine based Neural Network for
CTR Prediction"): a factorization machine and a network over the same vectors of the fields of a row, added up.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Rows = NDArray[np.int64]
"""Rows of categories, one for each field, int64 (n, f); no two fields have one in common."""


@dataclass(frozen=True)
class DeepFmOptions:
    """`epochs` over all rows, each with `negatives` others drawn anew."""

    dim: int = 16
    hidden: tuple[int, ...] = (128, 64)
    dropout: float = 0.3
    epochs: int = 20
    negatives: int = 2
    batch_size: int = 1024
    learning_rate: float = 2e-3
    weight_decay: float = 0.0


class DeepFm(nn.Module):
    """Logits of rows, float32 (n,)."""

    def __init__(self, categories: int, fields: int, options: DeepFmOptions) -> None:
        super().__init__()
        self.weight = nn.Embedding(categories, 1)
        self.vector = nn.Embedding(categories, options.dim)
        nn.init.zeros_(self.weight.weight)
        nn.init.normal_(self.vector.weight, std=0.01)
        widths = (fields * options.dim, *options.hidden)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(options.dropout)]
        self.deep = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Equations 1 to 3 of the paper."""
        v = self.vector(rows)
        pairs = ((v.sum(dim=1) ** 2 - (v**2).sum(dim=1)) / 2).sum(dim=1)
        logits: torch.Tensor = self.weight(rows).sum(dim=(1, 2)) + pairs + self.deep(v.flatten(start_dim=1))[:, 0]
        return logits


def deepfm(
    rows: Rows,
    others: Callable[[Rows, np.random.Generator], Rows],
    options: DeepFmOptions,
    *,
    categories: int,
    seed: int,
) -> Iterator[Callable[[Rows], NDArray[np.float32]]]:
    """Learn to tell rows from `others`, which are drawn for them; gives after each epoch what scores rows."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    model = DeepFm(categories, rows.shape[1], options)
    adam = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)

    def score(asked: Rows) -> NDArray[np.float32]:
        model.eval()
        with torch.no_grad():
            return np.asarray(model(torch.from_numpy(asked)).numpy(), np.float32)

    for _ in range(options.epochs):
        drawn = others(np.repeat(rows, options.negatives, axis=0), random)
        x = torch.from_numpy(np.concatenate([rows, drawn]))
        y = torch.cat([torch.ones(len(rows)), torch.zeros(len(drawn))])
        model.train()
        for batch in torch.from_numpy(random.permutation(len(x))).split(options.batch_size):
            adam.zero_grad()
            loss: torch.Tensor = nn.functional.binary_cross_entropy_with_logits(model(x[batch]), y[batch])
            torch.autograd.backward(loss)
            adam.step()
        yield score
