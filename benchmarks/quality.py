"""`python -m benchmarks.quality SET --data FOLDER`: recommendation quality by the protocol of the papers.

Every system is scored on the same split, and its figures are merged into quality.json; the table is printed.
The data are not part of the project: FOLDER holds `train.txt` and `test.txt`, lines of `user item item …`.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.gfcf import gfcf
from benchmarks.results import merge
from embed.itemknn import item_neighbours
from embed.linear import linear_neighbours
from embed.protocol import PerUser, Score, Split, all_ranking, mean, read_split
from embed.weights import ItemWeights

RESULTS = Path(__file__).with_name("quality.json")
K = 20


SETS = {"ml-1m": 1000.0, "gowalla": None, "amazon-book": None}
"""The regularisation of EASE, chosen on a validation part of the training data (`--tune`), never on test.

None where the catalog is too large for it: with all of its weights it takes 4 I² bytes several times over.
"""
GRID = (200.0, 500.0, 1000.0, 1500.0, 2000.0)


def main() -> None:
    """Score all systems on one set, or tune on its validation part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=sorted(SETS))
    parser.add_argument("--data", type=Path, required=True, help="the folder with train.txt and test.txt")
    parser.add_argument("--tune", action="store_true", help="choose the regularisation on a tenth of the training part")
    arguments = parser.parse_args()
    split = read_split(arguments.data / "train.txt", arguments.data / "test.txt")
    if arguments.tune:
        tune(validation(split))
    else:
        measure(arguments.set, split)


def measure(name: str, split: Split) -> None:
    """Score every system; say how far each is from item-kNN, user by user."""
    print(f"{'':12s} {'recall@20':>19s} {'ndcg@20':>19s} {'ndcg@20 of KGAT':>16s}   recall, less that of item-kNN")
    scored: dict[str, PerUser] = {}
    for system, build in systems(SETS[name]).items():
        found = scored[system] = all_ranking(build(split), split, K)
        recall, ndcg, kgat = (mean(values) for values in (found.recall, found.ndcg, found.ndcg_kgat))
        line = f"{system:12s} {recall.value:9.5f} ± {recall.margin:.5f} {ndcg.value:9.5f} ± {ndcg.margin:.5f}"
        less = mean(found.recall - scored["item-knn"].recall)
        print(f"{line} {kgat.value:16.5f}   {less.value:+.5f} ± {less.margin:.5f}", flush=True)
        figures = {"recall@20": recall.value, "ndcg@20": ndcg.value, "ndcg-kgat@20": kgat.value}
        merge(RESULTS, {f"{name}.{system}.{figure}": value for figure, value in figures.items()})


def systems(regularisation: float | None) -> dict[str, Callable[[Split], Score]]:
    """The yardsticks; item-kNN first, because the others are compared with it."""
    found: dict[str, Callable[[Split], Score]] = {
        "item-knn": lambda split: by_weights(knn(split), split),
        "popularity": lambda split: popularity(split.train),
        "gf-cf": lambda split: gfcf(split.train),
    }
    if regularisation is not None:
        found["ease"] = lambda split: by_weights(ease(split, regularisation), split)
    return found


def tune(split: Split) -> None:
    """Print the validation scores of EASE over the grid."""
    for regularisation in GRID:
        found = all_ranking(by_weights(ease(split, regularisation), split), split, K)
        print(f"{regularisation:8.0f} {found.recall.mean():.5f} {found.ndcg.mean():.5f}", flush=True)


def validation(split: Split) -> Split:
    """The training part alone, a random tenth of which is to be found from the rest."""
    pairs = split.likes
    later = np.random.default_rng(0).random(len(pairs)) < 0.1
    parts = (pairs[~later], pairs[later])
    return Split(*(sparse.csr_matrix((np.ones(len(p), np.float32), p.T), split.train.shape) for p in parts))


def ease(split: Split, regularisation: float) -> ItemWeights:
    """EASE with all of its weights, as published; the service keeps the strongest 300 of each item."""
    n_users, n_items = split.train.shape
    return linear_neighbours(
        split.likes, n_users=n_users, n_items=n_items, k=n_items, regularisation=regularisation, most_items=n_items
    )


def knn(split: Split) -> ItemWeights:
    """Item-kNN with the options of the service."""
    n_users, n_items = split.train.shape
    return item_neighbours(split.likes, n_users=n_users, n_items=n_items, k=200, shrinkage=10.0)


def by_weights(near: ItemWeights, split: Split) -> Score:
    """The sum of each liked item's weights."""
    weights = sparse.csr_matrix((near.weight, near.item, near.indptr), (split.train.shape[1],) * 2)

    def score(users: NDArray[np.int64]) -> NDArray[np.floating]:
        return np.asarray((split.train[users] @ weights).todense())

    return score


def popularity(train: sparse.csr_matrix) -> Score:
    """The same for everybody."""
    liked = np.asarray(train.sum(axis=0), np.float32)
    return lambda users: np.repeat(liked, len(users), axis=0)


if __name__ == "__main__":
    main()
