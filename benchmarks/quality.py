"""`python -m benchmarks.quality SET --data FOLDER`: recommendation quality by the protocol of the papers.

Every system is scored on the same split, and its figures are merged into quality.json; the table is printed. The full
pipeline is trained with three seeds, and its figures are their mean. With `--validation` a part of the training data is
scored instead, and nothing is written: that is what all choices were made on (`--set linear.regularisation=2`).

The data are not part of the project: FOLDER holds `train.txt` and `test.txt`, lines of `user item item …`, and, where
there is a graph, `kg_1hop_item_entity.tsv`, lines of `item entity …`.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.gfcf import gfcf
from benchmarks.pipeline import say, scores, trained, with_seed
from benchmarks.results import QUALITY, merge
from embed.closed_form import HEAD
from embed.itemknn import item_neighbours
from embed.linear import LinearOptions, linear_neighbours
from embed.linear_choice import chosen
from embed.protocol import PerUser, Score, Split, all_ranking, mean, read_split
from embed.userknn import user_neighbours
from embed.weights import ItemWeights
from retrieval.training import TrainOptions
from service.pairs import tuned

KNOWLEDGE = "kg_1hop_item_entity.tsv"
K = 20
PIPELINE = "pipeline"


@dataclass(frozen=True)
class Setting:
    """The λ of EASE, None where its inverse is too large, and options of training that are not the default ones."""

    ease: float | None = None
    pairs: tuple[str, ...] = ()


SHORT = ("gnn.batch_size=8192", "gnn.epochs=4", "transe.epochs=20")
LARGE = ("gnn.batch_size=16384", "gnn.epochs=10", "transe.epochs=10", "linear.most_items=50000")
ALS = ("also=als", "als.dim=512", "als.confidence=20", "als.regularisation=50")
SETS = {
    "ml-1m": Setting(ease=1000.0, pairs=(*SHORT, "also=kernel", "ranker.batch_size=32768")),
    "gowalla": Setting(pairs=(*LARGE, "spectral_dim=512", "ranker.hidden=[32,16]", "ranker.batch_size=32768", *ALS)),
    "amazon-book": Setting(pairs=LARGE),
}
"""λ was chosen on the validation part of the training data, never on test; the short training bounds the time."""
PLAIN = TrainOptions(holdout=0, ranker_holdout=0.1)
Systems = dict[str, Callable[[], Iterator[Score]]]
"""Each gives one score, or one for each seed."""


def main() -> None:
    """Score the systems on one set, or on its validation part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=sorted(SETS))
    parser.add_argument("--data", type=Path, required=True, help="the folder with train.txt and test.txt")
    parser.add_argument("--system", action="append", help="only this one; may be given again")
    parser.add_argument("--set", dest="pairs", action="append", default=[], help="an option of training, NAME=VALUE")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="those of the pipeline")
    parser.add_argument("--validation", action="store_true", help="score a tenth of the training part; write nothing")
    arguments = parser.parse_args()
    split = read_split(arguments.data / "train.txt", arguments.data / "test.txt")
    knowledge = read_knowledge(arguments.data / KNOWLEDGE)
    setting = SETS[arguments.set]
    options = [with_seed(tuned(PLAIN, (*setting.pairs, *arguments.pairs)), seed) for seed in arguments.seeds]
    split = validation(split) if arguments.validation else split
    every = systems(split, setting, knowledge, options)
    found = measure(split, {name: every[name] for name in arguments.system or every})
    if not arguments.validation:
        merge(
            QUALITY, {f"{arguments.set}.{name}".replace(f".{PIPELINE}.", "."): value for name, value in found.items()}
        )


def measure(split: Split, chosen: Systems) -> dict[str, float]:
    """Score the systems; say how far each is from the first one, user by user."""
    print(f"{'':16s} {'recall@20':>19s} {'ndcg@20':>19s} {'ndcg@20 of KGAT':>16s}   recall, less that of the first")
    figures: dict[str, float] = {}
    first: PerUser | None = None
    for name, build in chosen.items():
        runs = [all_ranking(score, split, K, say) for score in build()]
        found = PerUser(*(np.mean([vars(run)[value] for run in runs], axis=0) for value in vars(runs[0])))
        first = first or found
        recall, ndcg, kgat = (mean(values) for values in (found.recall, found.ndcg, found.ndcg_kgat))
        line = f"{name:16s} {recall.value:9.5f} ± {recall.margin:.5f} {ndcg.value:9.5f} ± {ndcg.margin:.5f}"
        less = mean(found.recall - first.recall)
        print(f"{line} {kgat.value:16.5f}   {less.value:+.5f} ± {less.margin:.5f}", flush=True)
        figures |= {f"{name}.recall@20": recall.value, f"{name}.ndcg@20": ndcg.value}
        figures[f"{name}.ndcg-kgat@20"] = kgat.value
    return figures


def systems(split: Split, setting: Setting, knowledge: NDArray[np.int32], options: list[TrainOptions]) -> Systems:
    """The yardsticks, the pipeline, and as a control the pipeline with a graph whose items have changed places."""
    found: Systems = {
        "item-knn": lambda: iter([by_weights(knn(split), split)]),
        "popularity": lambda: iter([popularity(split.train)]),
        "gf-cf": lambda: iter([gfcf(split.train)]),
    }
    if setting.ease is not None:
        regularisation = setting.ease
        found["ease"] = lambda: iter([by_weights(ease(split, regularisation), split)])
    found["linear"] = lambda: iter([by_weights(linear(split, knowledge, options[0].teachers.linear), split)])
    found["user-knn"] = lambda: iter([users(split)])
    found[PIPELINE] = lambda: pipeline(split, knowledge, options)
    if len(knowledge):
        mixed = np.random.default_rng(0).permutation(split.train.shape[1]).astype(np.int32)
        moved = np.stack([mixed[knowledge[:, 0]], knowledge[:, 1]], axis=1)
        found["permuted-graph"] = lambda: pipeline(split, moved, options[:1])
    return found


def pipeline(split: Split, knowledge: NDArray[np.int32], options: list[TrainOptions]) -> Iterator[Score]:
    """The full pipeline, one seed after the other; each is trained when the one before was scored."""
    for seeded in options:
        with trained(split, knowledge, seeded, say) as recommender:
            yield scores(recommender, split.train.shape[1])


def read_knowledge(path: Path) -> NDArray[np.int32]:
    """Pairs of item and entity, int32 (t, 2), each once; none where there is no such file."""
    if not path.exists():
        return np.empty((0, 2), np.int32)
    return np.unique(np.loadtxt(path, np.int32, usecols=(0, 1), ndmin=2), axis=0)


def validation(split: Split) -> Split:
    """The training part alone, a random tenth of which is to be found from the rest."""
    pairs = split.likes
    later = np.random.default_rng(0).random(len(pairs)) < 0.1
    parts = (pairs[~later], pairs[later])
    return Split(*(sparse.csr_matrix((np.ones(len(p), np.float32), p.T), split.train.shape) for p in parts))


def ease(split: Split, regularisation: float) -> ItemWeights:
    """EASE with all of its weights, as published: λ as it is, nothing scaled, no graph."""
    n_users, n_items = split.train.shape
    relative = regularisation / np.sort(np.asarray(split.train.sum(axis=0)).ravel())[-HEAD:].mean()
    options = LinearOptions(n_items, relative, user_exponent=0, item_exponent=0, knowledge=0, most_items=n_items)
    nothing = np.empty((0, 3), np.int32)
    return linear_neighbours(split.likes, nothing, n_users=n_users, n_items=n_items, options=options)


def linear(split: Split, knowledge: NDArray[np.int32], options: LinearOptions) -> ItemWeights:
    """The linear teacher as it is served: scaled, joined with the graph, the strongest weights alone."""
    n_users, n_items = split.train.shape
    triples = np.stack([knowledge[:, 0], np.zeros_like(knowledge[:, 0]), knowledge[:, 1] + n_items], axis=1)
    options = chosen(split.likes, triples, n_users=n_users, n_items=n_items, options=options, seed=0)
    return linear_neighbours(split.likes, triples, n_users=n_users, n_items=n_items, options=options)


def users(split: Split) -> Score:
    """The users with the same taste, as they are served; of a long history the newest would be drawn at random."""
    n_users, n_items = split.train.shape
    near = user_neighbours(split.likes, n_users=n_users, n_items=n_items, seed=0)
    return lambda block: np.stack([near.score(split.train[user].indices) for user in block])


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
