"""A graph network that recommends to users it never saw: a user is the sum of the items of the history.

LightGCN (He et al. 2020) over items, entities and users, but users have no parameters of their own. A user's vector
is the normalised sum of one fold-in vector per liked item, so a history of this minute is as good as one trained on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embed.propagation import Propagate, normalised, propagation
from kg.progress import Progress, silent
from ontology.errors import InputError, NotReadyError


@dataclass(frozen=True)
class GnnOptions:
    """The network and how it is trained; it stops after `patience` epochs that bring nothing."""

    layers: int = 2
    negatives: int = 2000
    temperature: float = 0.1
    dropout: float = 0.2
    learning_rate: float = 3e-3
    weight_decay: float = 1e-5
    batch_size: int = 2048
    epochs: int = 40
    patience: int = 3
    validation: float = 0.1
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class GnnVectors:
    """`items`, `fold_in` float32 (I, d) and `entities` float32 (E, d), whose user rows are 0.

    A user's vector is `fold_in[history].sum(0) / sqrt(len(history))`; the score of item i is its product with items[i].
    """

    items: NDArray[np.float32]
    fold_in: NDArray[np.float32]
    entities: NDArray[np.float32]


def train_gnn(
    triples: NDArray[np.int32],
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    *,
    n_entities: int,
    n_items: int,
    n_users: int,
    entity_init: NDArray[np.float32],
    options: GnnOptions,
    progress: Progress = silent,
) -> GnnVectors:
    """Learn from triples int32 (t, 3) and positive interactions, parallel int32 (m,), users numbered from 0.

    Entities are items, then users, then all others; `entity_init` float32 (E, d) is where their vectors start.
    The same seed gives the same bits on a CPU. Raises NotReadyError without interactions, InputError on divergence.
    """
    if not len(items):
        raise NotReadyError("there are no positive interactions to learn from: load some with `kg ingest` first")
    random = np.random.default_rng(options.seed)
    pairs = np.unique(np.stack([users, items], axis=1), axis=0)
    later = _validation(pairs[:, 0], options.validation, random)
    known, judged = pairs[~later], pairs[later]
    with _seeded(options.seed):
        network = _Network(triples, known, n_entities, n_items, n_users, entity_init, options).to(options.device)
        _fit(network, known, judged, n_users, options, progress)
    with torch.no_grad():
        vectors = network.eval()()
    return GnnVectors(*(v.cpu().numpy() for v in vectors))


class _Network(nn.Module):
    def __init__(
        self,
        triples: NDArray[np.int32],
        known: NDArray[np.int32],
        n_entities: int,
        n_items: int,
        n_users: int,
        entity_init: NDArray[np.float32],
        options: GnnOptions,
    ) -> None:
        super().__init__()
        self.n_items, self.layers = n_items, options.layers
        self.start = nn.Parameter(torch.from_numpy(entity_init) * 1.0)
        self.fold = nn.Parameter(torch.eye(entity_init.shape[1]))
        self.mix = nn.Parameter(torch.zeros(options.layers + 1))
        self.temperature = options.temperature
        self.dropout = nn.Dropout(options.dropout)
        is_user = (triples[:, [0, 2]] >= n_items) & (triples[:, [0, 2]] < n_items + n_users)
        knowledge = triples[~is_user.any(1)][:, [0, 2]]
        likes = np.stack([known[:, 0] + n_items, known[:, 1]], axis=1).astype(np.int32)
        links = np.concatenate([knowledge, likes])
        both = np.concatenate([links, links[:, ::-1]])
        users = torch.zeros(n_entities, 1)
        users[:n_items] = 1
        users[n_items + n_users :] = 1
        self.free: Tensor
        self.register_buffer("free", users)
        self.step: Propagate = propagation(
            normalised(np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1]), n_entities, n_entities),
            options.device,
        )

    def forward(self) -> tuple[Tensor, Tensor, Tensor]:
        x = self.dropout(self.start) * self.free
        out = [x]
        for _ in range(self.layers):
            out.append(self.step(out[-1]))
        mixed = torch.einsum("k,knd->nd", self.mix.softmax(0), torch.stack(out))
        items = mixed[: self.n_items]
        fold = items @ self.fold
        items = nn.functional.normalize(items)
        fold = nn.functional.normalize(fold) / self.temperature
        return items, fold, mixed * self.free


def _fit(
    network: _Network,
    known: NDArray[np.int32],
    judged: NDArray[np.int32],
    n_users: int,
    options: GnnOptions,
    progress: Progress,
) -> None:
    device = options.device
    optimiser = torch.optim.Adam(network.parameters(), options.learning_rate, weight_decay=options.weight_decay)
    user, item = (torch.from_numpy(c.astype(np.int64)).to(device) for c in known.T)
    count = torch.bincount(user, minlength=n_users)
    start = torch.cumsum(count, 0) - count
    usable = torch.nonzero(count[user] > 1).squeeze(1)
    best, best_loss, since = {k: v.clone() for k, v in network.state_dict().items()}, float("inf"), 0
    for epoch in range(1, options.epochs + 1):
        network.train()
        for batch in usable[torch.randperm(len(usable)).to(device)].split(options.batch_size):
            optimiser.zero_grad()
            items, fold, _ = network()
            loss = _loss(items, fold, user, item, start, count, batch, options)
            if not torch.isfinite(loss):
                raise InputError(
                    "the graph network diverged: its loss is not a number any more; "
                    f"try a learning rate below {options.learning_rate}"
                )
            loss.backward()
            optimiser.step()
        progress("graph network", epoch, options.epochs)
        score = _judge(network, user, item, count, judged, device)
        if score < best_loss:
            best, best_loss, since = {k: v.clone() for k, v in network.state_dict().items()}, score, 0
        else:
            since += 1
        if since >= options.patience:
            break
    network.load_state_dict(best)


def _loss(
    items: Tensor, fold: Tensor, user: Tensor, item: Tensor, start: Tensor, count: Tensor, batch: Tensor, o: GnnOptions
) -> Tensor:
    u, target = user[batch], item[batch]
    lengths = count[u]
    distinct, where = torch.unique(u, return_inverse=True)
    rows = torch.cat([torch.arange(int(s), int(s + c)) for s, c in zip(start[distinct], count[distinct], strict=True)])
    offsets = torch.cumsum(count[distinct], 0) - count[distinct]
    total = nn.functional.embedding_bag(item[rows], fold, offsets, mode="sum")
    vector = (total[where] - fold[target]) / (lengths - 1).sqrt().unsqueeze(1)
    sample = torch.randint(len(items), (min(o.negatives, len(items)),), device=items.device)
    positive = (vector * items[target]).sum(1)
    negative = vector @ items[sample].T
    negative = negative.masked_fill(sample.unsqueeze(0) == target.unsqueeze(1), -torch.inf)
    return -(positive - torch.logsumexp(torch.cat([positive.unsqueeze(1), negative], 1), 1)).mean()


def _judge(
    network: _Network, user: Tensor, item: Tensor, count: Tensor, judged: NDArray[np.int32], device: str
) -> float:
    if not len(judged):
        return 0.0
    with torch.no_grad():
        items, fold, _ = network.eval()()
        offsets = torch.cumsum(count, 0) - count
        vector = nn.functional.embedding_bag(item, fold, offsets, mode="sum") / count.clamp_min(1).sqrt().unsqueeze(1)
        u, target = (torch.from_numpy(c.astype(np.int64)).to(device) for c in judged.T)
        scores = vector[u] @ items.T
        return -float((scores.log_softmax(1)[torch.arange(len(u)), target]).mean())


def _validation(users: NDArray[np.int32], fraction: float, random: np.random.Generator) -> NDArray[np.bool_]:
    return np.asarray(random.random(len(users)) < fraction, np.bool_)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
