"""Training as a whole: nothing of the held-out future reaches what is learned, and seeds repeat."""

from dataclasses import fields, replace
from typing import Any, get_args

import numpy as np
import pytest

from embed.content import Content
from embed.content_files import content_arrays
from embed.gnn import GnnOptions
from embed.learning import CHOSEN, TeacherOptions, as_chosen, learn
from embed.linear import LinearOptions
from embed.ranker import RankerOptions
from embed.record import Record
from embed.run import Run
from embed.split import SplitBy, held_out, held_out_by_time, held_out_in_turn
from embed.teachers import Teachers
from embed.transe import TransEOptions
from embed.transitions_learning import transitions
from kg.snapshot import Interactions, Snapshot
from ontology.errors import NotReadyError
from retrieval import training
from retrieval.cases import Parted
from retrieval.examples import Example, examples
from retrieval.training import TrainOptions, train
from tests.worlds import ONTOLOGY, RELATIONS

BOOKS, READERS, WRITERS = 40, 30, 5
QUICK = TrainOptions(
    teachers=TeacherOptions(TransEOptions(dim=8, epochs=3), GnnOptions(epochs=3), neighbours=10),
    ranker=RankerOptions(epochs=2, batch_size=64),
)


def library(seed=0) -> Snapshot:
    """Readers who each read twelve books of one half of the shelf, and the books' writers."""
    random = np.random.default_rng(seed)
    classes = tuple(sorted(ONTOLOGY.classes))
    cls = ["Book"] * BOOKS + ["Reader"] * READERS + ["Writer"] * WRITERS
    keys = tuple(f"{c}{i}" for i, c in enumerate(cls))
    item = np.concatenate([random.permutation(BOOKS // 2)[:12] + u % 2 * BOOKS // 2 for u in range(READERS)])
    m = len(item)
    value = random.integers(2, 6, m).astype(np.float32)
    interactions = Interactions(
        np.repeat(np.arange(READERS), 12).astype(np.int32),
        item.astype(np.int32),
        np.zeros(m, np.int16),
        value,
        np.arange(m, dtype=np.int64),
        value >= 3,
    )
    written = [(b, RELATIONS.index("WRITTEN_BY"), BOOKS + READERS + b % WRITERS) for b in range(BOOKS)]
    return Snapshot(
        classes,
        np.array([classes.index(c) for c in cls], np.int16),
        keys,
        keys,
        ("{}",) * len(keys),
        BOOKS,
        READERS,
        RELATIONS,
        np.array(written, np.int32),
        interactions,
        "0" * 64,
    )


def with_another_future(snapshot: Snapshot, options: TrainOptions) -> Snapshot:
    """The same up to the split: after it, other books are read, and loved, where that moves no split."""
    later = held_out(snapshot.interactions, options.split, options.holdout)
    assert later.any()
    i = snapshot.interactions
    item = np.where(later, (i.item + BOOKS // 2) % BOOKS, i.item).astype(np.int32)
    loved = later & (i.positive | (options.split != "last"))
    value = np.where(loved, 5, i.value).astype(np.float32)
    return replace(snapshot, interactions=replace(i, item=item, value=value, positive=value >= 3))


@pytest.mark.parametrize("split", get_args(SplitBy))
def test_no_held_out_interaction_reaches_a_vector_the_index_or_the_ranker(split: SplitBy):
    options = replace(QUICK, split=split)
    past = train(library(), ONTOLOGY, options)
    other = train(with_another_future(library(), options), ONTOLOGY, options)
    np.testing.assert_array_equal(past.held_out, other.held_out)
    for field in fields(past.teachers):
        a, b = (_parts(getattr(draft.teachers, field.name)) for draft in (past, other))
        assert all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True)), field.name
    assert past.index == other.index
    assert past.ranker == other.ranker


def _parts(value: object) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        return [part for teacher in value.values() for part in _parts(teacher)]
    return list((content_arrays(value) if isinstance(value, Content) else vars(value)).values())


def test_what_is_not_held_out_does_reach_them():
    """The test above would pass for anything that learns nothing."""
    past = train(library(), ONTOLOGY, QUICK)
    other = train(with_another_future(library(), replace(QUICK, holdout=0.5)), ONTOLOGY, QUICK)
    for name in ("gnn_items", "gnn_fold_in", "transe_entities", "transe_relations", "popularity"):
        assert getattr(past.teachers, name).tobytes() != getattr(other.teachers, name).tobytes(), name
    for name in ("neighbours", "linear", "transitions"):
        a, b = getattr(past.teachers, name), getattr(other.teachers, name)
        assert a.weight.tobytes() != b.weight.tobytes(), name
    assert past.teachers.content.items.tobytes() != other.teachers.content.items.tobytes()
    assert past.ranker != other.ranker


def test_another_seed_is_another_bundle():
    teachers = replace(QUICK.teachers, seed=1)
    a, b = (train(library(), ONTOLOGY, replace(QUICK, teachers=t)) for t in (QUICK.teachers, teachers))
    assert a.index != b.index
    assert a.ranker != b.ranker


def test_the_manifest_says_how_it_was_made():
    about = train(library(), ONTOLOGY, QUICK).about
    assert about["options"]["teachers"]["transe"]["dim"] == 8
    assert about["options"]["holdout"] == 0.2
    assert about["options"]["split"] == "user"
    assert {"torch", "pykeen", "dgl", "kgrec"} <= about["libraries"].keys()
    assert 0 <= about["metrics"]["ranker.validation_auc"] <= 1
    assert {"ranker.calibration_error", "ranker.calibration_error.before"} <= about["metrics"].keys()


def test_the_manifest_says_what_a_cheaper_ranker_cost_and_a_seed_repeats_it():
    options = replace(QUICK, ranker=replace(QUICK.ranker, bits=8, prune=0.5, distil_from=(256,)))
    first, second = (train(library(), ONTOLOGY, options) for _ in range(2))
    costs = {name for name in first.about["metrics"] if name.startswith("ranker.auc_cost.")}
    assert costs == {f"ranker.auc_cost.{step}" for step in ("distillation", "pruning", "quantisation")}
    assert first.ranker == second.ranker


def test_what_was_chosen_for_the_teachers_of_the_ranker_is_not_chosen_again():
    """With this seed, λ for all that is known would be another; options of one's own go before."""
    snapshot, teachers = library(seed=7), QUICK.teachers
    known = ~held_out(snapshot.interactions, QUICK.split, QUICK.holdout)
    before = known.copy()
    before[known] = ~held_out_by_time(snapshot.interactions.where(known), QUICK.ranker_holdout)
    first, anew = (learn(snapshot, part, teachers).learner for part in (before, known))
    final = train(snapshot, ONTOLOGY, QUICK).learner
    assert first["regularisation"] != anew["regularisation"]
    for name in CHOSEN:
        assert final[name].tolist() == first[name].tolist()
    told = as_chosen(teachers, {"regularisation": np.array([7.0]), "content": np.array([0.3, 0.7])})
    assert told.linear.regularisation == 7
    assert (told.content.user_regularisation, told.content.item_regularisation) == (0.3, 0.7)
    own = replace(teachers, linear=LinearOptions(regularisation=3.5))
    assert as_chosen(own, final).linear.regularisation == 3.5


def test_the_ranker_learns_from_as_many_parts_of_each_history_as_it_is_told_each_without_what_it_foretells(
    monkeypatch: pytest.MonkeyPatch,
):
    snapshot, asked = library(), []
    known = ~held_out(snapshot.interactions, QUICK.split, QUICK.holdout)

    def watched(parted: Parted, teachers: Teachers, **named: Any) -> list[Example]:
        asked.append((parted.before, parted.after, examples(parted, teachers, **named), teachers))
        return asked[-1][2]

    monkeypatch.setattr(training, "examples", watched)
    run = Run(record=Record())
    draft = train(snapshot, ONTOLOGY, replace(QUICK, ranker_folds=3), run)
    assert len(asked) == 3
    for fold, (before, after, rows, teachers) in enumerate(asked):
        drawn = replace(QUICK.teachers, seed=QUICK.teachers.seed + fold)
        again = learn(snapshot, before, drawn).teachers
        np.testing.assert_array_equal(teachers.gnn_items, again.gnn_items)
        np.testing.assert_array_equal(teachers.linear.weight, again.linear.weight)
        np.testing.assert_array_equal(before | after, known)
        assert (held_out_in_turn(snapshot.interactions.where(known), QUICK.ranker_holdout, fold) == after[known]).all()
        assert {row.user for row in rows} <= set(range(READERS))
    assert {"item-kNN (for the ranker)", "item-kNN (for the ranker, 3)"} <= run.record.phases.keys()
    assert draft.about["options"]["ranker_folds"] == 3


def test_without_likes_it_says_what_is_missing():
    snapshot = library()
    hated = replace(snapshot.interactions, positive=np.zeros(len(snapshot.interactions), np.bool_))
    with pytest.raises(NotReadyError, match="no positive interaction"):
        train(replace(snapshot, interactions=hated), ONTOLOGY, QUICK)


def test_what_is_liked_next_is_learned_in_order_of_time_from_when_each_was_met_last():
    snapshot = library()
    begin = np.random.default_rng(0).integers(0, BOOKS, READERS)[:, None]
    item = (begin + np.append(np.arange(11), 0)) % BOOKS  # the first book of each is read again in the end
    liked = np.random.default_rng(1).random(item.shape) < 0.7
    read = replace(snapshot.interactions, item=item.ravel().astype(np.int32), positive=liked.ravel())
    everything = np.ones(item.size, np.bool_)
    learned = learn(replace(snapshot, interactions=read), everything, QUICK.teachers).teachers.transitions
    met = np.stack([np.repeat(np.arange(READERS), 11), item[:, 1:].ravel()], axis=1).astype(np.int32)
    expected = transitions(met, liked[:, 1:].ravel(), n_items=BOOKS, options=QUICK.teachers.transitions)
    np.testing.assert_array_equal(learned.indptr, expected.indptr)
    np.testing.assert_array_equal(learned.weight, expected.weight)
