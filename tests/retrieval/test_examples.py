"""What the ranker learns from is the same, whether one process makes it or several."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embed.learning import learn
from embed.split import held_out_by_time
from kg.snapshot import Interactions
from retrieval import examples as module
from retrieval import training
from retrieval.cases import Parted
from retrieval.examples import examples
from retrieval.history import repeating
from retrieval.training import train
from tests.retrieval.test_training import QUICK, READERS, library
from tests.worlds import ONTOLOGY


def test_several_processes_make_what_one_makes(monkeypatch):
    seen = library()
    later = held_out_by_time(seen.interactions, 0.2)
    parted = Parted(seen.interactions, ~later, later, repeating(ONTOLOGY))
    teachers = learn(seen, ~later, QUICK.teachers).teachers
    made = []
    for fewest in (READERS, 4):
        monkeypatch.setattr(module, "FEWEST", fewest)
        made.append(examples(parted, teachers, attending=False))
    assert len(made[0]) == len(made[1]) == len(parted.users())
    for some, others in zip(*made, strict=True):
        for one, other in zip(some, others, strict=True):
            np.testing.assert_array_equal(one, other)


def parted(users: int) -> Parted:
    """Of each user two books, the second of which is to be foretold."""
    user, m = np.repeat(np.arange(users, dtype=np.int32), 2), 2 * users
    item, later = np.arange(m, dtype=np.int32), np.arange(m) % 2 > 0
    liked = np.ones(m, np.bool_)
    done = Interactions(user, item, np.zeros(m, np.int16), liked.astype(np.float32), np.arange(m), liked)
    return Parted(done, ~later, later, repeating(ONTOLOGY))


@given(st.integers(0, 50), st.integers(1, 60), st.integers(0, 3))
def test_where_there_are_more_users_than_wanted_they_are_drawn(n: int, most: int, seed: int):
    every = parted(n)
    some = every.of_some(most, seed)
    assert len(some.users()) == min(n, most)
    assert set(some.users().tolist()) <= set(every.users().tolist())
    np.testing.assert_array_equal(some.after, every.after & np.isin(every.interactions.user, some.users()))
    np.testing.assert_array_equal(some.before, every.before)
    np.testing.assert_array_equal(some.after, every.of_some(most, seed).after)
    for history, liked in some.cases():
        assert (history.liked + 1).tolist() == liked.tolist()


def test_those_who_came_late_are_drawn_as_well():
    """Of amazon-book's users the first 12,000 like half as much again as all do."""
    some = parted(10_000).of_some(1_000, 0).users()
    assert 4_700 < some.mean() < 5_300
    assert (some != parted(10_000).of_some(1_000, 1).users()).any()


def test_a_training_draws_so_many_users_as_it_was_told(monkeypatch):
    drawn = []

    def made(parted: Parted, *others, **named):
        drawn.append(parted.users())
        return examples(parted, *others, **named)

    monkeypatch.setattr(training, "examples", made)
    for most in (7, READERS):
        train(library(), ONTOLOGY, replace(QUICK, ranker_users=most))
    some, every = ({*users.tolist()} for users in drawn)
    assert len(some) == 7
    assert some < every
