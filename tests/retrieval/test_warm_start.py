"""A warm start: what an earlier bundle knows is carried over, and nothing that is held out was ever learned from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.bundle import Bundle, current, open_bundle, publish
from embed.record import Record
from embed.run import Run
from embed.warm import Warm, numbers
from kg.columns import map_arrays, save_arrays
from kg.snapshot import Snapshot, digest_of
from ontology.errors import InputError
from retrieval.training import train
from retrieval.warm_start import after, learned_from, warm_start
from tests.retrieval.test_training import BOOKS, QUICK, READERS, library
from tests.worlds import ONTOLOGY, RELATIONS

KEYS = st.lists(st.integers(0, 30), unique=True, max_size=12)


def first_part() -> Snapshot:
    """The library without its last book, its last reader, and the last three books that each one read."""
    whole = library()
    i = whole.interactions
    nth = np.arange(len(i)) % 12
    kept = i.where((nth < 9) & (i.item != BOOKS - 1) & (i.user != READERS - 1))
    gone = {BOOKS - 1, BOOKS + READERS - 1}
    rows = [n for n in range(len(whole.keys)) if n not in gone]
    number = np.full(len(whole.keys), -1)
    number[rows] = np.arange(len(rows))
    triples = number[whole.triples[:, [0, 2]]]
    triples = np.stack([triples[:, 0], whole.triples[:, 1], triples[:, 1]], axis=1)[(triples >= 0).all(axis=1)]
    keys = tuple(whole.keys[n] for n in rows)
    part = replace(
        whole,
        entity_class=whole.entity_class[rows],
        keys=keys,
        names=keys,
        properties=("{}",) * len(keys),
        n_items=BOOKS - 1,
        n_users=READERS - 1,
        triples=triples.astype(np.int32),
        interactions=kept,
    )
    return replace(part, digest=digest_of(part))


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("models")
    publish(train(first_part(), ONTOLOGY, QUICK), folder)
    return open_bundle(current(folder))


@given(KEYS, KEYS)
def test_rows_go_where_their_entities_went(old_keys: list[int], new_keys: list[int]):
    table = np.array(old_keys, np.float32)[:, None] + [0, 100]
    fresh = -np.ones((len(new_keys), 2), np.float32)
    warm = Warm(numbers(new_keys, old_keys), np.empty(0, np.int64), {"table": table})
    carried = warm.entities("table", fresh)
    for key, row in zip(new_keys, carried.tolist(), strict=True):
        assert row == ([key, key + 100] if key in old_keys else [-1, -1])


def test_likes_that_were_learned_from_are_known(old: Bundle):
    snapshot = library()
    learned = learned_from(old, snapshot)
    i = snapshot.interactions
    assert learned.sum() == (~old.held_out).sum()
    assert not learned[(i.item == BOOKS - 1) | (i.user == READERS - 1)].any()
    assert not learned[np.arange(len(i)) % 12 >= 9].any()


def test_it_takes_fewer_epochs_keeps_the_ranker_and_repeats(old: Bundle):
    options = replace(QUICK, from_bundle=old.version)
    record = Record()
    first = train(library(), ONTOLOGY, options, Run(record=record), old)
    again = train(library(), ONTOLOGY, options, Run(record=Record()), old)
    assert first.ranker == old.ranker_file.read_bytes()
    assert len(record.curves()["transe (final)"]["loss"]) == after(QUICK.teachers).transe.epochs < 3
    assert not any("for the ranker" in phase for phase in record.phases)
    assert first.index == again.index
    assert first.teachers.gnn_items.tobytes() == again.teachers.gnn_items.tobytes()
    assert first.about["options"]["from_bundle"] == old.version
    assert not (first.held_out & learned_from(old, library())).any()


def test_what_is_said_of_the_ranker_is_how_the_kept_one_was_taught(old: Bundle):
    changed = replace(QUICK, ranker=replace(QUICK.ranker, hidden=(8,), epochs=30), ranker_holdout=0.4)
    draft = train(library(), ONTOLOGY, changed, Run(), old)
    assert draft.ranker == old.ranker_file.read_bytes()
    said, before = json.loads(json.dumps(draft.about)), old.manifest
    assert said["options"]["ranker"] == before["options"]["ranker"]
    assert said["options"]["ranker_holdout"] == QUICK.ranker_holdout
    assert said["metrics"] == before["metrics"]


def test_vectors_of_what_is_still_there_stay_near_and_others_are_learned(old: Bundle):
    draft = train(library(), ONTOLOGY, replace(QUICK, from_bundle=old.version), Run(), old)
    before, after = old.teachers.transe_entities, draft.teachers.transe_entities
    same = (before[: BOOKS - 1] * after[: BOOKS - 1]).sum(axis=1)
    cold = train(library(), ONTOLOGY, replace(QUICK, teachers=replace(QUICK.teachers, seed=9))).teachers.transe_entities
    other = (before[: BOOKS - 1] * cold[: BOOKS - 1]).sum(axis=1)
    assert same.mean() > 0.8
    assert same.mean() > other.mean() + 0.3
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), 1, atol=1e-5)


def test_what_relations_count_for_is_carried_by_their_names(old: Bundle, tmp_path: Path):
    teachers = QUICK.teachers
    aware = replace(QUICK, teachers=replace(teachers, gnn=replace(teachers.gnn, relation_aware=True)))
    first = train(first_part(), ONTOLOGY, aware)
    publish(first, tmp_path)
    bundle, learned = open_bundle(current(tmp_path)), first.learner["relations"]
    assert learned.shape == (len(first_part().relations) + 1, 2, 8)
    warm = warm_start(bundle, library(), ONTOLOGY, aware.teachers)
    np.testing.assert_array_equal(warm.relations("relations", np.zeros_like(learned)), learned)
    after = train(library(), ONTOLOGY, aware, Run(), bundle).learner["relations"]
    written = RELATIONS.index("WRITTEN_BY")
    assert 0 < np.abs(after[written] - learned[written]).max() < np.abs(learned[written] - 1).max()
    with pytest.raises(InputError, match=r"a warm start keeps gnn\.relation_aware=true$"):
        warm_start(bundle, library(), ONTOLOGY, teachers)
    with pytest.raises(InputError, match=r"not relation-aware; a warm start keeps gnn\.relation_aware=false$"):
        warm_start(old, library(), ONTOLOGY, aware.teachers)


def test_what_is_no_place_to_start_from_is_said(old: Bundle, tmp_path: Path):
    teachers = QUICK.teachers
    with pytest.raises(InputError, match=r"a warm start keeps transe\.dim=8 and gnn\.layers=2"):
        warm_start(old, library(), ONTOLOGY, replace(teachers, transe=replace(teachers.transe, dim=16)))
    with pytest.raises(InputError, match="a warm start keeps"):
        warm_start(old, library(), ONTOLOGY, replace(teachers, gnn=replace(teachers.gnn, layers=3)))
    with pytest.raises(InputError, match="made by an older version"):
        warm_start(replace(old, folder=tmp_path), library(), ONTOLOGY, teachers)
    learner = map_arrays(old.learner_file)
    for other in ({"content": None}, {"fold": np.eye(16, dtype=np.float32)}):
        changed = {name: array for name, array in (learner | other).items() if array is not None}
        save_arrays(tmp_path / old.learner_file.name, changed)
        with pytest.raises(InputError, match="made by another version"):
            warm_start(replace(old, folder=tmp_path), library(), ONTOLOGY, teachers)
    with pytest.raises(InputError, match="a ranker of other features"):
        warm_start(replace(old, manifest={**old.manifest, "features": ["one"]}), library(), ONTOLOGY, teachers)
