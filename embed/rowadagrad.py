"""Adagrad for tables of vectors of which each step touches a few rows, and only those."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class RowAdagrad(torch.optim.Optimizer):
    """Row-wise Adagrad: one accumulator per row, the mean square of the row's gradients; only touched rows change.

    Gradients may be sparse or dense, parameters have two dimensions. Parameters whose position is in `unit` keep
    their touched rows at length 1, as TransE wants for entities (Bordes et al. 2013, algorithm 1, line 5).
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float = 0.1, eps: float = 1e-10, unit: tuple[int, ...] = ()
    ) -> None:
        super().__init__(params, {"lr": lr, "eps": eps, "unit": unit})
        for group in self.param_groups:
            for position, weight in enumerate(group["params"]):
                self.state[weight]["sum"] = weight.new_zeros(len(weight))
                if position in group["unit"]:
                    with torch.no_grad():
                        weight.copy_(torch.nn.functional.normalize(weight))

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Make one step; `closure` is torch's, and not used."""
        for group in self.param_groups:
            for position, weight in enumerate(group["params"]):
                if weight.grad is not None:
                    self._update(weight, group, position in group["unit"])

    def _update(self, weight: Any, group: dict[str, Any], unit: bool) -> None:
        gradient = weight.grad.coalesce() if weight.grad.is_sparse else weight.grad.to_sparse(1)
        rows, values = gradient.indices()[0], gradient.values()
        total = self.state[weight]["sum"]
        total[rows] += torch.linalg.vector_norm(values, dim=1).square() / values.shape[1]
        scale = group["lr"] / (total[rows].sqrt() + group["eps"])
        fresh = weight.index_select(0, rows).addcmul_(scale.unsqueeze(1), values, value=-1)
        weight.index_copy_(0, rows, torch.nn.functional.normalize(fresh, out=fresh) if unit else fresh)
