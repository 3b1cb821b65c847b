"""What a training is going to need: the value that is named instead of one that does not fit does fit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.learning import TeacherOptions
from embed.memory import GIB, Need, check
from kg.snapshot import Interactions, Snapshot
from ontology.errors import InputError
from retrieval.needs import needs, needs_vectors
from retrieval.pairs import LENGTH
from tests.retrieval.test_training import library

DIM = 64


def catalog(items: int, users: int, entities: int, each: int = 5) -> Snapshot:
    """So many of them; all users have `each` interactions, all items have some."""
    m = max(users * each, items)
    user = np.sort(np.arange(m) % users).astype(np.int32)
    ones = np.ones(m)
    happened = Interactions(
        user,
        (np.arange(m) % items).astype(np.int32),
        ones.astype(np.int16),
        ones.astype(np.float32),
        ones.astype(np.int64),
        ones > 0,
    )
    keys = ("key",) * (items + users + entities)
    return replace(library(), n_items=items, n_users=users, keys=keys, interactions=happened)


def needed(snapshot: Snapshot, changes: dict[str, int]) -> dict[str, Need]:
    """The needs by option, with some of these changed."""
    teachers = TeacherOptions()
    teachers = replace(
        teachers,
        transe=replace(teachers.transe, dim=changes.get("transe.dim", DIM)),
        linear=replace(teachers.linear, most_items=changes.get("linear.most_items", 12_000)),
        spectral_dim=changes.get("spectral_dim", DIM),
        transitions=replace(teachers.transitions, most_items=changes.get("transitions.most_items", 12_000)),
    )
    return {need.option: need for need in needs(snapshot, teachers, changes.get("ranker_users", 20_000))}


@given(st.integers(1, 20_000), st.integers(1, 3_000), st.integers(0, 50_000), st.integers(0, 4 * GIB))
def test_what_is_named_fits_and_where_nothing_is_1_would_not(items: int, users: int, entities: int, free: int):
    snapshot = catalog(items, users, entities)
    for option, need in needed(snapshot, {}).items():
        if need.bytes > free:
            value = need.fitting(free)
            with_it = needed(snapshot, {option: value or 1})[option]
            assert (with_it.bytes <= free) == (value is not None)


def test_a_ranker_that_attends_needs_half_a_float_for_each_pair_three_times():
    snapshot, options = catalog(1_000, 100, 0), TeacherOptions()
    plain, attending = (
        {need.option: need.bytes for need in needs(snapshot, options, 20_000, attending=on)} for on in (False, True)
    )
    more = {option: attending[option] - plain[option] for option in plain if attending[option] != plain[option]}
    assert more == {"ranker_users": 100 * 660 * LENGTH * 2 * 3}


def test_a_relation_aware_network_needs_what_each_entity_gets_over_each_relation():
    snapshot, plain = catalog(1_000, 100, 50), TeacherOptions()
    aware = replace(plain, gnn=replace(plain.gnn, relation_aware=True, layers=3))
    one, other = (needs_vectors(snapshot, options).bytes for options in (plain, aware))
    assert other - one == (2 * len(snapshot.triples) + 1_100) * 4 * 3 * plain.transe.dim * 4


def test_a_constant_part_is_reckoned_with():
    """Users that are judged at once take .4 GiB of the network's memory, however long its vectors are."""
    network = needed(catalog(50_000, 1_000, 400_000), {})["transe.dim"]
    with pytest.raises(InputError, match=r"try --set transe\.dim=24$"):
        check([network], GIB)
    with pytest.raises(InputError, match="even 1 would be too much"):
        check([network], GIB // 4)


def test_directions_of_the_likes_are_no_more_than_items():
    few = needed(catalog(500, 100, 0), {"spectral_dim": 100_000})["spectral_dim"]
    assert few.value == 500
    many = needed(catalog(20_000, 3_000, 0), {"spectral_dim": 100_000})["spectral_dim"]
    with pytest.raises(InputError, match=r"spectral vectors.* spectral_dim is 20000, try --set spectral_dim=1700"):
        check([many], GIB)


@pytest.mark.parametrize(("each", "users"), [(4, 0), (5, 100)])
def test_who_can_give_no_examples_needs_no_memory(each: int, users: int):
    snapshot = catalog(10, 100, 0, each)
    assert needed(snapshot, {})["ranker_users"].value == users
    kept = {need.option: need for need in needs(snapshot, TeacherOptions(), 0)}["ranker_users"]  # as a warm start does
    assert kept.value == kept.bytes == 0
