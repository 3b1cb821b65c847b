"""From a snapshot to a bundle. Imports torch; a serving process never imports this."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embed.bundle import Bundle, Draft
from embed.checkpoint import Kept
from embed.export import export_onnx
from embed.learning import Learned, Others, TeacherOptions, as_chosen, learn, learn_others, phases, vector_lesson
from embed.memory import Need, check, free_bytes
from embed.ranker import RankerOptions, train_ranker
from embed.run import ALONE, Run
from embed.said import Kinds, kinds_of
from embed.split import SplitBy, held_out, held_out_in_turn
from embed.teachers import Teachers
from embed.vectors_beside import STARTED, vectors_beside
from embed.warm import Warm
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
from retrieval.warm_start import after, learned_from, shortened, warm_start

FIRST, FINAL = "for the ranker", "final"
"""All teachers learn twice: from a part, so that the ranker sees what they make of the rest, and from all. Vectors go
on from those of the first time then, for the epochs of a warm start."""
SEEDS = 2**32
"""So many seeds there are: from 0 on, as numpy and `kg train --seed` have them."""
_ONNX, _RANKER = "onnx", "ranker"
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

    With an `old` bundle, vectors start from its own, and its ranker is kept.

    Raises NotReadyError where there is too little to learn from, InputError where there is too little memory, or an
    option is so extreme that what is learned is not a number.
    """
    warm = ready(snapshot, ontology, options, old)
    kinds = kinds_of(ontology, snapshot.classes, snapshot.entity_class[: snapshot.n_items])
    repeats = repeating(ontology)
    later = held_out(snapshot.interactions, options.split, options.holdout)
    if old and warm:
        later &= ~learned_from(old, snapshot)
        ranker = _ranker_of(old)
        learned = learn(snapshot, ~later, after(options.teachers), run.within(FINAL), warm=warm, kinds=kinds)
    else:
        learned, ranker = _from_scratch(snapshot, ~later, options, run, kinds=kinds, repeats=repeats)
    about = {
        "options": asdict(options) | (_kept_options(old) if old else {}),
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
        learner=learned.learner,
    )


def ready(snapshot: Snapshot, ontology: Ontology, options: TrainOptions, old: Bundle | None = None) -> Warm | None:
    """Raise InputError where a training cannot begin: for want of memory, or of an `old` bundle that it can start from.

    Gives where a warm start begins.
    """
    check(_needs(snapshot, replace(options, ranker_users=0) if old else options), free_bytes())
    return warm_start(old, snapshot, ontology, options.teachers) if old else None


def _room_beside(snapshot: Snapshot, options: TrainOptions) -> bool:
    """Whether there is memory for all that a training needs, and for vectors at the same time."""
    most = max(need.bytes for need in _needs(snapshot, options))
    return most + needs_vectors(snapshot, options.teachers).bytes + STARTED <= free_bytes()


def _needs(snapshot: Snapshot, options: TrainOptions) -> Iterator[Need]:
    folds, attending = options.ranker_folds, _attending(options)
    return needs(snapshot, options.teachers, options.ranker_users, attending=attending, folds=folds)


def libraries() -> dict[str, str]:
    """The versions of what learns."""
    return {name: version(name) for name in _LIBRARIES} | {"faiss": FAISS_VERSION}


def _from_scratch(
    snapshot: Snapshot,
    known: NDArray[np.bool_],
    options: TrainOptions,
    run: Run,
    *,
    kinds: Kinds,
    repeats: NDArray[np.bool_],
) -> tuple[Learned, Kept]:
    """All teachers from the known interactions, bool (m,), and the ranker from what others, that know less, foretell.

    Of the first fold all is kept until the end: what is final begins with it.
    """
    folds = _folds(snapshot, known, options, run, repeats=repeats)[: 1 if run.done(_RANKER) else None]
    lessons = [(vector_lesson(snapshot, fold.parted.before, fold.teachers), fold.run) for fold in folds]
    final = run.within(FINAL)
    lessons += [(vector_lesson(snapshot, known, shortened(options.teachers)), final)]
    with vectors_beside(lessons, lambda: _room_beside(snapshot, options)) as vectors:
        first = folds[0].others(snapshot, kinds)
        others = learn_others(snapshot, known, as_chosen(options.teachers, first.chosen), final, kinds=kinds)
        before = folds[0], first.joined(vectors()).teachers
        more = ((fold, fold.others(snapshot, kinds).joined(vectors()).teachers) for fold in folds[1:])
        ranker = run.kept(_RANKER, lambda: _ranker(chain([before], more), options, run))
        for fold in folds[1:]:
            fold.run.forget(*phases(options.teachers))
        return others.joined(vectors()), ranker


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


def _ranker_of(old: Bundle) -> Kept:
    """The ranker of a bundle as it is: it learned orders, which mean to it what they meant."""
    metrics = {name.removeprefix("ranker."): value for name, value in old.manifest["metrics"].items()}
    return Kept({_ONNX: np.frombuffer(old.ranker_file.read_bytes(), np.uint8)}, metrics)


def _kept_options(old: Bundle) -> dict[str, object]:
    """How the ranker of a bundle was taught."""
    return {name: value for name, value in old.manifest["options"].items() if name.startswith("ranker")}


def _of_some(parted: Parted, options: TrainOptions) -> Parted:
    return parted.of_some(options.ranker_users, options.teachers.seed)


def _attending(options: TrainOptions) -> bool:
    return options.ranker.attention > 0


def _taught(rows: Sequence[Example], options: TrainOptions, run: Run) -> Kept:
    """The ranker as ONNX."""
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
        )
    return Kept({_ONNX: np.frombuffer(export_onnx(ranker), np.uint8)}, ranker.metrics)
