"""All teachers learn from one snapshot: TransE, the network that starts from it, and those that are solved exactly."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embed.adjacency import Adjacency, adjacency
from embed.als_learning import AlsOptions
from embed.also import Also, in_order
from embed.also_learning import learn_also
from embed.attention_learning import AttentionOptions
from embed.checkpoint import Kept
from embed.content import Content
from embed.content_choice import learn_content
from embed.content_files import content_arrays, content_from, content_names
from embed.content_learning import ContentOptions
from embed.fpmc_learning import FpmcOptions
from embed.gnn import GnnOptions
from embed.itemknn import item_neighbours
from embed.kernel_learning import KernelOptions
from embed.lesson import Lesson
from embed.linear import LinearOptions, linear_neighbours
from embed.linear_choice import chosen
from embed.online_learning import OnlineOptions
from embed.run import ALONE, Run
from embed.said import Kinds
from embed.sentences_learning import SentencesOptions
from embed.spectral import SpectralVectors, spectral_vectors
from embed.svdpp_learning import SvdPpOptions
from embed.teachers import Teachers
from embed.transe import TransEOptions
from embed.transitions_learning import TransitionOptions, transitions
from embed.userknn import UserNeighbours, user_neighbours
from embed.vectors import PHASES as VECTOR_PHASES
from embed.vectors import VectorLesson, Vectors, learn_vectors
from embed.warm import Arrays, Warm
from embed.weights import ItemWeights
from embed.word2vec_learning import Word2VecOptions
from kg.bounds import Count, NonNegative
from kg.snapshot import Interactions, Snapshot
from ontology.errors import NotReadyError

_PHASES = (*VECTOR_PHASES, "item-kNN", "linear", "transitions", "spectral", "user-kNN", "content")
CHOSEN = ("regularisation", "content")
"""What of a `learner` is no vector: λ of the linear teacher, float64 (1,), and how the content teacher is regularised,
float64 (2,): users, items."""
_STRENGTHS = "strengths"


@dataclass(frozen=True)
class TeacherOptions:
    """What the teachers need; `seed` and `device` overrule those of each.

    `also` are the additional ones that learn, too. Raises InputError for one that there is not.
    """

    transe: TransEOptions = field(default_factory=TransEOptions)
    gnn: GnnOptions = field(default_factory=GnnOptions)
    linear: LinearOptions = field(default_factory=LinearOptions)
    transitions: TransitionOptions = field(default_factory=TransitionOptions)
    content: ContentOptions = field(default_factory=ContentOptions)
    spectral_dim: Count = 64
    neighbours: Count = 200
    shrinkage: NonNegative = 10.0
    also: tuple[str, ...] = ()
    als: AlsOptions = field(default_factory=AlsOptions)
    fpmc: FpmcOptions = field(default_factory=FpmcOptions)
    attention: AttentionOptions = field(default_factory=AttentionOptions)
    svdpp: SvdPpOptions = field(default_factory=SvdPpOptions)
    online: OnlineOptions = field(default_factory=OnlineOptions)
    sentences: SentencesOptions = field(default_factory=SentencesOptions)
    word2vec: Word2VecOptions = field(default_factory=Word2VecOptions)
    kernel: KernelOptions = field(default_factory=KernelOptions)
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        object.__setattr__(self, "also", in_order(self.also))


def phases(options: TeacherOptions) -> tuple[str, ...]:
    """What each teacher is called while it learns."""
    return (*_PHASES, *options.also)


class Learned(NamedTuple):
    """The teachers, and what a warm start goes on with beside their vectors (see embed/warm.py)."""

    teachers: Teachers
    learner: Arrays


@dataclass(frozen=True)
class Others:
    """All teachers but TransE and the graph network, and what was CHOSEN while they learned."""

    neighbours: ItemWeights
    linear: ItemWeights
    transitions: ItemWeights
    spectral: SpectralVectors
    users: UserNeighbours
    popularity: NDArray[np.int64]
    adjacency: Adjacency
    content: Content
    also: Mapping[str, Also]
    chosen: Arrays

    def joined(self, vectors: Vectors) -> Learned:
        """All teachers, with those two that learned from the same."""
        transe, gnn = vectors
        teachers = Teachers(
            gnn_items=gnn.items,
            gnn_fold_in=gnn.fold_in,
            spectral_items=self.spectral.items,
            spectral_fold_in=self.spectral.fold_in,
            transe_entities=transe.entities,
            transe_relations=transe.relations,
            neighbours=self.neighbours,
            linear=self.linear,
            transitions=self.transitions,
            users=self.users,
            popularity=self.popularity,
            adjacency=self.adjacency,
            content=self.content,
            also=self.also,
        )
        return Learned(teachers, vectors.learner | self.chosen)


@dataclass(frozen=True)
class _Linear:
    """Weights of items (see ItemWeights), and λ as chosen, float64 (1,)."""

    indptr: NDArray[np.int64]
    item: NDArray[np.int32]
    weight: NDArray[np.float32]
    regularisation: NDArray[np.float64]


def as_chosen(options: TeacherOptions, chosen: Arrays) -> TeacherOptions:
    """What was chosen before (CHOSEN) is not chosen again, unless the options say it."""
    linear, content = options.linear, options.content
    user, item = chosen["content"].tolist()
    return replace(
        options,
        linear=replace(linear, regularisation=linear.regularisation or float(chosen["regularisation"][0])),
        content=replace(
            content,
            user_regularisation=content.user_regularisation or user,
            item_regularisation=content.item_regularisation or item,
        ),
    )


def learn(
    snapshot: Snapshot,
    known: NDArray[np.bool_],
    options: TeacherOptions,
    run: Run = ALONE,
    *,
    warm: Warm | None = None,
    kinds: Kinds = MappingProxyType({}),
) -> Learned:
    """Learn from the knowledge and from those interactions, bool (m,), that are known; from nothing else.

    `kinds` are what the classes of items say of them (see embed/said.py). `warm` is where vectors start.

    Raises NotReadyError if no known interaction is positive.
    """
    if warm:
        options = as_chosen(options, warm.learner)
    others = learn_others(snapshot, known, options, run, kinds=kinds)
    return others.joined(learn_vectors(vector_lesson(snapshot, known, options), run, warm))


def learn_others(
    snapshot: Snapshot,
    known: NDArray[np.bool_],
    options: TeacherOptions,
    run: Run = ALONE,
    *,
    kinds: Kinds = MappingProxyType({}),
) -> Others:
    """The same for all teachers but those of embed/vectors.py, which may learn beside them."""
    liked = _liked(snapshot, known)
    if not len(liked):
        raise NotReadyError("there is no positive interaction to learn from: load interactions with `kg ingest` first")
    lesson = Lesson(snapshot, snapshot.interactions.where(known), options.seed, options.device, run, kinds)
    likes = lesson.likes
    size = {"n_users": snapshot.n_users, "n_items": snapshot.n_items}
    near = run.finished(
        "item-kNN",
        ItemWeights,
        lambda: item_neighbours(likes, **size, k=options.neighbours, shrinkage=options.shrinkage),
    )
    linear = run.finished("linear", _Linear, lambda: _linear(likes, snapshot.triples, size, options, run))
    followers = run.finished(
        "transitions",
        ItemWeights,
        lambda: transitions(*lesson.met, n_items=snapshot.n_items, options=options.transitions),
    )
    spectral = run.finished(
        "spectral",
        SpectralVectors,
        lambda: spectral_vectors(likes, **size, dim=options.spectral_dim, seed=options.seed),
    )
    users = run.finished("user-kNN", UserNeighbours, lambda: user_neighbours(likes, **size, seed=options.seed))
    graph = adjacency(snapshot.triples, len(snapshot.keys))
    content, strengths = _content(lesson, graph, options.content)
    return Others(
        neighbours=near,
        linear=ItemWeights(linear.indptr, linear.item, linear.weight),
        transitions=followers,
        spectral=spectral,
        users=users,
        popularity=np.bincount(liked.item, minlength=snapshot.n_items),
        adjacency=graph,
        content=content,
        also=learn_also(lesson, options),
        chosen={"regularisation": linear.regularisation, "content": strengths},
    )


def vector_lesson(snapshot: Snapshot, known: NDArray[np.bool_], options: TeacherOptions) -> VectorLesson:
    """What TransE and the network learn from, where those interactions are known, bool (m,)."""
    transe = replace(options.transe, seed=options.seed, device=options.device)
    gnn = replace(options.gnn, seed=options.seed, device=options.device)
    return VectorLesson.of(snapshot, _liked(snapshot, known), transe, gnn)


def _liked(snapshot: Snapshot, known: NDArray[np.bool_]) -> Interactions:
    return snapshot.interactions.where(known & snapshot.interactions.positive)


def _linear(
    pairs: NDArray[np.int32], triples: NDArray[np.int32], size: Mapping[str, int], options: TeacherOptions, run: Run
) -> _Linear:
    run.step("linear", 0, 1)
    linear_options = chosen(pairs, triples, **size, options=options.linear, seed=options.seed, device=options.device)
    weights = linear_neighbours(pairs, triples, **size, options=linear_options, device=options.device)
    run.step("linear", 1, 1)
    return _Linear(**vars(weights), regularisation=np.array([linear_options.regularisation], np.float64))


def _content(lesson: Lesson, graph: Adjacency, options: ContentOptions) -> tuple[Content, NDArray[np.float64]]:
    """The teacher, and how much it is regularised, float64 (2,)."""
    run = lesson.run

    def made() -> Kept:
        run.step("content", 0, 1)
        with run.timed("content"):
            content, strengths = learn_content(
                lesson.snapshot, graph, lesson.likes, options, lesson.seed, kinds=lesson.kinds
            )
        run.step("content", 1, 1)
        return Kept(content_arrays(content) | {_STRENGTHS: np.array(strengths)}, content_names(content))

    kept = run.kept("content", made)
    return content_from(kept.arrays, kept.said), kept.arrays[_STRENGTHS]
