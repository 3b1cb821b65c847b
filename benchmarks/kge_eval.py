"""Our link prediction beside PyKEEN's evaluator at 100,000 entities: the same ranks, and how much sooner."""

import statistics
import time

import numpy as np
import torch
from numpy.typing import NDArray

# First: it tells PyKEEN where to write, which is not the home folder.
from embed.kge import KGEOptions, pykeen_model  # isort: skip
from pykeen.evaluation import RankBasedEvaluator
from pykeen.triples import CoreTriplesFactory

from benchmarks.transe import ENTITIES, RELATIONS, TRIPLES, skewed_triples
from embed.link_prediction import KGEVectors, filtered_ranks

DIM = 100
ROUNDS = 3
OURS, THEIRS = 1000, 8  # it takes an eighth of a second for each


def measure() -> dict[str, float]:
    """Both norms of TransE, both sides in turn, on vectors as they are before training: none is easier than another."""
    known = skewed_triples(np.random.default_rng(0), TRIPLES).astype(np.int64)
    figures = {}
    for norm, name in ((2, "kge_eval"), (1, "kge_eval.l1")):
        fast, slow = _rates(known, norm)
        figures |= {
            f"{name}.vs_pykeen": fast / slow,
            f"{name}.triples_per_second": fast,
            f"{name}.pykeen_triples_per_second": slow,
        }
    return figures


def _rates(known: NDArray[np.int64], norm: int) -> tuple[float, float]:
    factory = CoreTriplesFactory(torch.from_numpy(known), ENTITIES, RELATIONS)
    model = pykeen_model(factory, KGEOptions(dim=DIM, norm=1 if norm == 1 else 2))
    tables = (model.entity_representations[0], model.relation_representations[0])
    vectors = KGEVectors("transe", *(table().detach().numpy() for table in tables), norm=norm)
    rates: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        ours = filtered_ranks(vectors, known[:OURS], known)
        middle = time.perf_counter()
        evaluator = RankBasedEvaluator(clear_on_finalize=False)
        evaluator.evaluate(
            model,
            torch.from_numpy(known[:THEIRS]),
            additional_filter_triples=[torch.from_numpy(known)],
            use_tqdm=False,
        )
        rates["ours"].append(OURS / (middle - begin))
        rates["theirs"].append(THEIRS / (time.perf_counter() - middle))
        theirs = [np.concatenate(evaluator.ranks[side, "realistic"]) for side in ("head", "tail")]
        np.testing.assert_array_equal(ours[:THEIRS], np.stack(theirs, axis=1))
    return statistics.median(rates["ours"]), statistics.median(rates["theirs"])
