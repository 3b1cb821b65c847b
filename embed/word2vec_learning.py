"""Skip-gram with negative sampling (Mikolov et al. 2013b, eq. 4): histories are sentences, items are words.

Items and the words of their texts are one vocabulary. An item is the mean of its own token and the mean of its words,
as a word is the sum of its parts in fastText (Bojanowski et al. 2017), so words are learned by the company that their
items keep, and an item that nobody has met has a vector by its words.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import embedding, embedding_bag, logsigmoid

from embed.content_text import vocabulary
from embed.lesson import Lesson
from embed.memory import Need
from embed.sampled import SampledOptions, fit
from embed.word2vec import Word2Vec
from kg.bounds import Count, Natural, Positive
from kg.snapshot import Snapshot

PHASE = "word2vec"
_START = 0.1
_COPIES = 4
"""Of each parameter: itself, its gradient, and Adam's two."""
_PARTS = 32
"""So many parts of an item count: its token, and its words of the largest TF-IDF."""
_FLATTER = 0.75
"""Items are drawn by their likes to this power, as in the paper."""


@dataclass(frozen=True)
class Word2VecOptions(SampledOptions):
    """Likes up to `window` places apart are near. `words` is how many words there are at most.

    Each that is near counts against `against` of those that are drawn (k in the paper).
    """

    epochs: Count = 25
    window: Count = 5
    words: Natural = 20_000
    against: Positive = 5.0


@dataclass(frozen=True)
class Parts:
    """What items are made of: tokens int64 (I, p), and how much each counts, float32 (I, p), 1 together.

    Token i < I is the item's own, the others are words.
    """

    token: Tensor
    share: Tensor
    n_tokens: int

    def mean(self, table: Tensor, items: Tensor) -> Tensor:
        """Vectors of items int64 (…), (…, d), from those of tokens."""
        each, place = items.unique(return_inverse=True)
        made = embedding_bag(self.token[each], table, mode="sum", per_sample_weights=self.share[each])
        return embedding(place, made)


def parts_of(lesson: Lesson, most: int) -> Parts:
    """The tokens of all items: half of an item is its own token, half its words, where it has some."""
    said = lesson.texts()
    told, n = vocabulary(said, most), lesson.n_items
    token = np.zeros((n, _PARTS), np.int64)
    share = np.zeros((n, _PARTS), np.float32)
    for item, text in enumerate(said):
        number, weight = told.weights(text)
        best = number[np.argsort(-weight, kind="stable")[: _PARTS - 1]]
        token[item, : len(best) + 1] = [item, *(best + n)]
        share[item, : len(best) + 1] = [0.5, *[0.5 / len(best)] * len(best)] if len(best) else [1.0]
    device, n_tokens = lesson.device, n + len(told.words)
    return Parts(torch.from_numpy(token).to(device), torch.from_numpy(share).to(device), n_tokens)


class _Near:
    """Likes int64 (n,), user by user in order of time, and where each one's user begins and ends."""

    def __init__(self, lesson: Lesson) -> None:
        user, item = lesson.met[0][lesson.met[1]].T.astype(np.int64)

        def on(array: NDArray[np.int64]) -> Tensor:
            return torch.from_numpy(array).to(lesson.device)

        self.item, self._begin = on(item), on(np.searchsorted(user, user))
        self._end = on(np.searchsorted(user, user, side="right"))

    def to(self, rows: Tensor, window: int) -> tuple[Tensor, Tensor]:
        """The items near likes int64 (b,), int64 (b, 2 window), and where there are some."""
        away = torch.arange(1, window + 1, device=rows.device)
        place = rows[:, None] + torch.cat([-away, away])
        there = (place >= self._begin[rows, None]) & (place < self._end[rows, None])
        return self.item[place.clamp(0, len(self.item) - 1)], there


def learn(lesson: Lesson, options: Word2VecOptions) -> Word2Vec:
    """Learn from everybody's likes in order. The same seed gives the same bits on a CPU. InputError on divergence."""
    parts, near = parts_of(lesson, options.words), _Near(lesson)
    often = (torch.bincount(near.item, minlength=lesson.n_items) + 1) ** _FLATTER  # 1: nothing is impossible
    drawn_as = often / often.mean()
    random = torch.Generator().manual_seed(lesson.seed)
    start = torch.normal(0.0, _START, (2, parts.n_tokens, options.dim), generator=random).to(lesson.device)
    tables = nn.ParameterList([nn.Parameter(start[0]), nn.Parameter(start[1])])

    def loss(rows: Tensor, drawn: Tensor) -> Tensor:
        other, there = near.to(rows, options.window)
        context, targets = parts.mean(tables[0], near.item[rows]), parts.mean(tables[1], other)
        far = parts.mean(tables[1], drawn), drawn_as[drawn] * options.against
        return skip_gram(context, targets, there, *far)

    fit(tables, loss, len(near.item), options, lesson, phase=PHASE)
    everything = torch.arange(lesson.n_items, device=lesson.device)
    fold_in, items = (parts.mean(table, everything).detach().cpu().numpy() for table in tables)
    return Word2Vec(np.column_stack([items, drawn_as.log().cpu().numpy()]), fold_in)


def skip_gram(context: Tensor, near: Tensor, there: Tensor, far: Tensor, weight: Tensor) -> Tensor:
    """The mean of -log σ(v v'ₒ) - Σⱼ wⱼ log σ(-v v'ⱼ) / n over the o that are near, where they are there.

    v (b, d), v'ₒ (b, w, d), bool (b, w), v'ⱼ (n, d) of items that were drawn alike, and w (n,): how many times as often
    each would have been drawn by its likes.
    """
    close = (logsigmoid((near @ context[:, :, None])[:, :, 0]) * there).sum()
    others = logsigmoid(-context @ far.T) @ weight / len(weight)
    return -(close + (there.sum(dim=1) * others).sum()) / there.sum().clamp(min=1)


def need(snapshot: Snapshot, options: Word2VecOptions) -> Need:
    """The vectors of all tokens, and those of the items of a batch; the parts of all items."""
    batch = options.batch_size * (2 * options.window + 1) + options.negatives
    vector = 4 * (2 * _COPIES * (snapshot.n_items + options.words) + 3 * batch)
    parts = (8 + 4) * _PARTS * (snapshot.n_items + batch)
    return Need("word2vec", "word2vec.dim", options.dim, lambda dim: dim * vector + parts)
