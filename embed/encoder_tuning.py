"""Fine-tunes a text encoder to likes: texts of what the same user liked shall have vectors that are close.

Two items that one user liked against items drawn at random, by the cosines of their texts' vectors and a temperature:
InfoNCE (van den Oord et al. 2018, eq. 4). What moves in a static encoder are the vectors of the pieces of words that
occur, which any item shares with others, so that items without likes gain by it, too; in a transformer, all weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding_bag, normalize
from torch.utils.checkpoint import checkpoint

from embed.encoder import Static, Transformer, Vectors, told
from embed.lesson import Lesson
from embed.sampled import SampledOptions, fit
from kg.bounds import Natural, Positive

_AT_ONCE = 4096
"""Texts whose pieces are laid side by side."""
_READ_AT_ONCE = 8
"""Texts that a transformer reads at once, and holds what its layers said of."""


@dataclass(frozen=True)
class TuningOptions:
    """`temperature` divides the cosines (τ)."""

    epochs: Natural = 5
    learning_rate: Positive = 1e-3
    temperature: Positive = 0.1


class Texts(nn.Module):
    """Texts as bags of pieces, and a vector for each piece that occurs in one of them."""

    def __init__(self, encoder: Static, texts: Sequence[str]) -> None:
        super().__init__()
        bags = [np.asarray(encoder.pieces(text), np.int64) for text in texts]
        count = np.array([len(bag) for bag in bags], np.int64)
        known, piece = np.unique(np.concatenate(bags), return_inverse=True)
        self.table = nn.Parameter(torch.from_numpy(encoder.table[known]))
        self.register_buffer("_piece", torch.from_numpy(piece))
        self.register_buffer("_count", torch.from_numpy(count))
        self.register_buffer("_begin", torch.from_numpy(np.cumsum(count) - count))
        self._piece: Tensor
        self._count: Tensor
        self._begin: Tensor

    def forward(self, numbers: Tensor) -> Tensor:
        """The vectors of texts int64 (n,): (n, k), of length 1, or 0 where nothing of a text is known."""
        count = self._count[numbers]
        offset = count.cumsum(0) - count
        shift = torch.repeat_interleave(self._begin[numbers] - offset, count)
        places = shift + torch.arange(len(shift), device=numbers.device)
        return normalize(embedding_bag(self._piece[places], self.table, offset, mode="sum"), dim=1, eps=1e-9)


class Read(nn.Module):
    """Texts as a transformer reads them, without dropout.

    A few at a time, and once more when the gradient is taken, so that memory does not grow with the batch (Chen et al.
    2016, "Training deep nets with sublinear memory cost").
    """

    def __init__(self, encoder: Transformer, texts: Sequence[str]) -> None:
        super().__init__()
        self.model = encoder.model
        self._encoder, self._texts = encoder, texts

    def forward(self, numbers: Tensor) -> Tensor:
        """The vectors of texts int64 (n,): (n, k), of length 1, or 0 where a text is blank."""
        return torch.cat([checkpoint(self._few, few, use_reentrant=False) for few in numbers.split(_READ_AT_ONCE)])

    def _few(self, numbers: Tensor) -> Tensor:
        texts = [self._texts[number] for number in numbers.tolist()]
        there = told(texts)
        tokens = self._encoder.tokens([text if is_told else "." for text, is_told in zip(texts, there, strict=True)])
        vectors = normalize(self.model(tokens)["sentence_embedding"], dim=1, eps=1e-9)
        return vectors * torch.from_numpy(there).to(numbers.device).unsqueeze(1)


class _Partners:
    """Likes of users who have several, and for each of them another like of the same user."""

    def __init__(self, lesson: Lesson) -> None:
        user, item = lesson.likes.T.astype(np.int64)
        several = np.bincount(user, minlength=lesson.n_users)[user] > 1
        user, item = user[several], item[several]

        def on(array: NDArray[np.int64]) -> Tensor:
            return torch.from_numpy(array).to(lesson.device)

        begin = np.searchsorted(user, user)
        self.item, self._begin = on(item), on(begin)
        self._others = on(np.searchsorted(user, user, side="right") - begin - 1)
        self._random = torch.Generator().manual_seed(lesson.seed)

    def of(self, rows: Tensor) -> Tensor:
        """An item that the user of each of the likes int64 (b,) liked as well, drawn at random: int64 (b,)."""
        part = torch.rand(len(rows), generator=self._random, dtype=torch.float64).to(rows.device)
        away = 1 + (part * self._others[rows]).long()
        begin = self._begin[rows]
        return self.item[begin + (rows - begin + away) % (self._others[rows] + 1)]


def tuned(
    lesson: Lesson, encoder: Static | Transformer, texts: Sequence[str], options: TuningOptions, phase: str
) -> Vectors:
    """The vector of each text as the encoder gives it after some epochs, float32 (I, k), of length 1 or 0.

    `phase` names the options. The same seed gives the same bits on a CPU. Raises InputError on divergence.
    """
    network = Texts(encoder, texts) if isinstance(encoder, Static) else Read(encoder, texts)
    network, partners = network.to(lesson.device), _Partners(lesson)

    def loss(rows: Tensor, drawn: Tensor) -> Tensor:
        return contrast(network, partners.item[rows], partners.of(rows), drawn, options.temperature)

    if len(partners.item):
        sampled = SampledOptions(epochs=options.epochs, learning_rate=options.learning_rate)
        fit(network, loss, len(partners.item), sampled, lesson, phase=phase)
    with torch.no_grad():
        parts = torch.arange(len(texts), device=lesson.device).split(_AT_ONCE)
        return np.concatenate([network(part).cpu().numpy() for part in parts])


def contrast(network: nn.Module, item: Tensor, other: Tensor, drawn: Tensor, temperature: float) -> Tensor:
    """The mean of -log softmax of the cosine of both items, int64 (b,), among those with the drawn ones, int64 (k,).

    What was drawn is left out where it is one of the two.
    """
    each, place = torch.cat([item, other, drawn]).unique(return_inverse=True)
    a, b, far = network(each)[place].split([len(item), len(other), len(drawn)])
    left_out = (drawn == item[:, None]) | (drawn == other[:, None])
    others = (a @ far.T).masked_fill(left_out, float("-inf"))
    cosines = torch.cat([(a * b).sum(dim=1, keepdim=True), others], dim=1)
    return cross_entropy(cosines / temperature, torch.zeros_like(item))
