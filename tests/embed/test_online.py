"""Element-wise ALS: each coordinate is where the loss is least, a history is one more user, and an event moves it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.lesson import Lesson
from embed.online import Online, fitted
from embed.online_learning import OnlineOptions, Side, learn, need, sweep, weights
from tests.embed.readers import liked_by, of_the_library
from tests.retrieval.test_training import BOOKS, READERS

OPTIONS = OnlineOptions(dim=4, regularisation=0.5, rounds=30)
NOTHING = np.empty(0, np.int32)


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return of_the_library()


@pytest.fixture(scope="module")
def online(lesson: Lesson) -> Online:
    return learn(lesson, OPTIONS)


def loss(p: np.ndarray, q: np.ndarray, likes: np.ndarray, missing: np.ndarray) -> float:
    """Equation 7 over all pairs, of p (d, U) and q (d, I)."""
    liked = np.zeros((p.shape[1], q.shape[1]))
    liked[tuple(likes.T)] = 1
    weight = np.where(liked == 1, 1, missing)
    penalty = OPTIONS.regularisation * (np.square(p).sum() + np.square(q).sum())
    return float((weight * (liked - p.T @ q) ** 2).sum() + penalty)


def lowest(of, value: float) -> float:
    """Where a parabola is least, by three of its points."""
    left, middle, right = (of(value + step) for step in (-1, 0, 1))
    return value + (left - right) / (2 * (left - 2 * middle + right))


@pytest.mark.parametrize("side", ["users", "items"])
def test_a_sweep_sets_each_coordinate_to_what_makes_the_loss_least(lesson: Lesson, side: str):
    random = np.random.default_rng(3)
    p, q = random.normal(size=(3, READERS)), random.normal(size=(3, BOOKS))
    user, item = lesson.likes.astype(np.int64).T
    missing = weights(item, BOOKS, OPTIONS)
    assert len(np.unique(missing)) > 2
    users, items = Side(p.copy(), user, np.ones(READERS)), Side(q.copy(), item, missing)
    own, other = (users, items) if side == "users" else (items, users)
    expected = own.vectors.copy()
    for place in np.ndindex(expected.shape):  # row by row, as coordinates are swept

        def of(value: float, place: tuple[int, ...] = place) -> float:
            moved = expected.copy()
            moved[place] = value
            pair = (moved, q) if side == "users" else (p, moved)
            return loss(*pair, lesson.likes, missing)

        expected[place] = lowest(of, expected[place])
    sweep(own, other, OPTIONS.regularisation)
    np.testing.assert_allclose(own.vectors, expected, rtol=1e-6, atol=1e-8)


def test_a_history_is_the_solution_of_its_normal_equations(lesson: Lesson, online: Online):
    q = online.items.astype(np.float64)
    for user in range(READERS):
        liked = np.isin(np.arange(BOOKS), liked_by(lesson, user))
        weight = np.where(liked, 1, online.missing)
        solved = np.linalg.solve((q.T * weight) @ q + OPTIONS.regularisation * np.eye(4), q.T @ liked)
        np.testing.assert_allclose(online.query(np.flatnonzero(liked), NOTHING), solved, rtol=2e-3, atol=2e-3)


@given(seed=st.integers(0, 10_000), dim=st.integers(1, 12))
def test_coordinates_come_to_where_all_of_them_are_solved_for(seed: int, dim: int):
    random = np.random.default_rng(seed)
    half = random.normal(size=(dim, 3 * dim))
    left, right = half @ half.T / dim + np.eye(dim), random.normal(size=dim)
    np.testing.assert_allclose(fitted(left, right), np.linalg.solve(left, right), atol=0.02)


def test_an_event_more_moves_the_query_towards_the_item(online: Online):
    before = np.arange(5)
    for item in range(BOOKS // 2, BOOKS):
        query, moved = (online.query(liked, liked) for liked in (before, np.append(before, item)))
        assert online.items[item] @ moved > online.items[item] @ query


def test_what_more_people_like_weighs_more_where_it_is_missing(lesson: Lesson, online: Online):
    fans = np.bincount(lesson.likes[:, 1], minlength=BOOKS)
    assert (np.diff(online.missing[np.argsort(fans, kind="stable")]) >= 0).all()
    assert online.missing.mean() == pytest.approx(OPTIONS.missing, rel=1e-5)
    alike = weights(lesson.likes[:, 1], BOOKS, OnlineOptions(popularity=0))
    np.testing.assert_allclose(alike, OPTIONS.missing)


def test_readers_of_one_half_of_the_shelf_are_shown_that_half(lesson: Lesson, online: Online):
    for user in range(READERS):
        best = np.argsort(-(online.items @ online.query(liked_by(lesson, user), NOTHING)))[: BOOKS // 4]
        assert (best // (BOOKS // 2) == user % 2).mean() > 0.9


def test_the_same_seed_is_the_same_bits_and_another_is_not(lesson: Lesson, online: Online):
    again, other = learn(lesson, OPTIONS), learn(Lesson(lesson.snapshot, lesson.known, seed=1), OPTIONS)
    assert again.items.tobytes() == online.items.tobytes()
    assert other.items.tobytes() != online.items.tobytes()


@settings(max_examples=20)
@given(liked=st.sets(st.integers(0, BOOKS - 1)))
def test_any_history_has_a_query_and_an_empty_one_says_nothing(online: Online, liked: set[int]):
    query = online.query(np.array(sorted(liked), np.int32), NOTHING)
    assert (query.shape, query.dtype) == ((4,), np.float32)
    assert np.isfinite(query).all()
    assert query.any() == bool(liked)


def test_memory_grows_with_the_vectors(lesson: Lesson):
    few, more = need(lesson.snapshot, OnlineOptions(dim=8)), need(lesson.snapshot, OnlineOptions(dim=80))
    assert more.bytes - few.bytes >= (BOOKS + READERS) * 72 * 8
    assert need(lesson.snapshot, OPTIONS).option == "online.dim"
