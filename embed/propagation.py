"""One step of message passing, the same equation on two backends: DGL on a CPU with AVX-512, torch anywhere.

y = diag(target_norm) A diag(source_norm) x, with A the links (Wang et al. 2019, eq. 7; He et al. 2020, eq. 3).
The norms stand on the nodes, because a weight on each link costs several times the sum itself.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import FunctionCtx

Propagate = Callable[[Tensor], Tensor]
"""Maps float32 (n_source, d) to float32 (n_target, d)."""


@dataclass(frozen=True)
class Links:
    """Links from `source` to `target`, parallel int32 (m,), and a factor for each node: float32 (n,)."""

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    source_norm: NDArray[np.float32]
    target_norm: NDArray[np.float32]

    def reversed(self) -> "Links":
        """The same links from target to source: the transposed matrix."""
        return Links(self.target, self.source, self.target_norm, self.source_norm)

    def into(self, n: int) -> "Links":
        """The links to the first n targets alone, as they weigh among all."""
        kept = self.target < n
        return Links(self.source[kept], self.target[kept], self.source_norm, self.target_norm[:n])


def normalised(source: NDArray[np.int32], target: NDArray[np.int32], n_source: int, n_target: int) -> Links:
    """Links whose nodes weigh 1 / sqrt(degree), and 0 where they have none."""
    return Links(source, target, _rsqrt(source, n_source), _rsqrt(target, n_target))


def propagation(links: Links, device: str) -> Propagate:
    """The quickest backend for the device: without AVX-512 DGL takes twice as long as torch, or longer."""
    wide = torch.device(device).type == "cpu" and torch.backends.cpu.get_cpu_capability() == "AVX512"
    if wide and importlib.util.find_spec("dgl") is not None:
        from embed.propagation_dgl import dgl_propagation  # noqa: PLC0415  (not installed everywhere)

        return dgl_propagation(links)
    return torch_propagation(links, device)


def torch_propagation(links: Links, device: str) -> Propagate:
    """Message passing in plain torch; its backward is the same sum over the reversed links."""
    forward, backward = _Sum(links, device), _Sum(links.reversed(), device)

    def propagate(x: Tensor) -> Tensor:
        result: Tensor = _Propagation.apply(x, forward, backward)
        return result

    return propagate


class _Sum:
    """The weighted sum over compressed rows: row t sums the sources that link to it."""

    def __init__(self, links: Links, device: str) -> None:
        order = np.argsort(links.target, kind="stable")
        count = np.bincount(links.target, minlength=len(links.target_norm))
        offsets = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int32)
        self.source = torch.from_numpy(links.source[order]).to(device)
        self.offsets = torch.from_numpy(offsets).to(device)
        self.source_norm = torch.from_numpy(links.source_norm).to(device).unsqueeze(1)
        self.target_norm = torch.from_numpy(links.target_norm).to(device).unsqueeze(1)

    def __call__(self, x: Tensor) -> Tensor:
        summed = torch.nn.functional.embedding_bag(self.source, x * self.source_norm, self.offsets, mode="sum")
        return summed * self.target_norm


class _Propagation(torch.autograd.Function):
    """Autograd would scatter the gradient link by link; the transposed sum gathers it."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, forward: _Sum, backward: _Sum) -> Tensor:
        ctx.backward_sum = backward  # type: ignore[attr-defined]  # where torch wants it
        return forward(x)

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return ctx.backward_sum(gradients[0]), None, None  # type: ignore[attr-defined]


def _rsqrt(ends: NDArray[np.int32], n: int) -> NDArray[np.float32]:
    degree = np.bincount(ends, minlength=n)
    return np.where(degree > 0, 1 / np.sqrt(np.maximum(degree, 1)), 0).astype(np.float32)
