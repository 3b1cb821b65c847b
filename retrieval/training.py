"""From a snapshot to a bundle. Imports torch; a serving process never imports this."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embed.bundle import Bundle, Draft
from embed.checkpoint import Kept
from embed.export import export_onnx
from embed.learning import Others, TeacherOptions, as_chosen, learn, learn_others, phases, vector_lesson
from embed.memory import Need, check, free_bytes
from embed.ranker import RankerOptions, train_ranker
from embed.run import ALONE, Run
from embed.said import Kinds, kinds_of
from embed.split import SPLIT_FROM, SplitBy, held_out, held_out_in_turn
from embed.teachers import Teachers
from embed.vectors_beside import STARTED, vectors_beside
from embed.warm import Arrays, Warm
from kg.bounds import Count, Part
from kg.snapshot import Snapshot
from ontology.errors import NotReadyError
from ontology.model import Ontology
from retrieval.cases import Parted
from retrieval.examples import Example, examples, padded
from retrieval.features import feature_names
from retrieval.history import repeating
from retrieval.index import FAISS_VERSION, build_index
from retrieval.needs import needs, needs_vectors
from retrieval.warm_start import earlier_numbers, learned_from, shortened, warm_start

FEWEST = 100
"""So many users have to like something new, that a source finds, for the ranker to learn again after a warm start."""
FIRST, FINAL = "for the ranker", "final"
"""All teachers learn twice: from a part, so that the ranker sees what they make of the rest, and from all. Vectors go
on from those of the first time then, for the epochs of a warm start."""
SEEDS = 2**32
"""So many seeds there are: from 0 on, as numpy and `kg train --seed` have them."""
_ONNX, _RANKER = "onnx", "ranker"
_WHOLE = "ranker."
"""Before the names of the ranker's parameters, in what a warm start goes on with."""
_LIBRARIES = ("kgrec", "torch", "pykeen", "dgl", "implicit", "onnx", "onnxruntime", "numpy", "scipy")


@dataclass(frozen=True)
class TrainOptions:
    """`holdout` is the last part of each user's history that nothing is learned from; `kg evaluate` needs it.

    `split` says by what it is split (see embed/split.py).
    `ranker_holdout` is the part of what remains that the ranker learns to predict from the part before.
    `ranker_users` bounds how many users the ranker learns from; where there are more, they are drawn.
    `ranker_folds` are the parts of each history, from the last one back, that the ranker learns to predict one by one,
    each from all the rest: what came later, too. For each of them the teachers learn once more, with another seed and
    choices of their own, so that the ranker relies on nothing that they have by chance.
    `from_bundle` is the version of the bundle that a warm start begins with.
    """

    holdout: Part = 0.2
    split: SplitBy = "user"
    ranker_holdout: Part = 0.2
    ranker_users: Count = 20_000
    ranker_folds: Count = 1
    from_bundle: str = ""
    teachers: TeacherOptions = field(default_factory=TeacherOptions)
    ranker: RankerOptions = field(default_factory=RankerOptions)


def train(
    snapshot: Snapshot, ontology: Ontology, options: TrainOptions, run: Run = ALONE, old: Bundle | None = None
) -> Draft:
    """Learn everything and put it together, unpublished.

    With an `old` bundle, vectors start from its own, and the ranker learns what was liked since.

    Raises NotReadyError where there is too little to learn from, InputError where there is too little memory, or an
    option is so extreme that what is learned is not a number.
    """
    warm = ready(snapshot, ontology, options, old)
    kinds = kinds_of(ontology, snapshot.classes, snapshot.entity_class[: snapshot.n_items])
    repeats = repeating(ontology)
    later = held_out(snapshot.interactions, options.split, options.holdout)
    if old and warm:
        later &= ~learned_from(old, snapshot)
        start = _whole(warm.learner)
        ranker = run.kept(
            _RANKER, lambda: _ranker_after(old, snapshot, later, options, run, repeats=repeats, start=start)
        )
        learned = learn(snapshot, ~later, shortened(options.teachers), run.within(FINAL), warm=warm, kinds=kinds)
    else:
        # of the first fold all is kept until the end: what is final begins with it
        folds = _folds(snapshot, ~later, options, run, repeats=repeats)[: 1 if run.done(_RANKER) else None]
        lessons = [(vector_lesson(snapshot, fold.parted.before, fold.teachers), fold.run) for fold in folds]
        final = run.within(FINAL)
        lessons += [(vector_lesson(snapshot, ~later, shortened(options.teachers)), final)]
        with vectors_beside(lessons, lambda: _room_beside(snapshot, options)) as vectors:
            first = folds[0].others(snapshot, kinds)
            others = learn_others(snapshot, ~later, as_chosen(options.teachers, first.chosen), final, kinds=kinds)
            before = folds[0], first.joined(vectors()).teachers
            more = ((fold, fold.others(snapshot, kinds).joined(vectors()).teachers) for fold in folds[1:])
            ranker = run.kept(_RANKER, lambda: _ranker(chain([before], more), options, run))
            for fold in folds[1:]:
                fold.run.forget(*phases(options.teachers))
            learned = others.joined(vectors())
    about = {
        "options": asdict(options),
        "features": feature_names(options.teachers.also, repeats=bool(repeats.any())),
        "libraries": libraries(),
        "metrics": {f"ranker.{name}": round(value, 4) for name, value in ranker.said.items()},
    }
    with run.timed("index"):
        index = build_index(learned.teachers.gnn_items)
    curves = run.record.curves() if run.record else {}
    return Draft(
        snapshot=snapshot,
        ontology=ontology,
        teachers=learned.teachers,
        held_out=later,
        index=index,
        ranker=ranker.arrays[_ONNX].tobytes(),
        about=about,
        curves=curves,
        learner=learned.learner | _whole(ranker.arrays),
    )


def ready(snapshot: Snapshot, ontology: Ontology, options: TrainOptions, old: Bundle | None = None) -> Warm | None:
    """Raise InputError where a training cannot begin: for want of memory, or of an `old` bundle that it can start from.

    Gives where a warm start begins.
    """
    fewest = 2 if old else SPLIT_FROM  # a bundle was the split: one interaction before, and one since
    check(_needs(snapshot, options if not old else replace(options, ranker_folds=1), fewest), free_bytes())
    return warm_start(old, snapshot, ontology, options.teachers) if old else None


def _room_beside(snapshot: Snapshot, options: TrainOptions) -> bool:
    """Whether there is memory for all that a training needs, and for vectors at the same time."""
    most = max(need.bytes for need in _needs(snapshot, options))
    return most + needs_vectors(snapshot, options.teachers).bytes + STARTED <= free_bytes()


def _needs(snapshot: Snapshot, options: TrainOptions, fewest: int = SPLIT_FROM) -> Iterator[Need]:
    folds, attending = options.ranker_folds, _attending(options)
    return needs(snapshot, options.teachers, options.ranker_users, fewest, attending=attending, folds=folds)


def libraries() -> dict[str, str]:
    """The versions of what learns."""
    return {name: version(name) for name in _LIBRARIES} | {"faiss": FAISS_VERSION}


class _Fold(NamedTuple):
    """What the ranker learns to foretell, how the teachers learn that it does so from, and their run."""

    parted: Parted
    teachers: TeacherOptions
    run: Run

    def others(self, snapshot: Snapshot, kinds: Kinds) -> Others:
        """All teachers but those that learn beside."""
        return learn_others(snapshot, self.parted.before, self.teachers, self.run, kinds=kinds)


def _folds(
    snapshot: Snapshot,
    known: NDArray[np.bool_],
    options: TrainOptions,
    run: Run,
    *,
    repeats: NDArray[np.bool_],
) -> list[_Fold]:
    folds = []
    for fold in range(options.ranker_folds):
        later = np.zeros(len(known), np.bool_)
        later[known] = held_out_in_turn(snapshot.interactions.where(known), options.ranker_holdout, fold)
        parted = _of_some(Parted(snapshot.interactions, known & ~later, later, repeats), options)
        teachers = replace(options.teachers, seed=(options.teachers.seed + fold) % SEEDS)
        folds.append(_Fold(parted, teachers, run.within(f"{FIRST}, {fold + 1}" if fold else FIRST)))
    return folds


def _ranker(taught: Iterable[tuple[_Fold, Teachers]], options: TrainOptions, run: Run) -> Kept:
    """Teach the ranker on candidates that the sources really produce, from teachers that never saw the labels.

    Gives it as ONNX, uint8 (b,), with its metrics.
    """
    rows = list[Example]()
    for fold, teachers in taught:
        with run.timed("examples"):
            rows += examples(fold.parted, teachers, attending=_attending(options))
    return _taught(rows, options, run)


def _ranker_after(
    old: Bundle,
    snapshot: Snapshot,
    later: NDArray[np.bool_],
    options: TrainOptions,
    run: Run,
    *,
    repeats: NDArray[np.bool_],
    start: Arrays,
) -> Kept:
    """Teach the ranker what was liked since a bundle, whose teachers never saw it; if that is little, keep its own.

    `start` are the parameters of the bundle's ranker, none where an older version made it. Items have the bundle's
    numbers here; users, of whom teachers know nothing, keep their new ones.
    """
    i, learned = snapshot.interactions, learned_from(old, snapshot)
    item = earlier_numbers(snapshot, old)[i.item]
    there = item >= 0
    then = replace(i, item=item.astype(np.int32)).where(there)
    with run.timed("examples"):
        parted = _of_some(Parted(then, learned[there], (~learned & ~later)[there], repeats), options)
        rows = examples(parted, old.teachers, attending=_attending(options))
    if sum(bool(row.labels.any()) for row in rows) < FEWEST:
        metrics = {name.removeprefix("ranker."): value for name, value in old.manifest["metrics"].items()}
        return Kept({_ONNX: np.frombuffer(old.ranker_file.read_bytes(), np.uint8)} | start, metrics)
    return _taught(rows, options, run, start)


def _whole(arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Of arrays by name, the ranker's parameters."""
    return {name: array for name, array in arrays.items() if name.startswith(_WHOLE)}


def _of_some(parted: Parted, options: TrainOptions) -> Parted:
    return parted.of_some(options.ranker_users, options.teachers.seed)


def _attending(options: TrainOptions) -> bool:
    return options.ranker.attention > 0


def _taught(
    rows: Sequence[Example], options: TrainOptions, run: Run, start: Mapping[str, NDArray[Any]] = MappingProxyType({})
) -> Kept:
    """The ranker as ONNX, and its parameters; `start` are those of an earlier one."""
    if not any(row.labels.any() for row in rows):
        raise NotReadyError(
            "the ranker has nothing to learn from: no user likes, after a history, an item that a source finds; "
            "load more interactions"
        )
    sizes = [len(row.labels) for row in rows]
    with run.timed(_RANKER):
        ranker = train_ranker(
            np.concatenate([row.features for row in rows]),
            np.concatenate([row.labels for row in rows]),
            np.repeat(np.arange(len(rows)), sizes),
            replace(options.ranker, seed=options.teachers.seed, device=options.teachers.device),
            run,
            pairs=padded(rows) if _attending(options) else None,
            owners=np.repeat([row.user for row in rows], sizes),
            start={name.removeprefix(_WHOLE): array for name, array in start.items()},
        )
    whole = {_WHOLE + name: array for name, array in ranker.whole.items()}
    return Kept({_ONNX: np.frombuffer(export_onnx(ranker), np.uint8)} | whole, ranker.metrics)
