"""What a warm start costs beside a training from scratch, and what its lists find.

A bundle learns from all but the last twentieth of each history. Then all is known: a warm start goes on from that
bundle, and another training begins from scratch. Both have one thread, so that their CPU seconds compare. `measure`
does it with the example films; `python -m benchmarks.warm_start SET --data FOLDER` with a split that was made before,
which is no part of the project: FOLDER holds `train.txt`, `test.txt` and, where there is a graph,
`kg_1hop_item_entity.tsv`.
"""

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from benchmarks.catalogs import films
from benchmarks.pipeline import ONTOLOGY, opened, say, scores
from benchmarks.quality import K
from benchmarks.results import report
from benchmarks.training import asked
from embed.bundle import Bundle, publish
from embed.protocol import all_ranking
from embed.split import held_out
from embed.threads import threads
from kg.snapshot import Snapshot
from ontology.model import Ontology
from retrieval.evaluation import pipeline
from retrieval.recommend import Recommender
from retrieval.training import TrainOptions, train

NEW = 0.05
"""The part of each history that came after the bundle."""

Found = tuple[float, float]
"""Recall and ndcg."""


class Taken(NamedTuple):
    """The CPU seconds of a training, and what its lists find."""

    cpu_seconds: float
    recall: float
    ndcg: float


def main() -> None:
    """Compare both on one set, and merge the figures into results.json."""
    name, split, seen, options = asked(__doc__)

    def found(recommender: Recommender) -> Found:
        users = all_ranking(scores(recommender, seen.n_items), split, K, say)
        return float(users.recall.mean()), float(users.ndcg.mean())

    report(_compared(name, seen, ONTOLOGY, options, found))


def measure() -> dict[str, float]:
    """The films, as `kg train` and `kg train --from-bundle` learn from them, and `kg evaluate` scores them."""

    def found(recommender: Recommender) -> Found:
        recall, ndcg = pipeline(recommender)
        return recall.value, ndcg.value

    return _compared("films", *films(), TrainOptions(), found)


def _compared(
    name: str, seen: Snapshot, ontology: Ontology, options: TrainOptions, found: Callable[[Recommender], Found]
) -> dict[str, float]:
    i = seen.interactions
    known = ~held_out(i, options.split, options.holdout)
    earlier = known.copy()
    earlier[known] = ~held_out(i.where(known), options.split, NEW)
    before = replace(seen, interactions=i.where(earlier))
    with tempfile.TemporaryDirectory(prefix="kgrec-warm-") as folder, threads(1):
        publish(train(before, ontology, replace(options, holdout=0)), Path(folder, "before"))
        first = opened(Path(folder, "before")).bundle

        def taken(old: Bundle | None, where: str) -> Taken:
            begin = sum(os.times()[:4])
            publish(train(seen, ontology, options, old=old), Path(folder, where))
            cpu_seconds = sum(os.times()[:4]) - begin
            return Taken(cpu_seconds, *found(opened(Path(folder, where))))

        warm, scratch = taken(first, "warm"), taken(None, "scratch")
    for way, it in (("warm start", warm), ("from scratch", scratch)):
        print(f"{name}, {way}: {it.cpu_seconds:.1f} CPU seconds, recall@20 {it.recall:.4f}, ndcg@20 {it.ndcg:.4f}")
    return {
        f"training.{name}_scratch_vs_warm": scratch.cpu_seconds / warm.cpu_seconds,
        f"training.{name}_warm_recall_vs_scratch": warm.recall / scratch.recall,
        f"training.{name}_warm_ndcg_vs_scratch": warm.ndcg / scratch.ndcg,
    }


if __name__ == "__main__":
    main()
