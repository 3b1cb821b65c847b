"""FPMC: what serves is what was learned, and both are the equation; what follows what is found."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.fpmc import NEWEST, Fpmc
from embed.fpmc_learning import FpmcOptions, _Network, learn, need
from embed.lesson import Lesson
from embed.occasions import occasions
from ontology.errors import InputError
from tests.embed.sequences import EACH, USERS, chains
from tests.retrieval.test_training import BOOKS

OPTIONS = FpmcOptions(dim=8, epochs=30, batch_size=128, negatives=20, learning_rate=0.03, basket=1)


@pytest.fixture(scope="module")
def fpmc() -> Fpmc:
    return learn(chains(), OPTIONS)


def test_each_like_after_anything_is_an_occasion_with_what_lay_before_it():
    lesson = chains()
    found, seen = occasions(lesson), 0
    for user in range(USERS):
        rows = slice(user * EACH, (user + 1) * EACH)
        item, liked = lesson.known.item[rows], lesson.known.positive[rows]
        for place in np.flatnonzero(liked[1:]) + 1:
            assert found.target[seen] == item[place]
            for row, before in ((found.met, item[:place]), (found.liked, item[:place][liked[:place]])):
                newest, there = row.newest(torch.tensor([seen]), 5)
                assert newest[there].tolist() == before[::-1][:5].tolist()
            seen += 1
    assert seen == len(found)


def test_what_serves_asks_as_what_learns():
    lesson = chains()
    network, before = _Network(lesson, OPTIONS), occasions(lesson)
    tables = (table.detach().numpy() for table in (network.items, network.taste, network.last))
    serving = Fpmc(*tables, np.array([OPTIONS.basket], np.int32))
    asked = network.query(before, torch.arange(20)).detach().numpy()
    for row in range(20):
        histories = (row_of.newest(torch.tensor([row]), EACH) for row_of in (before.liked, before.met))
        liked, seen = (items[there].numpy()[::-1] for items, there in histories)
        np.testing.assert_allclose(serving.query(liked, seen), asked[row], rtol=1e-5, atol=1e-6)


@settings(max_examples=30)
@given(history=st.lists(st.integers(0, BOOKS - 1), unique=True), likes=st.integers(0, BOOKS))
def test_a_score_is_the_equation(fpmc: Fpmc, history: list[int], likes: int):
    """x̂ = mean ⟨V^UI_l, V^IU_i⟩ over likes + mean ⟨V^LI_l, V^IL_i⟩ over the basket; also for all and none."""
    seen = np.array(history, np.int32)
    liked = seen[:likes]
    iu, il = np.split(fpmc.items, 2, axis=1)
    expected = np.zeros(BOOKS)
    for tables, items in (((iu, fpmc.taste), liked[-NEWEST:]), ((il, fpmc.last), seen[-OPTIONS.basket :])):
        for item in items:
            expected += tables[0] @ tables[1][item] / len(items)
    np.testing.assert_allclose(fpmc.items @ fpmc.query(liked, seen), expected, rtol=1e-4, atol=1e-4)


def test_what_follows_what_is_found(fpmc: Fpmc):
    found = 0
    for item in range(BOOKS):
        follows = next(i % BOOKS for i in range(item + 1, item + 3) if i % BOOKS % 4 != 3)
        seen = np.arange(item - 5, item + 1) % BOOKS
        scores = fpmc.items @ fpmc.query(seen[seen % 4 != 3], seen)
        found += follows in np.argsort(-scores)[:3]
    assert found > 0.8 * BOOKS


def test_seeds_repeat_and_differ():
    quick = replace(OPTIONS, epochs=1)
    one, same, other = (learn(chains(seed), quick) for seed in (0, 0, 1))
    assert one.items.tobytes() == same.items.tobytes()
    assert one.last.tobytes() == same.last.tobytes()
    assert one.items.tobytes() != other.items.tobytes()


def test_divergence_is_a_sentence():
    with pytest.raises(InputError, match=r"fpmc has diverged; try a smaller fpmc\.learning_rate"):
        learn(chains(), replace(OPTIONS, learning_rate=1e30))


def test_memory_grows_with_the_vectors():
    lesson: Lesson = chains()
    few, more = (need(lesson.snapshot, replace(OPTIONS, dim=dim)) for dim in (8, 80))
    assert more.bytes - few.bytes > 72 * BOOKS * 4 * 4 * 4
    assert few.option == "fpmc.dim"
