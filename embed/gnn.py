"""Trains the graph network: how a user's other items find each item that the user likes."""

import copy
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, embedding, normalize

from embed.checkpoint import Kept
from embed.network import GnnGraph, GnnShape, GraphNetwork, Likes
from embed.network_start import started
from embed.run import ALONE, Run
from embed.state import named, restore, seeded, state_of, tensors
from embed.warm import Warm
from kg.bounds import Count, Natural, NonNegative, Part, Positive
from ontology.errors import InputError, NotReadyError

CUT_OFF = 20
"""Where the lists end by which early stopping judges."""
PHASE = "graph network"
_BEST, _AVERAGE = "best.", "average."
_AVERAGED = 0.995
"""What remains of the average after a step, once there were many."""
_VIEWS_TEMPERATURE = 0.2
"""Of the softmax that tells items apart: that of SGL."""
USERS_AT_ONCE = 1000
"""Each has a score for every item, which bounds memory."""


@dataclass(frozen=True)
class GnnOptions:
    """The network and how it is trained; it stops after `patience` epochs that bring nothing.

    What is judged, and learned, is the average of the last few hundred steps: a network by itself wavers.

    Where it is `relation_aware` it learns what the messages of each relation count for; `contrast` is the weight of a
    loss by which items are told apart in two draws of the dropout, 0 for none.

    `directions` is the length of what its start says of who likes what, where TransE's vectors have 1; 0 for none.

    `negatives` items are drawn for each batch; `validation` is the part of the likes that early stopping looks at.
    `batch_size` None: by the number of likes, between 2048 and 65536.
    """

    layers: Natural = 2
    directions: NonNegative = 0.0
    negatives: Count = 500
    temperature: Positive = 0.3
    dropout: Part = 0.2
    relation_aware: bool = False
    contrast: NonNegative = 0.0
    learning_rate: Positive = 3e-3
    weight_decay: NonNegative = 1e-4
    batch_size: Count | None = None
    epochs: Count = 12
    patience: Count = 8
    validation: Part = 0.1
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class GnnVectors:
    """`items` and `fold_in` float32 (I, d), and what a warm start goes on with: the network's own parameters.

    `start` float32 (E, d), `fold` float32 (d, d), `mix` float32 (layers + 1,); `relations` float32 (R, 2, d) weigh what
    passes over a relation and against it, (0, 2, d) where the network is not relation-aware.

    A user's vector is `fold_in[history].sum(0) / sqrt(len(history))`; the score of item i is its product with items[i].
    """

    items: NDArray[np.float32]
    fold_in: NDArray[np.float32]
    start: NDArray[np.float32]
    fold: NDArray[np.float32]
    mix: NDArray[np.float32]
    relations: NDArray[np.float32]


def train_gnn(
    graph: GnnGraph,
    entity_init: NDArray[np.float32],
    options: GnnOptions,
    run: Run = ALONE,
    *,
    warm: Warm | None = None,
) -> GnnVectors:
    """Learn from the graph; `entity_init` float32 (E, d) is where the vectors of entities start.

    The same seed gives the same bits on a CPU. Raises NotReadyError without likes, InputError on divergence.
    """
    if not len(graph.likes):
        raise NotReadyError("there are no positive interactions to learn from: load some with `kg ingest` first")
    judged = np.random.default_rng(options.seed).random(len(graph.likes)) < options.validation
    known = replace(graph, likes=graph.likes[~judged])
    if not (np.bincount(known.likes[:, 0], minlength=1) > 1).any():
        raise NotReadyError(
            "no user likes two items, so there is no taste to learn from: load more interactions with `kg ingest`"
        )
    shape = GnnShape(options.layers, options.temperature, options.dropout, options.relation_aware)
    with seeded(options.seed):
        if options.directions and not warm:
            entity_init = started(entity_init, known, options.directions, options.seed)
        network = GraphNetwork(known, entity_init, shape, options.device)
        if warm:
            _start_warm(network, warm)
        best = _fit(network, Likes(known, options.device), graph.likes[judged], options, run)
    with torch.no_grad():
        vectors = best.eval()()
    parameters = (best.start, best.fold, best.mix, best.relations)
    return GnnVectors(*(v.detach().cpu().numpy() for v in (*vectors, *parameters)))


@torch.no_grad()
def _start_warm(network: GraphNetwork, warm: Warm) -> None:
    """New entities begin where TransE has them."""
    network.start.copy_(torch.from_numpy(warm.entities("start", network.start.cpu().numpy())))
    for name in ("fold", "mix"):
        getattr(network, name).copy_(torch.from_numpy(np.array(warm.learner[name])))
    if len(network.relations):
        network.relations.copy_(torch.from_numpy(warm.relations("relations", network.relations.cpu().numpy())))


@dataclass
class _Best:
    """The parameters after the best epoch so far, its gain, and how many epochs ago it was."""

    state: dict[str, Tensor]
    gain: float = -1.0
    since: int = 0

    def judge(self, network: GraphNetwork, gain: float) -> None:
        if gain > self.gain:
            self.state, self.gain, self.since = copy.deepcopy(network.state_dict()), gain, 0
        else:
            self.since += 1


def _fit(network: GraphNetwork, likes: Likes, judged: NDArray[np.int32], options: GnnOptions, run: Run) -> GraphNetwork:
    """Epochs until the likes that were kept back are found no better; gives the best network of all.

    Where none was kept back there is nothing to judge by: all epochs are made, and the last one counts.
    """
    optimiser = torch.optim.Adam(
        network.parameters(), options.learning_rate, weight_decay=options.weight_decay, fused=True
    )
    begin, best, average = _begun(network, optimiser, run.unfinished(PHASE))
    for epoch in range(begin + 1, options.epochs + 1):
        if best.since >= options.patience:
            break
        measured = {"loss": _epoch(network, average, optimiser, likes, options)}
        if len(judged):
            measured["gain"] = _gain(average, likes, judged)
            best.judge(average, measured["gain"])
        run.epoch(PHASE, epoch, options.epochs, measured)
        run.keep(PHASE, partial(_state, network, average, optimiser, best, epoch))
    if len(judged):
        average.load_state_dict(best.state)
    return average


def _state(
    network: GraphNetwork, average: GraphNetwork, optimiser: torch.optim.Optimizer, best: _Best, epoch: int
) -> Kept:
    arrays = state_of(network, optimiser) | tensors(_BEST, best.state) | tensors(_AVERAGE, average.state_dict())
    return Kept(arrays, {"epoch": epoch, "gain": best.gain, "since": best.since})


def _begun(
    network: GraphNetwork, optimiser: torch.optim.Optimizer, kept: Kept | None
) -> tuple[int, _Best, GraphNetwork]:
    """The last epoch that was finished, the best one so far, and the average network."""
    average = copy.deepcopy(network)
    if kept is None:
        return 0, _Best(copy.deepcopy(network.state_dict())), average
    restore(kept.arrays, network, optimiser)
    average.load_state_dict(named(_AVERAGE, kept.arrays))
    return kept.said["epoch"], _Best(named(_BEST, kept.arrays), kept.said["gain"], kept.said["since"]), average


@torch.no_grad()
def _follow(average: GraphNetwork, network: GraphNetwork, step: int) -> None:
    """Polyak and Juditsky's (1992) average, exponential: of the last ninth of the steps while they are few."""
    part = max(1 - _AVERAGED, 9 / (10 + step))
    for mean, now in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(now, part)


def _epoch(
    network: GraphNetwork, average: GraphNetwork, optimiser: torch.optim.Optimizer, likes: Likes, options: GnnOptions
) -> float:
    """One pass over the likes; gives the mean loss of one."""
    network.train()
    total = 0.0
    shuffled = likes.usable[torch.randperm(len(likes.usable)).to(likes.usable.device)]
    for batch in shuffled.split(options.batch_size or batch_size(len(shuffled))):
        optimiser.zero_grad()
        loss = _loss(network, likes, batch, options)
        if not torch.isfinite(loss):
            raise InputError(
                "the graph network diverged: its loss is not a number any more; "
                f"try a learning rate below {options.learning_rate}"
            )
        loss.backward()
        optimiser.step()
        _follow(average, network, int(optimiser.state[network.start]["step"]))
        total += loss.item() * len(batch)
    return total / max(len(shuffled), 1)


def batch_size(n: int) -> int:
    """Up to about fifty steps an epoch for n likes: each passes messages over the whole graph, so that steps that grow
    with the graph would cost its square."""
    return int(np.clip(n // 50, 2048, 65536))


def _loss(network: GraphNetwork, likes: Likes, batch: Tensor, options: GnnOptions) -> Tensor:
    """Sampled softmax: each like of the batch, int64 (b,), against shared random items; the user is all other likes."""
    items, fold_in = network()
    target = likes.item[batch]
    vector = likes.without_each(batch, fold_in)
    sample = torch.randint(len(items), (min(options.negatives, len(items)),)).to(items.device)
    # embedding() and not items[...]: the gradient of an index is summed by whichever thread comes first.
    positive = (vector * embedding(target, items)).sum(1, keepdim=True)
    negative = vector @ embedding(sample, items).T
    negative = negative.masked_fill(sample.unsqueeze(0) == target.unsqueeze(1), -torch.inf)
    loss: Tensor = (torch.logsumexp(torch.cat([positive, negative], 1), 1) - positive.squeeze(1)).mean()
    if options.contrast:
        loss = loss + options.contrast * _told_apart(items, network()[0], sample.unique())
    return loss


def _told_apart(one: Tensor, other: Tensor, items: Tensor) -> Tensor:
    """InfoNCE of two views (I, d) of some items, int64 (n,): each has to be found among the others by itself.

    Between items it is equation 10 of SGL (Wu et al. 2021), with the views of SimCSE (Gao et al. 2021): two draws of
    the dropout.
    """
    a, b = (normalize(embedding(items, view)) for view in (one, other))
    return cross_entropy(a @ b.T / _VIEWS_TEMPERATURE, torch.arange(len(items), device=items.device))


@torch.no_grad()
def _gain(network: GraphNetwork, likes: Likes, judged: NDArray[np.int32]) -> float:
    """The gain of pairs int32 (n, 2), n > 0, user and item, in the first 20 of all items not liked yet.

    The mean over users of their likes' mean 1 / log2(1 + rank). The loss grows again long before the order of the
    items gets worse, so the order is what is looked at.
    """
    items, fold_in = network.eval()()
    vectors = likes.users(fold_in)
    user, item = (torch.from_numpy(c.astype(np.int64)).to(items.device) for c in judged.T)
    users, count = torch.unique_consecutive(user, return_counts=True)
    gained = torch.zeros(len(vectors), device=items.device)
    discount = 1 / torch.log2(torch.arange(2, min(CUT_OFF, len(items)) + 2, device=items.device))
    for part in users.split(USERS_AT_ONCE):
        scores = vectors[part] @ items.T
        scores[likes.matrix(part)] = -torch.inf
        best = scores.topk(len(discount)).indices
        rows = (user >= part[0]) & (user <= part[-1])
        hits = best[torch.searchsorted(part, user[rows])] == item[rows].unsqueeze(1)
        gained.index_add_(0, user[rows], (hits * discount).sum(1))
    return float((gained[users] / count).mean())
