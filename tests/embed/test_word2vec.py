"""Word2vec: the loss is the paper's, neighbours in histories are near, and words speak for a book that nobody met."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from embed.lesson import Lesson
from embed.word2vec import NEWEST, Word2Vec
from embed.word2vec_learning import Word2VecOptions, _Near, learn, need, parts_of, skip_gram
from ontology.errors import InputError
from tests.embed.sequences import chains
from tests.retrieval.test_training import BOOKS, READERS, library

OPTIONS = Word2VecOptions(dim=8, epochs=20, batch_size=128, negatives=40, learning_rate=0.1, window=2)
NEW = np.array([0, 1, BOOKS - 2, BOOKS - 1])
"""Nobody has met these."""


def told() -> Lesson:
    """One half of the shelf has rivers, the other knights."""
    snapshot = library()
    plots = ["a river boat"] * (BOOKS // 2) + ["castle and knight"] * (BOOKS // 2)
    said = tuple(json.dumps({"plot": plot}) for plot in plots)
    known = snapshot.interactions.where(~np.isin(snapshot.interactions.item, NEW))
    names = ("",) * len(snapshot.names)
    properties = said + snapshot.properties[BOOKS:]
    return Lesson(replace(snapshot, properties=properties, names=names, interactions=known), known)


@pytest.fixture(scope="module")
def learned() -> Word2Vec:
    return learn(told(), OPTIONS)


def test_an_item_is_half_its_own_token_and_half_the_mean_of_its_words():
    parts = parts_of(told(), 100)
    assert parts.n_tokens == BOOKS + 6
    table = torch.randn(parts.n_tokens, 3, generator=torch.Generator().manual_seed(0))
    items = torch.tensor([[3, BOOKS - 1], [3, 0]])
    words = sorted(["a", "river", "boat", "castle", "and", "knight"])
    for item, plot in ((3, "a river boat"), (BOOKS - 1, "castle and knight")):
        numbers = [BOOKS + words.index(word) for word in plot.split()]
        expected = (table[item] + table[numbers].mean(dim=0)) / 2
        torch.testing.assert_close(parts.mean(table, items)[0, int(item != 3)], expected)
    alone = parts_of(told(), 0)
    torch.testing.assert_close(alone.mean(table, items), table[items])


def test_what_is_near_is_what_the_same_user_liked_up_to_so_many_places_away():
    lesson = chains()
    near, likes = _Near(lesson), lesson.met[0][lesson.met[1]]
    other, there = near.to(torch.arange(len(likes)), 2)
    for row, (user, _) in enumerate(likes):
        places = [p for p in (row - 1, row - 2, row + 1, row + 2) if 0 <= p < len(likes) and likes[p, 0] == user]
        assert sorted(other[row][there[row]].tolist()) == sorted(likes[places, 1].tolist())


def test_neighbours_of_histories_are_near():
    lesson, found = chains(), 0
    model = learn(lesson, OPTIONS)
    for item in (i for i in range(BOOKS) if i % 4 != 3):
        scores = model.items @ model.query(np.array([item]), np.array([item]))
        distance = np.abs((np.argsort(-scores)[:4] - item + BOOKS // 2) % BOOKS - BOOKS // 2)
        found += (distance <= 3).mean()
    assert found > 0.7 * BOOKS * 3 / 4


def test_the_loss_is_equation_4_with_the_items_that_are_drawn_expected():
    """Each pair: -log σ(v v'ₒ) - k Σⱼ P(j) log σ(-v v'ⱼ), where every item was drawn once."""
    random = np.random.default_rng(0)
    v, o, far = random.normal(size=(3, 4)), random.normal(size=(3, 2, 4)), random.normal(size=(7, 4))
    there, often = np.array([[1, 1], [0, 1], [0, 0]], np.bool_), random.random(7)
    sigmoid, k = (lambda x: 1 / (1 + np.exp(-x))), 5
    pairs = [
        -np.log(sigmoid(v[row] @ o[row, place])) - k * often / often.sum() @ np.log(sigmoid(-far @ v[row]))
        for row, place in np.argwhere(there)
    ]
    arrays = (v, o, there, far, k * often * 7 / often.sum())
    found = skip_gram(*(torch.from_numpy(np.asarray(array)) for array in arrays))
    assert found.item() == pytest.approx(np.mean(pairs))


def test_a_book_that_nobody_met_is_found_by_its_words(learned: Word2Vec):
    lesson = told()
    for user in range(READERS):
        liked = lesson.likes[lesson.likes[:, 0] == user, 1]
        scores = learned.items @ learned.query(liked, liked)
        assert (np.sort(NEW[np.argsort(-scores[NEW])[:2]]) // (BOOKS // 2) == user % 2).all()


def test_the_last_column_is_how_likely_an_item_is_by_chance(learned: Word2Vec):
    often = (np.bincount(told().likes[:, 1], minlength=BOOKS) + 1) ** 0.75
    np.testing.assert_allclose(np.exp(learned.items[:, -1]), often / often.mean(), rtol=1e-4)
    assert learned.query(np.array([3]), np.array([3]))[-1] == 1


def test_the_newest_likes_are_the_context(learned: Word2Vec):
    liked = np.arange(BOOKS)
    assert learned.query(liked, liked).tobytes() == learned.query(liked[-NEWEST:], liked).tobytes()
    assert learned.query(liked, liked).tobytes() != learned.query(liked[:NEWEST], liked).tobytes()
    assert not learned.query(liked[:0], liked).any()


def test_seeds_repeat_and_differ_and_divergence_is_a_sentence():
    quick = replace(OPTIONS, epochs=1)
    one, same, other = (learn(chains(seed), quick) for seed in (0, 0, 1))
    assert one.items.tobytes() == same.items.tobytes()
    assert one.items.tobytes() != other.items.tobytes()
    with pytest.raises(InputError, match=r"word2vec has diverged; try a smaller word2vec\.learning_rate"):
        learn(chains(), replace(OPTIONS, learning_rate=1e30))


def test_memory_grows_with_the_vectors():
    few, more = (need(library(), replace(OPTIONS, dim=dim)) for dim in (8, 80))
    assert more.bytes - few.bytes > 72 * BOOKS * 4 * 2 * 4
    assert few.option == "word2vec.dim"
