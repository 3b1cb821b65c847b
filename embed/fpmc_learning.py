"""Sequential factorisation (FPMC, Rendle et al. 2010): what is liked next, by taste and by what was met last.

One liked item is told from many drawn ones (a softmax), where the paper's S-BPR tells it from one.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from embed.fpmc import NEWEST, Fpmc
from embed.lesson import Lesson
from embed.memory import Need
from embed.occasions import Occasions, Row, occasions
from embed.sampled import SampledOptions, fit, sampled_softmax
from kg.bounds import Count
from kg.snapshot import Snapshot

PHASE = "fpmc"
_START = 0.1
"""How far from 0 vectors start: longer ones know nothing, and say it loudly."""
_COPIES = 4
"""Of each parameter: itself, its gradient, and Adam's two."""


@dataclass(frozen=True)
class FpmcOptions(SampledOptions):
    """So many of the newest items as are in the `basket` were met last."""

    basket: Count = 10


class _Network(nn.Module):
    """The four tables of embed/fpmc.py, of which two are one."""

    def __init__(self, lesson: Lesson, options: FpmcOptions) -> None:
        super().__init__()
        random, n, dim = torch.Generator().manual_seed(lesson.seed), lesson.n_items, options.dim

        def table(width: int) -> nn.Parameter:
            return nn.Parameter(torch.normal(0.0, _START, (n, width), generator=random))

        self.items, self.taste, self.last = table(2 * dim), table(dim), table(dim)
        self.basket = options.basket

    def query(self, before: Occasions, rows: Tensor) -> Tensor:
        """As `Fpmc.query`, for numbers of occasions int64 (b,): (b, 2d)."""
        parts = (_mean(self.taste, before.liked, rows, NEWEST), _mean(self.last, before.met, rows, self.basket))
        return torch.cat(parts, dim=1)


def learn(lesson: Lesson, options: FpmcOptions) -> Fpmc:
    """Learn from each like that came after anything. The same seed gives the same bits on a CPU."""
    before, network = occasions(lesson), _Network(lesson, options).to(lesson.device)

    def loss(rows: Tensor, drawn: Tensor) -> Tensor:
        return sampled_softmax(network.query(before, rows), network.items, before.target[rows], drawn)

    fit(network, loss, len(before), options, lesson, phase=PHASE)
    items, taste, last = (t.detach().cpu().numpy() for t in (network.items, network.taste, network.last))
    return Fpmc(items, taste, last, np.array([options.basket], np.int32))


def need(snapshot: Snapshot, options: FpmcOptions) -> Need:
    """The tables, and the vectors of the histories of a batch."""
    vector = 4 * (_COPIES * 4 * snapshot.n_items + 3 * options.batch_size * (NEWEST + options.basket))
    return Need("FPMC", "fpmc.dim", options.dim, lambda dim: dim * vector)


def _mean(table: Tensor, row: Row, rows: Tensor, k: int) -> Tensor:
    item, there = row.newest(rows, k)
    weight = there / there.sum(dim=1, keepdim=True).clamp(min=1)
    return embedding_bag(item, table, mode="sum", per_sample_weights=weight)
