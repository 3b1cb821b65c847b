"""A step of message passing in which each relation says, dimension by dimension, how much its messages count.

y_t = Σ_r v_r ∘ Σ_s A_r[t, s] x_s, with A_r the links of one relation in one direction: the composition of CompGCN by
products (Vashishth et al. 2020, section 4). What comes to a target over one relation is summed before it is weighed, so
that both sums are plain message passing, and nothing is kept for each link.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embed.propagation import Links, propagation

RelationalStep = Callable[[Tensor, Tensor], Tensor]
"""Maps x float32 (n_source, d) and the weights of relations float32 (r, d) to float32 (n_target, d)."""


def relational(links: Links, relation: NDArray[np.int32], device: str) -> RelationalStep:
    """The step over these links, whose relations are int32 (m,); with all weights 1 it is that of `propagation`."""
    n = int(relation.max(initial=0)) + 1
    pairs, row = np.unique(links.target.astype(np.int64) * n + relation, return_inverse=True)
    one = np.ones(len(pairs), np.float32)
    to_pairs = propagation(Links(links.source, row.astype(np.int32), links.source_norm, one), device)
    rows, target = np.arange(len(pairs), dtype=np.int32), (pairs // n).astype(np.int32)
    to_targets = propagation(Links(rows, target, one, links.target_norm), device)
    kind = torch.from_numpy(pairs % n).to(device)

    def step(x: Tensor, weights: Tensor) -> Tensor:
        # embedding() and not weights[kind]: as in embed/gnn.py, for the same bits with any number of threads.
        return to_targets(to_pairs(x) * torch.nn.functional.embedding(kind, weights))

    return step
