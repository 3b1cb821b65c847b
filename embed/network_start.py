"""Where the graph network may start: TransE's vectors, and in those of items, beside them, who likes what.

TransE says what an item is about, the slow waves of the likes (see embed/spectral.py) for whom it is. From TransE alone
the network needs some forty epochs to find the latter; from both it is better by itself after one.
"""

import numpy as np
from numpy.typing import NDArray

from embed.network import GnnGraph
from embed.spectral import spectral_vectors

_EVEN = 0.5
"""How far items that lie far from all others are brought back: to this power of their length, they are shorter."""


def started(entity_init: NDArray[np.float32], graph: GnnGraph, length: float, seed: int) -> NDArray[np.float32]:
    """TransE's vectors float32 (E, d), each of length 1, to those of items the directions of the likes added.

    `length` is that of the directions of an item, in the mean (root mean square).
    """
    size = {"n_users": graph.n_users, "n_items": graph.n_items}
    waves = spectral_vectors(graph.likes, **size, dim=entity_init.shape[1], seed=seed).items
    far = np.linalg.norm(waves, axis=1, keepdims=True)
    waves *= np.maximum(far, np.finfo(np.float32).tiny) ** -_EVEN
    mean = np.sqrt((waves**2).sum(axis=1).mean())
    start = entity_init.copy()
    start[: graph.n_items] += length * waves / max(mean, np.finfo(np.float32).tiny)
    return start
