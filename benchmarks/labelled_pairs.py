"""`python -m benchmarks.labelled_pairs --data FOLDER`: who clicks on what, on the music of MCCLK, to quality.json.

FOLDER holds `ratings_final.txt`, lines of user, item, and 1 or 0, half of them drawn from what a user never met, and
`kg_final.txt`, lines of head, relation, tail, whose first numbers are the items'. A random 60 % of the pairs is learned
from, of which the pipeline sees the likes alone, 20 % is for choices (`--validation`, which writes nothing), and 20 %
is scored: AUC, accuracy and F1 as `kg evaluate` has them, means over three seeds.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.pipeline import histories, say, trained, with_seed
from benchmarks.results import QUALITY, merge
from embed.labelled import accuracy, auc, f1
from embed.protocol import Split
from retrieval.labels import odds_of
from retrieval.recommend import Recommender
from retrieval.training import TrainOptions
from service.pairs import tuned

SEEDS = [0, 1, 2]
SET = "mcclk-music"
OPTIONS = ("ranker_folds=3", "transe.epochs=60", "gnn.epochs=40")
"""Chosen on the pairs for choices."""

Pairs = NDArray[np.int64]
"""User, item, label: int64 (n, 3)."""


def main() -> None:
    """Score popularity, and the pipeline with each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with ratings_final.txt and kg_final.txt")
    parser.add_argument(
        "--set", dest="pairs", action="append", default=[], help="an option of training, NAME=VALUE; writes nothing"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="others than 0 1 2 write nothing")
    parser.add_argument("--validation", action="store_true", help="score the part for choices; write nothing")
    arguments = parser.parse_args()
    known, choices, test = _parts(np.loadtxt(arguments.data / "ratings_final.txt", np.int64))
    asked = choices if arguments.validation else test
    split, knowledge = _likes(known, asked), _knowledge(arguments.data / "kg_final.txt", known, asked)
    options = tuned(TrainOptions(holdout=0), (*OPTIONS, *arguments.pairs))
    popularity = np.asarray(split.train.sum(axis=0)).ravel()
    found = [_judged("popularity", popularity[asked[:, 1]].astype(np.float64), asked)]
    for seed in arguments.seeds:
        with trained(split, knowledge, with_seed(options, seed), say) as recommender:
            found.append(_judged(f"pipeline, seed {seed}", odds(recommender, asked), asked))
    names = ("auc", "accuracy", "f1")
    figures = dict(zip((f"{SET}.popularity.{name}" for name in names), found[0], strict=True))
    figures |= dict(zip((f"{SET}.{name}" for name in names), np.mean(found[1:], axis=0).tolist(), strict=True))
    print(figures)
    if arguments.seeds == SEEDS and not arguments.validation and not arguments.pairs:
        merge(QUALITY, figures)


def _parts(pairs: Pairs) -> tuple[Pairs, Pairs, Pairs]:
    """Known, for choices, for the test; drawn at random, the same ones always."""
    mixed = pairs[np.random.default_rng(0).permutation(len(pairs))]
    fifth = len(pairs) // 5
    return mixed[2 * fifth :], mixed[fifth : 2 * fifth], mixed[:fifth]


def _likes(known: Pairs, asked: Pairs) -> Split:
    n_users, n_items, _ = np.concatenate([known, asked]).max(axis=0) + 1
    liked = (part[part[:, 2] > 0] for part in (known, asked))
    return Split(*(sparse.csr_matrix((np.ones(len(p), np.float32), p[:, :2].T), (n_users, n_items)) for p in liked))


def _knowledge(path: Path, known: Pairs, asked: Pairs) -> NDArray[np.int32]:
    """Items and the entities that they are joined to, in either direction, int32 (t, 2)."""
    triples = np.loadtxt(path, np.int32)
    n_items = max(known[:, 1].max(), asked[:, 1].max()) + 1
    both = np.concatenate([triples[:, [0, 2]], triples[:, [2, 0]]])
    return np.unique(both[both[:, 0] < n_items], axis=0)


def odds(recommender: Recommender, asked: NDArray[np.int64]) -> NDArray[np.float64]:
    """The odds of each pair, as `kg evaluate` compares them; where nothing is known of a user, those of popularity.

    Of rows that begin with user and item, int64 (n, …), float64 (n,).
    """
    history, popularity = histories(recommender), recommender.bundle.teachers.popularity
    found = np.zeros(len(asked))
    for user, rows in _by_user(asked):
        told, items = history(user), asked[rows, 1].astype(np.int32)
        if len(told.liked):
            of = odds_of(recommender, told, items)
            found[rows] = [of[item] for item in items.tolist()]
        else:
            found[rows] = popularity[items] / popularity.mean()
    return found


def _by_user(asked: NDArray[np.int64]) -> Iterator[tuple[np.int64, NDArray[np.int64]]]:
    for user in np.unique(asked[:, 0]):
        yield user, np.flatnonzero(asked[:, 0] == user)


def _judged(name: str, scores: NDArray[np.float64], asked: Pairs) -> tuple[float, float, float]:
    labels, predicted = asked[:, 2] > 0, scores > np.median(scores)
    found = auc(scores, labels), accuracy(predicted, labels), f1(predicted, labels)
    print(f"\n{name:20s} AUC {found[0]:.4f}   accuracy {found[1]:.4f}   F1 {found[2]:.4f}", flush=True)
    return found


if __name__ == "__main__":
    main()
