"""Users that like the same items: their other likes speak for the items that they like.

User-kNN (Herlocker et al. 1999) with rare items counting more, as in TF-IDF. The rows are the likes themselves, so
nothing has to be learned, and a history that grows by one event finds other neighbours at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embed.ragged import places

NEAREST = 300
"""So many users speak."""
FANS = 2000
"""Of an item that more users like, so many are looked at, drawn at random: it says little, and would cost the most."""
NEWEST = 200
"""How many of the newest liked items are looked at. With FANS it bounds the cost of an answer."""


@dataclass(frozen=True)
class UserNeighbours:
    """Who likes what, as compressed rows by item and by user.

    Item i is liked by `fan[item_indptr[i]:item_indptr[i + 1]]`, at most FANS of them; user u likes
    `liked[user_indptr[u]:user_indptr[u + 1]]`. The indptr int64 (I + 1,) and (U + 1,), the others int32.
    `rarity` float32 (I,): 1 / the number of users that like the item.
    """

    item_indptr: NDArray[np.int64]
    fan: NDArray[np.int32]
    user_indptr: NDArray[np.int64]
    liked: NDArray[np.int32]
    rarity: NDArray[np.float32]

    def score(self, liked: NDArray[np.integer]) -> NDArray[np.float32]:
        """What the nearest users like, for every item: float32 (I,), from a history int (h,).

        The sum of s(u) over the nearest users u that like the item, where s(u) is the sum of the rarity of the items
        that they and the history share, divided by the root of how many they like.
        """
        near, weight = self._nearest(liked[-NEWEST:])
        owner, place = places(self.user_indptr, near)
        n_items = len(self.item_indptr) - 1
        return np.bincount(self.liked[place], weight[owner], minlength=n_items).astype(np.float32)

    def _nearest(self, liked: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        owner, place = places(self.item_indptr, liked)
        shared = np.bincount(self.fan[place], self.rarity[liked][owner])
        users = np.flatnonzero(shared)
        near = shared[users] / np.sqrt(self.user_indptr[users + 1] - self.user_indptr[users])
        best = np.argsort(-near, kind="stable")[:NEAREST]
        return users[best], near[best]


def user_neighbours(likes: NDArray[np.int32], *, n_users: int, n_items: int, seed: int) -> UserNeighbours:
    """From pairs of user and liked item, int32 (m, 2), each once."""
    user, item = likes[np.lexsort((likes[:, 1], likes[:, 0]))].T
    count = np.bincount(item, minlength=n_items)
    order = np.lexsort((np.random.default_rng(seed).random(len(item)), item))
    nth = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    few = np.sort(order[nth < FANS])
    few = few[np.argsort(item[few], kind="stable")]
    return UserNeighbours(
        item_indptr=_indptr(np.minimum(count, FANS)),
        fan=user[few].astype(np.int32),
        user_indptr=_indptr(np.bincount(user, minlength=n_users)),
        liked=item.astype(np.int32),
        rarity=(1 / np.maximum(count, 1)).astype(np.float32),
    )


def _indptr(count: NDArray[np.integer]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
