"""Matrix factorisation for ratings: SVD++ (Koren 2008, eq. 15), learned with Adam, some users at a time.

All ratings of a user are in one batch, so what the user's items say together is added up once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import embedding, embedding_bag

from embed.lesson import Lesson
from embed.memory import Need
from embed.svdpp import SvdPp
from kg.bounds import Count, NonNegative, Positive
from kg.snapshot import Interactions, Snapshot
from ontology.errors import InputError

PHASE = "svdpp"
_START = 0.1
_COPIES = 4
"""Of each parameter: itself, its gradient, and Adam's two."""


@dataclass(frozen=True)
class SvdPpOptions:
    """`regularisation` is λ for each rating, of vectors and biases; `strength` is that of a user in service."""

    dim: Count = 20
    epochs: Count = 30
    batch_size: Count = 64
    learning_rate: Positive = 5e-3
    regularisation: NonNegative = 0.2
    strength: Positive = 10.0


class _Rated:
    """The ratings, less their mean, user by user; users are numbered from 0 among those that rated anything."""

    def __init__(self, rated: Interactions, device: str) -> None:
        self._device, self.mean = device, float(rated.value.mean())
        _, begin, count = np.unique(rated.user, return_index=True, return_counts=True)
        self._begin, self._count = begin.astype(np.int64), count.astype(np.int64)
        self._item, self._value = rated.item.astype(np.int64), rated.value - np.float32(self.mean)

    def __len__(self) -> int:
        return len(self._count)

    def of(self, users: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """How many each of some users has, int64 (u,), their items int64 (n,), and values float32 (n,)."""
        count = self._count[users]
        ends = np.cumsum(count)
        rows = np.arange(count.sum()) + np.repeat(self._begin[users] - ends + count, count)
        return self._on(count), self._on(self._item[rows]), self._on(self._value[rows])

    def _on(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self._device)


class _Network(nn.Module):
    """The parameters of equation 15."""

    def __init__(self, lesson: Lesson, n_users: int, options: SvdPpOptions) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(lesson.seed)

        def table(n: int) -> nn.Parameter:
            return nn.Parameter(torch.normal(0.0, _START, (n, options.dim), generator=random))

        self.q, self.y, self.p = table(lesson.n_items), table(lesson.n_items), table(n_users)
        self.item_bias, self.user_bias = (nn.Parameter(torch.zeros(n)) for n in (lesson.n_items, n_users))

    def forward(self, users: Tensor, count: Tensor, item: Tensor) -> tuple[Tensor, Tensor]:
        """Of users int64 (u,) with so many ratings each, of items int64 (n,): less the mean, and squares, (n,)."""
        begin = torch.cumsum(count, 0) - count
        said = embedding_bag(item, self.y, begin, mode="sum") / count[:, None] ** 0.5
        whose = torch.repeat_interleave(torch.arange(len(users), device=users.device), count)
        p, q = embedding(users, self.p), embedding(item, self.q)
        user_bias, item_bias = self.user_bias[users][whose], self.item_bias[item]
        squares = (p**2 + said**2).sum(dim=1)[whose] + (q**2).sum(dim=1) + user_bias**2 + item_bias**2
        return user_bias + item_bias + (q * (p + said)[whose]).sum(dim=1), squares


def learn(lesson: Lesson, options: SvdPpOptions) -> SvdPp:
    """Learn from the newest value that each user gave to each item; users are forgotten, and solved for in service.

    The same seed gives the same bits on a CPU. Raises InputError on divergence.
    """
    rated = newest(lesson.known)
    ratings, random = _Rated(rated, lesson.device), torch.Generator().manual_seed(lesson.seed)
    network = _Network(lesson, len(ratings), options).to(lesson.device)
    optimiser = torch.optim.Adam(network.parameters(), options.learning_rate)
    for epoch in range(1, options.epochs + 1):
        wrong = 0.0
        for users in torch.randperm(len(ratings), generator=random).split(options.batch_size):
            count, item, value = ratings.of(users.numpy())
            foretold, squares = network(users.to(lesson.device), count, item)
            error = ((value - foretold) ** 2).sum()
            optimiser.zero_grad()
            ((error + options.regularisation * squares.sum()) / len(item)).backward()
            optimiser.step()
            wrong += error.item()
        if not wrong < float("inf"):
            raise InputError("svdpp has diverged; try a smaller svdpp.learning_rate (--set)")
        lesson.run.epoch(PHASE, epoch, options.epochs, {"rmse": (wrong / len(rated)) ** 0.5})
    return _served(network, rated, options)


def newest(known: Interactions) -> Interactions:
    """The last interaction of each user with each item, user by user."""
    pair = known.user.astype(np.int64) * (int(known.item.max(initial=0)) + 1) + known.item
    _, last = np.unique(pair[::-1], return_index=True)
    return known.where(np.isin(np.arange(len(known)), len(known) - 1 - last))


def need(snapshot: Snapshot, options: SvdPpOptions) -> Need:
    """The parameters, and the vectors of a batch of users that rated as many items as the most eager ones."""
    most = np.sort(np.bincount(snapshot.interactions.user))[-options.batch_size :].sum()
    vector = 4 * (_COPIES * (2 * snapshot.n_items + snapshot.n_users) + 6 * int(most))
    return Need("SVD++", "svdpp.dim", options.dim, lambda dim: dim * vector)


def _served(network: _Network, rated: Interactions, options: SvdPpOptions) -> SvdPp:
    q, bias, y = (t.detach().cpu().numpy() for t in (network.q, network.item_bias, network.y))
    mean = float(rated.value.mean())
    kinds = [float(rated.value[of].mean()) if of.any() else mean for of in (rated.positive, ~rated.positive)]
    means = np.array([mean, *kinds], np.float32)
    return SvdPp(np.column_stack([q, bias]), y, means, np.array([options.strength], np.float32))
