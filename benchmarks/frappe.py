"""`python -m benchmarks.frappe --data FOLDER`: which apps people use, on the logs of Frappe, to quality.json.

FOLDER holds `train.csv` and `test.csv` as Xin et al. 2019 (CFM) split them: in each row a user and seven fields of
context, then an app and what it costs, all numbered. As in He and Chua 2017 (NFM), two apps that the user never used
stand beside each row that is asked for, with the same context: AUC, means over three seeds. DeepFM, beside it, learns
from all fields; the pipeline from who used what, and how often, and from the costs. With `--validation` a twentieth of
the training part is asked for, and nothing is written.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.deepfm import DeepFmOptions, Rows, deepfm
from benchmarks.labelled_pairs import odds
from benchmarks.pipeline import REPEATING, learned, say, snapshot, with_seed
from benchmarks.results import QUALITY, merge
from embed.labelled import auc
from embed.protocol import Split
from kg.snapshot import Interactions, Snapshot
from retrieval.training import TrainOptions
from service.pairs import tuned

SET, SEEDS = "frappe", (0, 1, 2)
USER, APP, COST = 0, 8, 9
"""Columns of a row; those between are the context."""
NEGATIVES = 2
DEEPFM = DeepFmOptions(dim=128, dropout=0.5, epochs=40)
"""Chosen on the validation part."""
OPTIONS = TrainOptions(holdout=0, ranker_folds=3)
"""Few users, whose order says little; elsewhere our defaults are best on the validation part."""


@dataclass(frozen=True)
class Log:
    """Rows to learn from, and to be asked for; `n_apps` and `n_users` are how many there are in all of them."""

    known: Rows
    asked: Rows
    n_users: int
    n_apps: int

    @classmethod
    def of(cls, known: Rows, asked: Rows) -> "Log":
        """Of rows with the numbers of the files."""
        n_users, n_apps = np.concatenate([known, asked])[:, [USER, APP]].max(axis=0) + 1
        return cls(known, asked, int(n_users), int(n_apps))

    def others(self, rows: Rows, random: np.random.Generator) -> Rows:
        """The same rows with apps drawn at random that their users never used."""
        used = np.zeros((self.n_users, self.n_apps), np.bool_)
        for part in (self.known, self.asked):
            used[part[:, USER], part[:, APP]] = True
        cost = np.zeros(self.n_apps, np.int64)
        cost[self.known[:, APP]], cost[self.asked[:, APP]] = self.known[:, COST], self.asked[:, COST]
        drawn = rows.copy()
        wrong = np.arange(len(drawn))
        while len(wrong):
            drawn[wrong, APP] = random.integers(self.n_apps, size=len(wrong))
            wrong = wrong[used[drawn[wrong, USER], drawn[wrong, APP]]]
        drawn[:, COST] = cost[drawn[:, APP]]
        return drawn


def main() -> None:
    """Score the systems with each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with train.csv and test.csv")
    parser.add_argument(
        "--set", dest="pairs", action="append", default=[], help="an option of training; writes nothing"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="others than 0 1 2 write nothing")
    parser.add_argument("--validation", action="store_true", help="ask for a part of the training; write nothing")
    arguments = parser.parse_args()
    known, asked = (read(arguments.data / name) for name in ("train.csv", "test.csv"))
    if arguments.validation:
        chosen = np.random.default_rng(0).random(len(known)) < 0.05
        known, asked = known[~chosen], known[chosen]
    options = tuned(OPTIONS, arguments.pairs)
    figures = measure(Log.of(known, asked), options, arguments.seeds)
    print(figures)
    if tuple(arguments.seeds) == SEEDS and not arguments.validation and not arguments.pairs:
        merge(QUALITY, figures)


def measure(log: Log, options: TrainOptions, seeds: tuple[int, ...]) -> dict[str, float]:
    """AUC of each system, the mean over seeds."""
    rows = np.concatenate([log.asked, log.others(np.repeat(log.asked, NEGATIVES, axis=0), np.random.default_rng(0))])
    labels = np.arange(len(rows)) < len(log.asked)
    known = np.zeros((log.n_users, log.n_apps), np.bool_)
    known[log.known[:, USER], log.known[:, APP]] = True
    new = ~known[rows[:, USER], rows[:, APP]]
    figures = {}
    for name, runs in {"deepfm": _deepfm(log, rows, seeds), "pipeline": _pipeline(log, rows, options, seeds)}.items():
        found = []
        for scores in runs:
            found.append(auc(scores, labels))
            print(f"\n{name:10s} AUC {found[-1]:.4f}, of new pairs {auc(scores[new], labels[new]):.4f}", flush=True)
        figures[f"{SET}.{name}.auc".replace(".pipeline", "")] = float(np.mean(found))
    return figures


def read(path: Path) -> Rows:
    """Rows of the numbers in the file, but apps count from 0: int64 (n, 10)."""
    lines = path.read_text().replace(",", "-").splitlines()
    return np.array([line.split("-") for line in lines], np.int64)


def _deepfm(log: Log, rows: Rows, seeds: tuple[int, ...]) -> Iterator[NDArray[np.float64]]:
    """Apps share no number with other categories when they come after all of them."""
    last = int(log.known.max()) + 1
    shift = np.zeros(log.known.shape[1], np.int64)
    shift[APP] = last
    for seed in seeds:

        def others(given: Rows, random: np.random.Generator) -> Rows:
            return log.others(given - shift, random) + shift

        *_, score = deepfm(log.known + shift, others, DEEPFM, categories=last + log.n_apps, seed=seed)
        yield score(rows + shift).astype(np.float64)


def _pipeline(log: Log, rows: Rows, options: TrainOptions, seeds: tuple[int, ...]) -> Iterator[NDArray[np.float64]]:
    for seed in seeds:
        with learned(_snapshot(log, seed), REPEATING, with_seed(options, seed), say) as recommender:
            yield odds(recommender, rows[:, [USER, APP]])


def _snapshot(log: Log, seed: int) -> Snapshot:
    """The logs have no times either: each user's order is drawn at random. An app is joined to what it costs."""
    size = (log.n_users, log.n_apps)
    parts = (
        sparse.csr_matrix((np.ones(len(p), np.float32), p[:, [USER, APP]].T), size) for p in (log.known, log.asked)
    )
    costs = np.unique(np.concatenate([log.known, log.asked])[:, [APP, COST]], axis=0)
    costs[:, 1] -= costs[:, 1].min()
    rows = log.known[np.lexsort((np.random.default_rng(seed).random(len(log.known)), log.known[:, USER]))]
    m = len(rows)
    return replace(
        snapshot(Split(*parts), costs.astype(np.int32), seed),
        interactions=Interactions(
            user=rows[:, USER].astype(np.int32),
            item=rows[:, APP].astype(np.int32),
            kind=np.zeros(m, np.int16),
            value=np.ones(m, np.float32),
            at=np.arange(m, dtype=np.int64),
            positive=np.ones(m, np.bool_),
        ),
    )


if __name__ == "__main__":
    main()
