"""How good a ranked list is. All-ranking protocol: per-user values, then their mean."""

import numpy as np
from numpy.typing import NDArray


def recall(ranked: NDArray[np.integer], relevant: NDArray[np.integer], k: int) -> float:
    """The share of the relevant items among the first k of the ranked."""
    return float(np.isin(ranked[:k], relevant).sum() / len(relevant))


def hit(ranked: NDArray[np.integer], relevant: NDArray[np.integer], k: int) -> float:
    """1 if a relevant item is among the first k of the ranked, otherwise 0; its mean over users is the hit rate."""
    return float(np.isin(ranked[:k], relevant).any())


def ndcg(ranked: NDArray[np.integer], relevant: NDArray[np.integer], k: int) -> float:
    """Discounted gain over the ideal list, which holds min(k, len(relevant)) hits (Järvelin and Kekäläinen 2002)."""
    return _gain(np.isin(ranked[:k], relevant)) / _gain(np.ones(min(k, len(relevant))))


def ndcg_kgat(ranked: NDArray[np.integer], relevant: NDArray[np.integer], k: int) -> float:
    """Discounted gain over that of the same hits in the best order: what KGAT's code calls ndcg (Wang et al. 2019).

    It never asks what was missed, so it reads higher than `ndcg`; for comparison with papers that report it.
    """
    hits = np.isin(ranked[:k], relevant)
    return _gain(hits) / _gain(np.ones(hits.sum())) if hits.any() else 0.0


def _gain(hits: NDArray[np.floating] | NDArray[np.bool_]) -> float:
    return float((hits / np.log2(np.arange(2, len(hits) + 2))).sum())
