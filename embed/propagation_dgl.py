"""Message passing by DGL: the equation of `embed.propagation`, quickest on a CPU with AVX-512. The only DGL file."""

import os
from typing import Any

import torch
from torch import Tensor

from embed.propagation import Links, Propagate

# Without it DGL asks, and writes the answer to the home folder.
os.environ.setdefault("DGLBACKEND", "pytorch")

import dgl


def dgl_propagation(links: Links) -> Propagate:
    """The step over these links on the CPU."""
    graph: Any = dgl.heterograph(
        {("source", "links", "target"): (torch.from_numpy(links.source), torch.from_numpy(links.target))},
        {"source": len(links.source_norm), "target": len(links.target_norm)},
    )
    source_norm = torch.from_numpy(links.source_norm).unsqueeze(1)
    target_norm = torch.from_numpy(links.target_norm).unsqueeze(1)

    def propagate(x: Tensor) -> Tensor:
        with graph.local_scope():
            graph.nodes["source"].data["x"] = x * source_norm
            graph.update_all(dgl.function.copy_u("x", "m"), dgl.function.sum("m", "y"))
            y: Tensor = graph.nodes["target"].data["y"]
        return y * target_norm

    return propagate
