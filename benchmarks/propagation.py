"""A step of message passing, there and back, against the usual one: a sparse matrix of torch and its autograd."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from embed.network import GnnGraph
from embed.propagation import Links, normalised, propagation

USERS, ITEMS, LIKES, DIM = 50_000, 50_000, 2_500_000, 64
NODES = USERS + ITEMS
ROUNDS = 5


def measure() -> dict[str, float]:
    """The links of generated likes; rounds in turn, the median of each."""
    links = normalised(*likes().links(), NODES, NODES)
    x, weight = torch.randn(2, NODES, DIM, generator=torch.Generator().manual_seed(0))
    matrix = sparse_matrix(links)
    steps: list[Callable[[Tensor], Tensor]] = [propagation(links, "cpu"), lambda vectors: matrix @ vectors]
    took, found = [[], []], [x, x]
    for _ in range(ROUNDS):
        for which, step in enumerate(steps):
            begin = time.perf_counter()
            vectors = x.clone().requires_grad_()
            (step(vectors) * weight).sum().backward()
            took[which].append(time.perf_counter() - begin)
            found[which] = vectors.grad
    torch.testing.assert_close(found[0], found[1], atol=1e-3, rtol=1e-3)
    ours, usual = (statistics.median(times) for times in took)
    return {"gnn.propagation_ms": 1e3 * ours, "gnn.propagation_vs_torch_csr": usual / ours}


def likes() -> GnnGraph:
    """Likes of items, a few of which are liked by very many; both directions make five million links."""
    random = np.random.default_rng(0)
    user = np.sort(random.integers(0, USERS, LIKES))
    item = (ITEMS * random.random(LIKES) ** 3).astype(np.int64)
    nothing = np.empty((0, 3), np.int32)
    return GnnGraph(nothing, np.stack([user, item], 1).astype(np.int32), NODES, ITEMS, USERS, 1)


def sparse_matrix(links: Links) -> Tensor:
    """diag(target_norm) A diag(source_norm), in compressed rows."""
    weight = torch.from_numpy(links.target_norm[links.target] * links.source_norm[links.source])
    ends = torch.from_numpy(np.stack([links.target, links.source]).astype(np.int64))
    return torch.sparse_coo_tensor(ends, weight, (NODES, NODES)).coalesce().to_sparse_csr()
