"""Our TransE beside PyKEEN's default settings and a hand-written loop: how fast, and how good on UMLS."""

import gc
import statistics
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

# First: it tells PyKEEN where to write, which is not the home folder.
from embed.kge import KGEOptions, batch_size, pykeen_model, train_kge, training_loop  # isort: skip
from pykeen.datasets import UMLS
from pykeen.models import TransE
from pykeen.training import SLCWATrainingLoop
from pykeen.triples import CoreTriplesFactory

from benchmarks.handloop import HandLoop
from embed.link_prediction import KGEVectors, filtered_ranks, mean_reciprocal_rank

ENTITIES, RELATIONS, TRIPLES = 100_000, 20, 500_000
LARGE = KGEOptions(dim=100, negatives=1)
ROUNDS = 3
DEFAULT_BATCH = 256  # PyKEEN's own default
DEFAULT_BATCHES = 20  # each costs it a tenth of a second: the whole graph would take minutes
SMALL = KGEOptions(dim=50, epochs=200)  # 50 is PyKEEN's default; its 5 epochs are not enough for anyone
SEEDS = (0, 1, 2)


def measure() -> dict[str, float]:
    """Both sides in turn, on the same triples, with the same dimension, negatives and epochs."""
    return _speed() | _quality()


def _speed() -> dict[str, float]:
    triples = skewed_triples(np.random.default_rng(0), TRIPLES)
    every, few = _factory(triples), _factory(triples[: DEFAULT_BATCH * DEFAULT_BATCHES])
    ours, theirs = training_loop(pykeen_model(every, LARGE), every, LARGE), _default_loop(few, LARGE.dim, SEEDS[0])
    hand = HandLoop(torch.from_numpy(triples.astype(np.int64)), ENTITIES, RELATIONS, LARGE.dim)
    rates: dict[str, list[float]] = {"ours": [], "theirs": [], "hand": []}
    gc.freeze()  # as train_kge does, and for both sides
    for epoch in range(1, ROUNDS + 2):
        rates["ours"].append(_triples_per_second(ours, every, batch_size(TRIPLES), epoch))
        rates["theirs"].append(_triples_per_second(theirs, few, DEFAULT_BATCH, epoch))
        rates["hand"].append(hand.triples_per_second(batch_size(TRIPLES), LARGE.margin, LARGE.learning_rate))
    gc.unfreeze()
    fast, slow, plain = (statistics.median(rate[1:]) for rate in rates.values())  # the first round warms up
    return {
        "transe.vs_pykeen_default": fast / slow,
        "transe.triples_per_second": fast,
        "transe.pykeen_default_triples_per_second": slow,
        "transe.vs_hand_loop": fast / plain,
        "transe.hand_loop_triples_per_second": plain,
    }


def _quality() -> dict[str, float]:
    umls = UMLS()
    train, test = (part.mapped_triples.numpy() for part in (umls.training, umls.testing))
    known = np.concatenate([train, umls.validation.mapped_triples.numpy(), test])
    scores: dict[str, list[float]] = {"ours": [], "theirs": []}
    for seed in SEEDS:
        learned = train_kge(train.astype(np.int32), umls.num_entities, umls.num_relations, replace(SMALL, seed=seed))
        scores["ours"].append(mean_reciprocal_rank(filtered_ranks(learned, test, known)))
        loop = _default_loop(umls.training, SMALL.dim, seed)
        loop.train(umls.training, num_epochs=SMALL.epochs, batch_size=DEFAULT_BATCH, use_tqdm=False, pin_memory=False)
        tables = (loop.model.entity_representations[0], loop.model.relation_representations[0])
        entities, relations = (table(None).detach().numpy() for table in tables)
        default = KGEVectors("transe", entities, relations)
        scores["theirs"].append(mean_reciprocal_rank(filtered_ranks(default, test, known)))
    good, usual = (statistics.mean(score) for score in scores.values())
    return {
        "transe.umls_mrr_vs_default": good / usual,
        "transe.umls_mrr": good,
        "transe.umls_mrr_pykeen_default": usual,
    }


def skewed_triples(random: np.random.Generator, n: int) -> NDArray[np.int32]:
    """Triples int32 (n, 3) in which a few entities and relations stand very often."""
    ends = (random.random((n, 2)) ** 3 * ENTITIES).astype(np.int32)
    relation = (random.random(n) ** 2 * RELATIONS).astype(np.int32)
    return np.stack([ends[:, 0], relation, ends[:, 1]], axis=1)


def _factory(triples: NDArray[np.int32]) -> Any:
    return CoreTriplesFactory(torch.from_numpy(triples.astype(np.int64)), ENTITIES, RELATIONS)


def _default_loop(factory: Any, dim: int, seed: int) -> Any:
    model = TransE(triples_factory=factory, embedding_dim=dim, random_seed=seed)
    return SLCWATrainingLoop(model=model, triples_factory=factory)


def _triples_per_second(loop: Any, factory: Any, batch: int, epoch: int) -> float:
    begin = time.perf_counter()
    loop.train(
        factory, num_epochs=epoch, batch_size=batch, continue_training=epoch > 1, use_tqdm=False, pin_memory=False
    )
    return float(factory.num_triples / (time.perf_counter() - begin))
