"""How good a ranked list is. All-ranking protocol: per-user values, then their mean."""

import numpy as np
from numpy.typing import NDArray


def recall(ranked: NDArray[np.integer], relevant: NDArray[np.integer], k: int) -> float:
    """The share of the relevant items among the first k of the ranked."""
    return float(np.isin(ranked[:k], relevant).sum() / len(relevant))


def ndcg(ranked: NDArray[np.integer], relevant: NDArray[np.integer], k: int) -> float:
    """Discounted gain over the ideal list, which holds min(k, len(relevant)) hits (Järvelin and Kekäläinen 2002)."""
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    hits = np.isin(ranked[:k], relevant)
    return float((hits * discount[: len(hits)]).sum() / discount[: min(k, len(relevant))].sum())
