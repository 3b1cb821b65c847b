"""ALS is where its equations hold: each side is the solution for the other, and a history that of one more user."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.als import Als
from embed.als_learning import AlsOptions, learn, need
from embed.lesson import Lesson
from tests.embed.readers import liked_by, of_the_library
from tests.retrieval.test_training import BOOKS, READERS

OPTIONS = AlsOptions(dim=4, confidence=6.0, regularisation=0.5, rounds=1000)
NOTHING = np.empty(0, np.int32)


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return of_the_library()


@pytest.fixture(scope="module")
def als(lesson: Lesson) -> Als:
    return learn(lesson, OPTIONS)


def users(lesson: Lesson, als: Als) -> np.ndarray:
    return np.stack([als.query(liked_by(lesson, user), NOTHING) for user in range(READERS)])


def solved(vectors: np.ndarray, confidence: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Equation 4 written out, with all of C; `held` is λI in the coordinates of the vectors: float64 (d,)."""
    y = vectors.astype(np.float64)
    left = y.T @ np.diag(confidence) @ y + held
    return np.linalg.inv(left) @ y.T @ np.diag(confidence) @ (confidence > 1)


def held(als: Als) -> np.ndarray:
    """λI in the coordinates of users: what is missing there to the identity."""
    y = als.items.astype(np.float64)
    return np.eye(y.shape[1]) - y.T @ y


def test_a_user_is_the_solution_of_the_normal_equations(lesson: Lesson, als: Als):
    for user in range(READERS):
        confidence = np.where(np.isin(np.arange(BOOKS), liked_by(lesson, user)), OPTIONS.confidence, 1)
        query = als.query(liked_by(lesson, user), NOTHING)
        np.testing.assert_allclose(query, solved(als.items, confidence, held(als)), rtol=1e-3, atol=1e-4)


def test_an_item_is_the_solution_of_the_same_equations_for_those_users(lesson: Lesson, als: Als):
    x, of_items = users(lesson, als), OPTIONS.regularisation**2 * np.linalg.inv(held(als))
    for item in range(BOOKS):
        fans = lesson.likes[lesson.likes[:, 1] == item, 0]
        confidence = np.where(np.isin(np.arange(READERS), fans), OPTIONS.confidence, 1)
        np.testing.assert_allclose(als.items[item], solved(x, confidence, of_items), rtol=0.05, atol=0.02)


def test_readers_of_one_half_of_the_shelf_are_shown_that_half(lesson: Lesson, als: Als):
    for user, query in enumerate(users(lesson, als)):
        best = np.argsort(-(als.items @ query))[: BOOKS // 4]
        assert (best // (BOOKS // 2) == user % 2).mean() > 0.9


def test_the_same_seed_is_the_same_bits_and_another_is_not(lesson: Lesson, als: Als):
    again, other = learn(lesson, OPTIONS), learn(Lesson(lesson.snapshot, lesson.known, seed=1), OPTIONS)
    assert again.items.tobytes() == als.items.tobytes()
    assert other.items.tobytes() != als.items.tobytes()


def test_few_likes_and_many_are_solved_for_alike(als: Als):
    y = als.items.astype(np.float64)
    for n in range(1, BOOKS):  # four dimensions: fewer equations than likes, and more
        history = np.arange(n, dtype=np.int32)
        wanted = solved(y, np.where(np.arange(BOOKS) < n, OPTIONS.confidence, 1), held(als))
        np.testing.assert_allclose(als.query(history, NOTHING), wanted, rtol=1e-4, atol=1e-5)


@settings(max_examples=20)
@given(liked=st.sets(st.integers(0, BOOKS - 1)))
def test_any_history_has_a_query_and_an_empty_one_says_nothing(als: Als, liked: set[int]):
    query = als.query(np.array(sorted(liked), np.int32), NOTHING)
    assert query.shape == (OPTIONS.dim,)
    assert query.dtype == np.float32
    assert np.isfinite(query).all()
    assert query.any() == bool(liked)


def test_memory_grows_with_the_vectors(lesson: Lesson):
    few, more = need(lesson.snapshot, AlsOptions(dim=8)), need(lesson.snapshot, AlsOptions(dim=80))
    assert more.bytes - few.bytes >= (BOOKS + READERS) * 72 * 4
    assert need(lesson.snapshot, OPTIONS).option == "als.dim"
