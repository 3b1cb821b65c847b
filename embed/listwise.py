"""Lists of candidates, one a user: a ranker learns by comparing the candidates of a user with each other."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embed.ranker_attention import Rows
from embed.ranker_network import CHUNK

CUT_OFF = 20
"""Where the lists end whose order is judged."""
Lists = tuple[Tensor, ...]
"""For each user the rows of the candidates, int64 (c,), of which at least one is liked."""


class Table(NamedTuple):
    """Lists beside each other, float32 (u, c): what is said of each candidate, and how much it is wanted.

    Where a list is shorter than the longest one, -inf is said, and 0 is wanted.
    """

    said: Tensor
    wanted: Tensor

    def losses(self) -> Tensor:
        """The cross-entropy of each list, (u,): ListNet's top-one probability (Cao et al. 2007, eq. 6 and 7)."""
        log_odds = self.said.log_softmax(1).masked_fill(self.said.isneginf(), 0)
        return -(log_odds * self.wanted).sum(1) / self.wanted.sum(1)

    def gains(self) -> Tensor:
        """The ndcg of each list, (u,), at CUT_OFF; ideal is the best order of what the list holds."""
        liked = (self.wanted > 0).float()
        k = min(CUT_OFF, liked.shape[1])
        discount = 1 / torch.log2(torch.arange(2, k + 2, device=liked.device))
        best = torch.sort(self.said, dim=1, descending=True, stable=True).indices[:, :k]
        ideal = discount.cumsum(0)[liked.sum(1).long().clamp_max(k) - 1]
        return (liked.gather(1, best) * discount).sum(1) / ideal


def lists(rows: NDArray[np.int64], groups: NDArray[np.int64], labels: NDArray[np.float32], device: str) -> Lists:
    """The lists of those groups, (n,) like the labels, that have a liked one among these rows, int64 (m,)."""
    order = rows[np.argsort(groups[rows], kind="stable")]
    _, start = np.unique(groups[order], return_index=True)
    parts = np.split(order, start[1:])
    return tuple(torch.from_numpy(part).to(device) for part in parts if labels[part].any())


def table(network: nn.Sequential, x: Rows, wanted: Tensor, some: Lists) -> Table:
    """What the network says of some lists; what it sees of n candidates, and how much each is wanted, float32 (n,)."""
    rows, count = torch.cat(some), torch.tensor([len(part) for part in some], device=wanted.device)
    there = torch.arange(int(count.max()), device=wanted.device) < count.unsqueeze(1)
    said = network(x[rows]).squeeze(1)
    return Table(
        said.new_full(there.shape, -torch.inf).masked_scatter(there, said),
        said.new_zeros(there.shape).masked_scatter(there, wanted[rows]),
    )


@torch.no_grad()
def judged(network: nn.Sequential, x: Rows, wanted: Tensor, judges: Lists) -> tuple[float, float]:
    """The mean loss and the mean ndcg of lists; a list that says nothing finite makes them nan."""
    network.eval()
    losses, gains = [], []
    for some in batches(judges, CHUNK):
        found = table(network, x, wanted, some)
        losses.append(found.losses())
        gains.append(found.gains())
    return float(torch.cat(losses).mean()), float(torch.cat(gains).mean())


@torch.no_grad()
def softened(network: nn.Sequential, x: Rows, wanted: Tensor, known: Lists, part: float) -> Tensor:
    """How much each candidate is wanted, float32 (n,), when `part` of that is what a network says of its list.

    Cross-entropy is linear in what is wanted, so this is the weighted sum of both losses (Hinton et al. 2015,
    section 2).
    """
    network.eval()
    wanted = wanted.clone()
    for rows in known:
        share = wanted[rows] / wanted[rows].sum()
        wanted[rows] = (1 - part) * share + part * network(x[rows]).squeeze(1).softmax(0)
    return wanted


def batches(every: Lists, candidates: int) -> list[Lists]:
    """The lists in order, so many together that they have about so many candidates; at least one."""
    if not every:
        return []
    size = max(1, candidates * len(every) // sum(map(len, every)))
    return [every[start : start + size] for start in range(0, len(every), size)]
