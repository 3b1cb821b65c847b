"""Self-attention over the likes of a user (SASRec, Kang and McAuley 2018): at each, what is liked next is foretold.

As in the paper's code, the attention is added to the normalised queries. One liked item is told from many drawn ones (a
softmax), where the paper tells it from one.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, embedding, layer_norm

from embed.attention import EPSILON, Attention
from embed.lesson import Lesson
from embed.memory import Need
from embed.sampled import SampledOptions, fit, sampled_softmax
from embed.state import seeded
from kg.bounds import Count, NonNegative, Part, Positive
from kg.snapshot import Snapshot

PHASE = "attention"
_START = 0.02
_COPIES = 4
"""Of each parameter: itself, its gradient, and Adam's two."""
_LAYERS = 24
"""So many values of each place and dimension are kept for the gradient."""


@dataclass(frozen=True)
class AttentionOptions(SampledOptions):
    """The newest `length` likes are read. A batch has `batch_size` pieces of histories, each so long."""

    epochs: Count = 30
    batch_size: Count = 64
    learning_rate: Positive = 2e-3
    weight_decay: NonNegative = 1.0
    length: Count = 50
    dropout: Part = 0.5


class _Network(nn.Module):
    """The parameters of embed/attention.py under the same names, at all places at once."""

    def __init__(self, lesson: Lesson, options: AttentionOptions) -> None:
        super().__init__()
        random, dim = torch.Generator().manual_seed(lesson.seed), options.dim

        def table(n: int, start: float) -> nn.Parameter:
            return nn.Parameter(torch.normal(0.0, start, (n, dim), generator=random))

        self.items, self.places = table(lesson.n_items, _START), table(options.length, _START)
        self.ask, self.key, self.value, self.inner, self.outer = (table(dim, dim**-0.5) for _ in range(5))
        self.bias, self.shift = (nn.Parameter(torch.zeros(n, dim)) for n in (2, 3))
        self.scale = nn.Parameter(torch.ones(3, dim))
        self.dropout = options.dropout

    def forward(self, item: Tensor, there: Tensor) -> Tensor:
        """What is asked for after each like, (b, L, d), of items int64 (b, L), newest last, where there are some."""
        x = self._dropped(embedding(item, self.items) + self.places)
        asking = self._norm(x, 0)
        logits = (asking @ self.ask) @ (x @ self.key).transpose(1, 2) / x.shape[-1] ** 0.5
        length = item.shape[1]
        earlier = torch.ones(length, length, dtype=torch.bool, device=item.device).tril()
        own = torch.eye(length, dtype=torch.bool, device=item.device)  # where nothing is, so that it is a number
        logits = logits.masked_fill(~(earlier & there[:, None, :] | own), float("-inf"))
        met = self._norm(asking + self._dropped(torch.softmax(logits, dim=-1)) @ (x @ self.value), 1)
        fed = torch.relu(met @ self.inner + self.bias[0])
        return self._norm(met + self._dropped(self._dropped(fed) @ self.outer + self.bias[1]), 2)

    def _norm(self, x: Tensor, which: int) -> Tensor:
        return layer_norm(x, x.shape[-1:], self.scale[which], self.shift[which], EPSILON)

    def _dropped(self, x: Tensor) -> Tensor:
        return dropout(x, self.dropout, self.training)


def learn(lesson: Lesson, options: AttentionOptions) -> Attention:
    """Learn from everybody who likes two items. The same seed gives the same bits on a CPU."""
    item, there = pieces(lesson, options.length)
    network = _Network(lesson, options).to(lesson.device)

    def loss(rows: Tensor, drawn: Tensor) -> Tensor:
        known = there[rows]
        asked = network(item[rows, :-1], known[:, :-1])
        at = known[:, :-1] & known[:, 1:]
        return sampled_softmax(asked[at], network.items, item[rows, 1:][at], drawn)

    with seeded(lesson.seed):
        fit(network, loss, len(item), options, lesson, phase=PHASE)
    return served(network)


def served(network: _Network) -> Attention:
    """The parameters as they are read in service."""
    return Attention(**{name: tensor.detach().cpu().numpy() for name, tensor in network.named_parameters()})


def need(snapshot: Snapshot, options: AttentionOptions) -> Need:
    """The parameters, and what the gradient of a batch needs."""
    batch = options.batch_size * options.length

    def of(dim: int) -> int:
        parameters = _COPIES * (snapshot.n_items + options.length + 5 * dim) * dim
        return 4 * (parameters + batch * (_LAYERS * dim + 4 * options.length + 2 * options.negatives))

    return Need("attention", "attention.dim", options.dim, of)


def pieces(lesson: Lesson, length: int) -> tuple[Tensor, Tensor]:
    """Histories cut, from the newest like on, into pieces of `length` + 1 that share their ends.

    Items int64 (n, length + 1), newest last, and where there are some, bool (n, length + 1); two in each at least.
    """
    likes = lesson.met[0][lesson.met[1]]
    user, item = likes.T.astype(np.int64)
    first, end = (np.searchsorted(user, user, side=side) for side in ("left", "right"))
    last = np.flatnonzero(((end - 1 - np.arange(len(user))) % length == 0) & (np.arange(len(user)) > first))
    place = last[:, None] - np.arange(length, -1, -1)
    there = place >= first[last, None]
    return torch.from_numpy(item[np.maximum(place, 0)]).to(lesson.device), torch.from_numpy(there).to(lesson.device)
