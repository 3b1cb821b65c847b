"""`kg tune`: looks for options that give better lists on interactions that the training did not see.

What `kg evaluate` is asked about later is left out altogether: trials learn from a part of the rest, and are scored on
the other part. So a figure of `kg evaluate` after it is as honest as one before. Imports the training libraries.
"""

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from embed.bundle import open_bundle, publish
from embed.hypersearch import Budget, Score, Space, Trial, best, search
from embed.split import held_out
from kg.journal import Journal
from kg.progress import Progress, silent
from kg.snapshot import Snapshot, digest_of
from kg.workspace import Workspace
from ontology.errors import InputError
from ontology.model import Ontology
from retrieval.evaluation import pipeline
from retrieval.live import LiveState
from retrieval.recommend import Recommender
from retrieval.training import TrainOptions, ready, train
from service import steps, unfinished
from service.pairs import tuned

Metric = Literal["ndcg", "recall"]
RANGES = {
    "gnn.layers": "1..3",
    "gnn.learning_rate": "0.001..0.01",
    "gnn.temperature": "0.1..0.6",
    "linear.knowledge": "0.01..0.3",
    "linear.user_exponent": "0.0..0.5",
    "linear.item_exponent": "0.0..0.5",
    "transitions.regularisation": "1.0..64.0",
    "ranker.dropout": "0.0..0.5",
    "ranker.learning_rate": "0.002..0.04",
}
"""What is varied unless something else is asked for: what moved the figures most where they were tuned by hand."""


def ranges_of(pairs: Sequence[str]) -> dict[str, str]:
    """The range of each NAME=RANGE; RANGES where there is none. Raises InputError for a name that is there twice."""
    ranges: dict[str, str] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        if name in ranges:
            raise InputError(f"--vary {name} is given twice, as {ranges[name]} and as {text}; give it once")
        ranges[name] = text
    return ranges or RANGES


@dataclass(frozen=True)
class Tuned:
    """All trials, the options as they stand first; the best one, and how to train with it.

    Scores are the full pipeline's on `held_out` interactions, 20 items long.
    """

    metric: str
    held_out: int
    trials: list[Trial]
    best: Trial | None
    command: str


def tune(
    workspace: Workspace,
    options: TrainOptions,
    budget: Budget,
    *,
    given: Sequence[str] = (),
    ranges: Mapping[str, str] = RANGES,
    metric: Metric = "ndcg",
    progress: Progress = silent,
) -> Tuned:
    """Search within a budget.

    `options` are those as they stand, made by the pairs `given`, which the trials share. A search of the same ranges,
    by the same metric, from the same graph and options that was killed goes on where it was. Raises InputError.
    """
    space = Space(ranges)
    for name, value in space.ends():
        tuned(options, [f"{name}={value}"])
    with unfinished.alone(workspace, "search"):
        seen, ontology, _ = steps.read_graph(workspace, progress)
        trial = _Training(_known(seen, options), ontology, options, metric)
        path = workspace.searches / f"{_name(seen, ontology, options, ranges, metric)}.json"
        trials = search(space, trial, budget, path, seed=options.teachers.seed, progress=progress)
    found = best(trials)
    return Tuned(metric, trial.held_out, trials, found, _command(options, given, found.values if found else {}))


def _command(options: TrainOptions, given: Sequence[str], values: Mapping[str, str]) -> str:
    """How to train with these values, as a shell takes it."""
    usual = TrainOptions()
    ways = {"--holdout": (options.holdout, usual.holdout), "--split": (options.split, usual.split)}
    words = [word for name, (value, default) in ways.items() if value != default for word in (name, str(value))]
    for pair in (*given, *(f"{name}={value}" for name, value in values.items())):
        words += ["--set", pair]
    return shlex.join(["kg", "train", *words])


@dataclass(frozen=True)
class _Training:
    """Trains with some values, and scores what comes out."""

    seen: Snapshot
    ontology: Ontology
    options: TrainOptions
    metric: Metric

    @property
    def held_out(self) -> int:
        """How many interactions a trial is scored on."""
        return int(held_out(self.seen.interactions, self.options.split, self.options.holdout).sum())

    def __call__(self, values: Mapping[str, str]) -> Score:
        options = tuned(self.options, [f"{name}={value}" for name, value in values.items()])
        ready(self.seen, self.ontology, options)
        draft = train(self.seen, self.ontology, options)
        with TemporaryDirectory(prefix="kgrec-") as folder:
            bundle = open_bundle(Path(folder) / publish(draft, Path(folder)))
            journal = Journal(Path(folder) / "journal.sqlite")
            try:
                recall, ndcg = pipeline(Recommender(bundle, LiveState(bundle, journal)))
            finally:
                journal.close()
        chosen = ndcg if self.metric == "ndcg" else recall
        return Score(round(chosen.value, 4), round(chosen.margin, 4))


def _known(seen: Snapshot, options: TrainOptions) -> Snapshot:
    """Less what `kg evaluate` asks about."""
    later = held_out(seen.interactions, options.split, options.holdout)
    known = replace(seen, interactions=seen.interactions.where(~later))
    return replace(known, digest=digest_of(known))


def _name(seen: Snapshot, ontology: Ontology, options: TrainOptions, ranges: Mapping[str, str], metric: Metric) -> str:
    parts = (seen.digest, ontology.text, asdict(options), list(ranges.items()), metric)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
