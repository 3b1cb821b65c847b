"""Learns what is liked next by telling it from items drawn at random: batches, epochs, and the loss."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding

from embed.lesson import Lesson
from kg.bounds import Count, NonNegative, Positive
from ontology.errors import InputError


@dataclass(frozen=True)
class SampledOptions:
    """`negatives` items are drawn for each batch, which has `batch_size` examples."""

    dim: Count = 64
    epochs: Count = 10
    batch_size: Count = 1024
    negatives: Count = 500
    learning_rate: Positive = 5e-3
    weight_decay: NonNegative = 0.0


Loss = Callable[[Tensor, Tensor], Tensor]
"""Of the numbers of examples, int64 (b,), and of items drawn at random, int64 (k,)."""


def fit(
    network: nn.Module, loss: Loss, n_examples: int, options: SampledOptions, lesson: Lesson, *, phase: str
) -> None:
    """Learn from examples that are numbered from 0, in batches of another order in each epoch.

    The same seed gives the same bits on a CPU, given a network that was made by it. Raises InputError on divergence.
    """
    random = torch.Generator().manual_seed(lesson.seed)
    optimiser = torch.optim.AdamW(network.parameters(), options.learning_rate, weight_decay=options.weight_decay)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for rows in torch.randperm(n_examples, generator=random).split(options.batch_size):
            drawn = torch.randint(lesson.n_items, (options.negatives,), generator=random)
            value = loss(rows.to(lesson.device), drawn.to(lesson.device))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            total += value.item() * len(rows)
        if not total < float("inf"):
            raise InputError(f"{phase} has diverged; try a smaller {phase}.learning_rate (--set)")
        lesson.run.epoch(phase, epoch, options.epochs, {"loss": total / n_examples})


def sampled_softmax(query: Tensor, items: Tensor, target: Tensor, drawn: Tensor) -> Tensor:
    """The mean of -log softmax of what was liked among the drawn ones, each of which is left out where it is that.

    Queries (b, d), vectors of all items (I, d), numbers int64 (b,) and (k,).
    """
    own = (query * embedding(target, items)).sum(dim=1, keepdim=True)
    others = query @ embedding(drawn, items).T
    others = others.masked_fill(drawn[None, :] == target[:, None], float("-inf"))
    return cross_entropy(torch.cat([own, others], dim=1), torch.zeros_like(target))
