"""The full pipeline, trained on a split that was made before and scored as it is served, from a bundle on disk."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embed.bundle import current, open_bundle, publish
from embed.protocol import Score, Split
from embed.run import Run
from kg.entries import Entry
from kg.progress import Progress, silent
from kg.snapshot import Interactions, Snapshot
from ontology.model import Ontology
from ontology.turtle import parse_ontology
from retrieval.history import History, history_of, repeating
from retrieval.live import LiveState
from retrieval.recommend import Recommender
from retrieval.training import TrainOptions, train

_TURTLE = """
@prefix : <https://example.org/#> . @prefix kg: <https://kgrec.example/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:Thing a owl:Class ; rdfs:label "item" ; rdfs:subClassOf kg:Item .
:Person a owl:Class ; rdfs:label "user" ; rdfs:subClassOf kg:User .
:Other a owl:Class ; rdfs:label "entity" .
:about a owl:ObjectProperty ; rdfs:label "about" ; kg:inverseLabel "of" ; rdfs:domain :Thing ; rdfs:range :Other .
:liked a owl:ObjectProperty ; rdfs:label "liked" ; kg:inverseLabel "liked by" ; kg:positiveFrom 1 ;
    rdfs:domain :Person ; rdfs:range :Thing .
"""
ONTOLOGY = parse_ontology(_TURTLE)
REPEATING = parse_ontology(_TURTLE + ":liked kg:repeats true .")
"""The same, where what is liked is met again."""
CLASSES = ("Other", "Person", "Thing")


class _Nothing:
    """A journal in which nothing ever stands."""

    def since(self, seq: int, limit: int) -> list[tuple[int, Entry]]:
        return []


@contextmanager
def trained(
    split: Split, knowledge: NDArray[np.int32], options: TrainOptions, progress: Progress = silent
) -> Iterator[Recommender]:
    """What `kg train` makes of the training part and the knowledge, int32 (t, 2): item and entity, from 0 each."""
    with learned(snapshot(split, knowledge, options.teachers.seed), ONTOLOGY, options, progress) as recommender:
        yield recommender


@contextmanager
def learned(
    seen: Snapshot, ontology: Ontology, options: TrainOptions, progress: Progress = silent
) -> Iterator[Recommender]:
    """What `kg train` makes of a graph, opened as a worker opens it, with nothing that happened since."""
    with tempfile.TemporaryDirectory(prefix="kgrec-quality-") as folder:
        publish(train(seen, ontology, options, Run(progress)), Path(folder))
        yield opened(Path(folder))


def opened(models: Path) -> Recommender:
    """The current bundle of a folder, as a worker opens it."""
    bundle = open_bundle(current(models))
    return Recommender(bundle, LiveState(bundle, _Nothing()))


def with_seed(options: TrainOptions, seed: int) -> TrainOptions:
    """The same options with another seed."""
    return replace(options, teachers=replace(options.teachers, seed=seed))


def say(phase: str, done: int, total: int | None) -> None:
    """How far it is, on one line of standard error."""
    print(f"\r{phase} {done} of {total}    ", end="", file=sys.stderr, flush=True)


def snapshot(split: Split, knowledge: NDArray[np.int32], seed: int) -> Snapshot:
    """The training part as if it had been loaded. It has no times, so each user's order is drawn at random."""
    n_users, n_items = split.train.shape
    n_others = int(knowledge[:, 1].max(initial=-1)) + 1
    counts = {"Thing": n_items, "Person": n_users, "Other": n_others}
    keys = tuple(f"{cls.lower()}-{number}" for cls, count in counts.items() for number in range(count))
    triples = np.zeros((len(knowledge), 3), np.int32)
    triples[:, 0], triples[:, 2] = knowledge[:, 0], knowledge[:, 1] + n_items + n_users
    return Snapshot(
        classes=CLASSES,
        entity_class=np.repeat([CLASSES.index(cls) for cls in counts], list(counts.values())).astype(np.int16),
        keys=keys,
        names=keys,
        properties=("{}",) * len(keys),
        n_items=n_items,
        n_users=n_users,
        relations=("ABOUT",),
        triples=triples,
        interactions=_interactions(split.likes, np.random.default_rng(seed)),
        digest="0" * 64,
    )


def scores(recommender: Recommender, n_items: int) -> Score:
    """The order of `rank_all` as scores: the better an item stands, the more it gets; all others get less."""

    def score(users: NDArray[np.int64]) -> NDArray[np.floating]:
        found = np.full((len(users), n_items), -np.inf, np.float32)
        for row, user in enumerate(users):
            items = recommender.rank_all(history(user)).items
            found[row, items] = -np.arange(len(items))
        return found

    history = histories(recommender)
    return score


def histories(recommender: Recommender) -> Callable[[np.int64], History]:
    """What the bundle knows of a user by number; all of it was liked."""
    done, repeats = recommender.bundle.interactions, repeating(recommender.bundle.ontology)
    begin = np.searchsorted(done.user, np.arange(recommender.bundle.catalog.n_users + 1))

    def history(user: np.int64) -> History:
        rows = slice(begin[user], begin[user + 1])
        return history_of(done.item[rows], done.positive[rows], repeats[done.kind[rows]])

    return history


def _interactions(likes: NDArray[np.int32], random: np.random.Generator) -> Interactions:
    likes = likes[np.lexsort((random.random(len(likes)), likes[:, 0]))]
    m = len(likes)
    return Interactions(
        user=likes[:, 0].copy(),
        item=likes[:, 1].copy(),
        kind=np.zeros(m, np.int16),
        value=np.ones(m, np.float32),
        at=np.arange(m, dtype=np.int64),
        positive=np.ones(m, np.bool_),
    )
