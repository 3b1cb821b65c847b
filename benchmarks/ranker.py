"""How long the ranker takes for the candidates of one answer, in 32 bits and in 8, on one thread, as it is served."""

import statistics
import time
from typing import Any

import numpy as np

from embed.export import export_onnx
from embed.ranker import RankerOptions, train_ranker
from retrieval.features import feature_names
from retrieval.ranker import Ranker, open_ranker

CANDIDATES = 500
WIDE = 40
CALLS = 5_000
EXAMPLES, USERS = 4_000, 20


def measure() -> dict[str, float]:
    """As many features as there are, and 40: room to grow."""
    measured = {}
    for features, suffix in ((len(feature_names()), ""), (WIDE, ".40_features")):
        whole, small = _milliseconds(features)
        measured |= {
            f"ranker.ms_500_fp32{suffix}": whole,
            f"ranker.ms_500_int8{suffix}": small,
            f"ranker.int8_vs_fp32{suffix}": whole / small,
        }
    return measured


def _milliseconds(features: int) -> tuple[float, float]:
    """In 32 bits and in 8: the median of many calls, taken in turn."""
    random = np.random.default_rng(0)
    x = random.normal(size=(EXAMPLES, features)).astype(np.float32)
    y = (random.random(EXAMPLES) < 1 / (1 + np.exp(-x[:, 0]))).astype(np.float32)
    groups = np.arange(EXAMPLES) % USERS
    in_turn = [_ranker(x, y, groups, RankerOptions(epochs=1)), _ranker(x, y, groups, RankerOptions(epochs=1, bits=8))]
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(CALLS):
        for ranker, taken in zip(in_turn, times, strict=True):
            begin = time.perf_counter()
            ranker.score(x[:CANDIDATES])
            taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


def _ranker(*learned_from: Any) -> Ranker:
    """One epoch is enough: what the weights are takes no time."""
    return open_ranker(export_onnx(train_ranker(*learned_from)))
