"""Vectors of items from their content alone, so that an item that nobody liked yet is found like any other.

An item's content is its entities, its words (TF-IDF) and its measures; each adds to two vectors, `items` and
`fold_in`. A user is the mean of `fold_in` over the history, and the product of that with `items` is what the user's
like of an item is expected to be, had nothing been known of it but its content (see embed/content_learning.py).
Of items that were liked in training it is in-sample, which favours them a little before new ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.content_measures import Measures
from embed.content_text import Vocabulary
from embed.said import Said

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Content:
    """How content becomes vectors, and those of the items of the bundle; r dimensions.

    `entity_row` int32 (E,) is an entity's row of `entity` float32 (e, 2r), -1 for one that joins too few items; `word`
    float32 (V, 2r); `waves` float32 (D, w) and `wave` float32 (2w, 2r) are for the measures, as random Fourier
    features; `constant` float32 (2r,). The first r of the 2r columns make `fold_in`, the others `items`.
    """

    vocabulary: Vocabulary
    measures: Measures
    entity_row: NDArray[np.int32]
    entity: Vectors
    word: Vectors
    waves: Vectors
    wave: Vectors
    constant: Vectors
    items: Vectors
    fold_in: Vectors

    def compose(self, said: Sequence[Said]) -> tuple[Vectors, Vectors]:
        """The vectors of any items, `items` and `fold_in` float32 (n, r), also of those newer than the bundle."""
        named = np.array([self._named(item) for item in said], np.float32).reshape(-1, len(self.constant))
        total = named + fourier(self.measures.of(said), self.waves) @ self.wave + self.constant
        fold_in, items = np.split(total, 2, axis=1)
        return np.ascontiguousarray(items), np.ascontiguousarray(fold_in)

    def _named(self, item: Said) -> Vectors:
        """What an item's entities and words add: float32 (2r,)."""
        rows = self.entity_row[list(item.joined)]
        number, weight = self.vocabulary.weights(item.text)
        return np.asarray(self.entity[rows[rows >= 0]].sum(axis=0) + weight @ self.word[number], np.float32)

    def user(self, fold_in: Vectors) -> Vectors:
        """A user float32 (r,), from the fold-in vectors of the history, float32 (h, r).

        Without a history it is somebody of whom nothing is known: the last dimension stands for everybody.
        """
        size = len(self.constant) // 2
        if len(fold_in):
            return np.asarray(fold_in.mean(axis=0), np.float32)
        return np.asarray(np.eye(1, size, size - 1)[0], np.float32)


def fourier(values: Vectors, waves: Vectors) -> Vectors:
    """Random Fourier features (Rahimi and Recht 2007) of values float32 (n, D): float32 (n, 2w).

    Their products are nearly a Gaussian kernel, so that measures count together and not only one by one.
    """
    angle = values @ waves
    width = max(waves.shape[1], 1)
    return np.asarray(np.concatenate([np.cos(angle), np.sin(angle)], axis=1) / np.sqrt(width), np.float32)
