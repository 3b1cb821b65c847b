"""Texts say what is liked together: also of a book that nobody has met."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from embed.content_learning import Ridge, mean_of
from embed.encoder_tuning import TuningOptions
from embed.lesson import Lesson
from embed.sentences import Sentences
from embed.sentences_learning import SentencesOptions, learn, need, texts
from ontology.errors import InputError
from service.pairs import tuned
from tests.embed.bert import bert
from tests.embed.encoders import DIM, tiny
from tests.retrieval.test_training import BOOKS, QUICK, READERS, WRITERS, library

NEW = np.array([0, 1, BOOKS - 2, BOOKS - 1])
"""Nobody has met these."""


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> SentencesOptions:
    return SentencesOptions(str(tiny(tmp_path_factory.mktemp("encoder"))), dim=4)


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    """One half of the shelf has rivers, the other knights."""
    snapshot = library()
    plots = ["a river boat"] * (BOOKS // 2) + ["castle. a knight"] * (BOOKS // 2)
    said = tuple(json.dumps({"plot": plot}) for plot in plots)
    known = snapshot.interactions.where(~np.isin(snapshot.interactions.item, NEW))
    return Lesson(replace(snapshot, properties=said + snapshot.properties[BOOKS:], interactions=known), known)


@pytest.fixture(scope="module")
def sentences(lesson: Lesson, options: SentencesOptions) -> Sentences:
    return learn(lesson, options)


def test_new_books_are_found_by_their_texts(lesson: Lesson, sentences: Sentences):
    for user in range(READERS):
        liked = lesson.likes[lesson.likes[:, 0] == user, 1]
        scores = sentences.items @ sentences.query(liked, liked)
        assert (np.sort(NEW[np.argsort(-scores[NEW])[:2]]) // (BOOKS // 2) == user % 2).all()


def test_a_transformer_is_tuned_where_it_is_asked_for(lesson: Lesson, tmp_path: Path):
    asked = SentencesOptions(str(bert(tmp_path)), dim=4, transformer=TuningOptions(epochs=2, learning_rate=0.01))
    as_it_is = replace(asked, transformer=TuningOptions(epochs=0))
    assert not np.allclose(texts(lesson, asked), texts(lesson, as_it_is), atol=0.1)
    np.testing.assert_array_equal(texts(lesson, as_it_is), texts(lesson, SentencesOptions(asked.path)))
    assert need(lesson.snapshot, asked).bytes > need(lesson.snapshot, as_it_is).bytes
    learned, user = learn(lesson, asked), 0
    liked = lesson.likes[lesson.likes[:, 0] == user, 1]
    scores = learned.items @ learned.query(liked, liked)
    assert (np.sort(NEW[np.argsort(-scores[NEW])[:2]]) // (BOOKS // 2) == user % 2).all()


def test_texts_lie_around_0_at_a_distance_of_1(lesson: Lesson, options: SentencesOptions):
    z = texts(lesson, options)
    assert z.shape == (BOOKS, DIM + 1)
    np.testing.assert_allclose(z[:, :-1].mean(axis=0), 0, atol=1e-6)
    assert np.square(z[:, :-1]).sum() / BOOKS == pytest.approx(1, rel=1e-5)
    assert (z[:, -1] == 1).all()


def test_a_score_is_the_ridge_regression_of_likes_on_both_texts(lesson: Lesson, options: SentencesOptions):
    told = replace(options, user_regularisation=0.1, item_regularisation=0.01)
    z, learned = texts(lesson, told), learn(lesson, told)
    shape = (READERS, BOOKS)
    liked = sparse.csr_matrix((np.ones(len(lesson.likes), np.float32), lesson.likes.T), shape)
    both = Ridge(z, liked, 4).fit(0.1, 0.01)
    expected = mean_of(liked, z @ both.users) @ (z @ both.items).T
    for user in range(READERS):
        items = lesson.likes[lesson.likes[:, 0] == user, 1]
        np.testing.assert_allclose(learned.items @ learned.query(items, items), expected[user], rtol=1e-3, atol=1e-4)


def test_texts_of_which_nothing_is_known_are_learned_from_as_nothing(options: SentencesOptions):
    snapshot = replace(library(), names=("unknown",) * (BOOKS + READERS + WRITERS))
    learned = learn(Lesson(snapshot, snapshot.interactions), options)
    assert np.isfinite(learned.items).all()
    np.testing.assert_allclose(learned.items, np.broadcast_to(learned.items[0], learned.items.shape), atol=1e-6)


def test_the_same_seed_is_the_same_bits(lesson: Lesson, options: SentencesOptions, sentences: Sentences):
    assert learn(lesson, options).items.tobytes() == sentences.items.tobytes()


def test_an_empty_history_says_nothing(sentences: Sentences):
    nothing = np.empty(0, np.int32)
    assert not sentences.query(nothing, nothing).any()


def test_a_path_may_stand_bare():
    for pair in ("sentences.path=/models/some", 'sentences.path="/models/some"'):
        assert tuned(QUICK, [pair]).teachers.sentences.path == "/models/some"


def test_memory_grows_with_the_encoder_and_without_one_nothing_is_begun(lesson: Lesson, options: SentencesOptions):
    few, more = need(lesson.snapshot, options), need(lesson.snapshot, replace(options, dim=1000))
    assert more.bytes - few.bytes >= BOOKS * 996 * 8
    untuned = need(lesson.snapshot, replace(options, tuning=TuningOptions(epochs=0)))
    assert few.bytes - untuned.bytes > 4 * sum(map(len, lesson.snapshot.properties[:BOOKS]))
    with pytest.raises(InputError, match=r"--set sentences\.path"):
        need(lesson.snapshot, SentencesOptions())
    with pytest.raises(InputError, match="no folder /nowhere/at/all"):
        need(lesson.snapshot, SentencesOptions("/nowhere/at/all"))
