"""A graph network that recommends to users it never saw: a user is the sum of the items of the history.

LightGCN (He et al. 2020) over items, entities and users, but users have no parameters of their own. A user's vector
is the normalised sum of one fold-in vector per liked item, so a history of this minute is as good as one trained on.
One that is relation-aware learns what the messages of each relation count for; it begins as the other.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embed.dropout import QuickDropout
from embed.propagation import Links, normalised, propagation
from embed.relational import RelationalStep, relational


@dataclass(frozen=True)
class GnnGraph:
    """What messages pass over. Entities are items, then users, then all others (see Snapshot).

    `triples` int32 (t, 3), the knowledge; `likes` int32 (m, 2): user, counted from 0, and item; sorted by user, each
    pair once. The last of the relations is that of the likes.
    """

    triples: NDArray[np.int32]
    likes: NDArray[np.int32]
    n_entities: int
    n_items: int
    n_users: int
    n_relations: int

    def links(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Sources and targets, int32: each triple and each like in both directions."""
        liked = self.likes[:, ::-1] + np.array([0, self.n_items], np.int32)
        pairs = np.concatenate([self.triples[:, [0, 2]], liked])
        both = np.concatenate([pairs, pairs[:, ::-1]])
        return np.ascontiguousarray(both[:, 0], np.int32), np.ascontiguousarray(both[:, 1], np.int32)

    def relations(self) -> NDArray[np.int32]:
        """Of each link: twice the number of its relation, and one more in the other direction."""
        relation = 2 * np.concatenate([self.triples[:, 1], np.full(len(self.likes), self.n_relations - 1)])
        return np.concatenate([relation, relation + 1]).astype(np.int32)


@dataclass(frozen=True)
class GnnShape:
    """`layers` steps of message passing; each item of a history has the length 1 / `temperature`.

    If it is `relation_aware`, the messages of each relation are weighed (see embed/relational.py).
    """

    layers: int
    temperature: float
    dropout: float
    relation_aware: bool = False


class GraphNetwork(nn.Module):
    """Vectors of entities, propagated, mixed over the layers, and folded in by one matrix."""

    def __init__(self, graph: GnnGraph, entity_init: NDArray[np.float32], shape: GnnShape, device: str) -> None:
        super().__init__()
        self.n_items, self.shape = graph.n_items, shape
        self.start = nn.Parameter(torch.tensor(entity_init))
        self.fold = nn.Parameter(torch.eye(entity_init.shape[1]))
        self.mix = nn.Parameter(torch.zeros(shape.layers + 1))
        self.dropout = QuickDropout(shape.dropout)
        free = torch.ones(graph.n_entities, 1)
        free[graph.n_items : graph.n_items + graph.n_users] = 0
        self.free: Tensor
        self.register_buffer("free", free)
        weighed = graph.n_relations if shape.relation_aware else 0
        self.relations = nn.Parameter(torch.ones(weighed, 2, entity_init.shape[1]))
        links, relation = normalised(*graph.links(), graph.n_entities, graph.n_entities), graph.relations()
        self.steps: list[RelationalStep] = [_step(links, relation, shape, device)] * (shape.layers - 1)
        if shape.layers:  # nobody asks what others than items receive in the end
            wanted = links.target < graph.n_items
            self.steps.append(_step(links.into(graph.n_items), relation[wanted], shape, device))
        self.to(device)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Items float32 (I, d), and their fold-in float32 (I, d).

        An item's length says how popular it is; in a history each item counts the same.
        """
        x, share = self.dropout(self.start) * self.free, self.mix.softmax(0)
        items = x[: self.n_items] * share[0]
        for step, part in zip(self.steps, share[1:], strict=True):
            x = step(x, self.relations.flatten(0, 1))
            items = torch.addcmul(items, x[: self.n_items], part)
        fold_in = nn.functional.normalize(items @ self.fold) / self.shape.temperature
        return items, fold_in


def _step(links: Links, relation: NDArray[np.int32], shape: GnnShape, device: str) -> RelationalStep:
    if shape.relation_aware:
        return relational(links, relation, device)
    step = propagation(links, device)
    return lambda x, _: step(x)


class Likes:
    """The likes of a graph on a device: `user` and `item` int64 (m,), one run of rows per user.

    `usable` int64 are the rows whose user has another like.
    """

    def __init__(self, graph: GnnGraph, device: str) -> None:
        self.user, self.item = (torch.from_numpy(c.astype(np.int64)).to(device) for c in graph.likes.T)
        self._count = torch.bincount(self.user, minlength=graph.n_users)
        self._start = torch.cumsum(self._count, 0) - self._count
        self.usable = torch.nonzero(self._count[self.user] > 1).squeeze(1)

    def users(self, fold_in: Tensor) -> Tensor:
        """The vectors of all users float32 (U, d); 0 for a user without likes."""
        total = nn.functional.embedding_bag(self.item, fold_in, self._start, mode="sum")
        return total / self._count.clamp_min(1).sqrt().unsqueeze(1)

    def matrix(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """Where the likes of some users, int64 (u,), stand in a matrix (u, I): rows and columns, int64."""
        count = self._count[users]
        row = torch.arange(len(users), device=users.device).repeat_interleave(count)
        return row, self._items(users, count)

    def without_each(self, rows: Tensor, fold_in: Tensor) -> Tensor:
        """For each like, int64 (b,), the vector float32 (b, d) of its user as it is without that like."""
        user, which = torch.unique(self.user[rows], return_inverse=True)
        count = self._count[user]
        offsets = torch.cumsum(count, 0) - count
        total = nn.functional.embedding_bag(self._items(user, count), fold_in, offsets, mode="sum")
        others = count[which].unsqueeze(1) - 1
        mine = nn.functional.embedding(self.item[rows], fold_in)
        return (nn.functional.embedding(which, total) - mine) / others.sqrt()

    def _items(self, users: Tensor, count: Tensor) -> Tensor:
        """The likes of users, int64 (u,), one user after the other; `count` says how many each has."""
        offsets = torch.cumsum(count, 0) - count
        within = torch.arange(int(count.sum()), device=users.device) - offsets.repeat_interleave(count)
        return self.item[self._start[users].repeat_interleave(count) + within]
