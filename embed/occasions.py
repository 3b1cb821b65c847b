"""Every like as something to be foretold from what the user met before it."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embed.lesson import Lesson


@dataclass(frozen=True)
class Row:
    """Items int64 (m,), user by user in order of time, and for each occasion its user's `first` place and its `end`."""

    item: Tensor
    first: Tensor
    end: Tensor

    def newest(self, occasions: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """The k newest items before each, int64 (b, k), the newest first; bool (b, k) says how many there are."""
        place = self.end[occasions, None] - 1 - torch.arange(k, device=self.item.device)
        return self.item[place.clamp(min=0)], place >= self.first[occasions, None]


@dataclass(frozen=True)
class Occasions:
    """What was liked at each, int64 (n,), by users who had met something; what was met before, and what was liked."""

    target: Tensor
    met: Row
    liked: Row

    def __len__(self) -> int:
        return len(self.target)


def occasions(lesson: Lesson) -> Occasions:
    """Of all that is known."""
    (user, item), liked = lesson.met[0].T, lesson.met[1]
    first = np.searchsorted(user, user)
    likes: NDArray[np.int64] = np.cumsum(liked) - liked
    at = np.flatnonzero(liked & (np.arange(len(user)) > first))

    def on(array: NDArray[np.integer]) -> Tensor:
        return torch.from_numpy(array.astype(np.int64)).to(lesson.device)

    return Occasions(
        on(item[at]),
        Row(on(item), on(first[at]), on(at)),
        Row(on(item[liked]), on(likes[first[at]]), on(likes[at])),
    )
