"""`python -m benchmarks.by_time films` or `ml-100k --data FOLDER`: the last fifth of each history is to be found.

A catalog is loaded and trained on with the default options, and every system of `kg evaluate` is scored, with three
seeds. Their means go to quality.json, and with each seed the paired test against the full pipeline is printed. As a
control the pipeline learns once more from a graph whose items have changed places (`--no-control` saves the time). With
`--validation` the last fifth is left out altogether and the one before it is to be found; nothing is written: that is
what all choices were made on (`--set transitions.regularisation=4`).
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.catalogs import films, ml_100k, with_items_moved
from benchmarks.pipeline import learned, say, with_seed
from benchmarks.results import QUALITY, merge
from embed.split import held_out
from retrieval.evaluation import Evaluation, evaluate, pipeline
from retrieval.systems import PIPELINE
from retrieval.training import TrainOptions
from service.pairs import tuned

SEEDS = [0, 1, 2]
CONTROL = "permuted-graph"


def main() -> None:
    """Score all systems with each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=("films", "ml-100k"))
    parser.add_argument("--data", type=Path, help="of ml-100k: the folder with ratings.csv and items_info.json")
    parser.add_argument(
        "--set", dest="pairs", action="append", default=[], help="an option of training, NAME=VALUE; writes nothing"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="others than 0 1 2 write nothing")
    parser.add_argument("--no-control", action="store_true", help="no graph with items that changed places")
    parser.add_argument("--validation", action="store_true", help="score what comes before the last fifth")
    arguments = parser.parse_args()
    if arguments.set == "ml-100k" and not arguments.data:
        parser.error("ml-100k is not part of the project: say with --data where it is")
    seen, ontology = films() if arguments.set == "films" else ml_100k(arguments.data)
    options = tuned(TrainOptions(), arguments.pairs)
    if arguments.validation:
        seen = replace(
            seen, interactions=seen.interactions.where(~held_out(seen.interactions, "user", options.holdout))
        )
    runs: list[Evaluation] = []
    controls: list[list[float]] = []
    for seed in arguments.seeds:
        with learned(seen, ontology, with_seed(options, seed), say) as recommender:
            runs.append(evaluate(recommender, 20, say))
        _print(runs[-1], seed)
        if not arguments.no_control:
            with learned(with_items_moved(seen, seed), ontology, with_seed(options, seed), say) as recommender:
                controls.append([of.value for of in pipeline(recommender)])
            print("\n{:16s} {:.4f}            {:.4f}".format(CONTROL, *controls[-1]), flush=True)
    figures = _means(runs, f"{arguments.set}-time")
    if controls:
        names = (f"{arguments.set}-time.{CONTROL}.{figure}@20" for figure in ("recall", "ndcg"))
        figures |= dict(zip(names, np.mean(controls, axis=0).tolist(), strict=True))
    print(*(f"{name} {value:.4f}" for name, value in figures.items()), sep="\n")
    if arguments.seeds == SEEDS and not arguments.validation and not arguments.pairs:
        merge(QUALITY, figures)


def _print(found: Evaluation, seed: int) -> None:
    print(f"\nseed {seed}: {found.users} users, {found.held_out} likes to be found, AUC {found.labelled.auc:.4f}")
    for row in found.rows:
        less = ((name, of) for name, of in (("recall", row.recall_less), ("ndcg", row.ndcg_less)) if of)
        print(
            f"{row.system:16s} {row.recall:.4f} ± {row.recall_margin:.4f}   {row.ndcg:.4f} ± {row.ndcg_margin:.4f}",
            *(f"{name} less {of.value:+.4f} ± {of.margin:.4f}, p {of.p:.4f}" for name, of in less),
            sep="   ",
            flush=True,
        )


def _means(runs: list[Evaluation], prefix: str) -> dict[str, float]:
    """Of each system's figures over the seeds."""
    figures = {f"{prefix}.auc": float(np.mean([run.labelled.auc for run in runs]))}
    for rows in zip(*(run.rows for run in runs), strict=True):
        name = prefix if rows[0].system == PIPELINE else f"{prefix}.{rows[0].system.lower().replace(' ', '-')}"
        for figure in ("recall", "ndcg"):
            figures[f"{name}.{figure}@20"] = float(np.mean([getattr(row, figure) for row in rows]))
    return figures


if __name__ == "__main__":
    main()
