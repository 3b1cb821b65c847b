"""Kernel regression: the kernel is that of a wide network, and what is learned solves the equations as they stand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.kernel import DEPTH, ITSELF, Kernel, tangent_kernel
from embed.kernel_learning import _NUGGET, KernelOptions, learn, need
from embed.lesson import Lesson
from ontology.errors import InputError
from tests.embed.readers import liked_by, of_the_library
from tests.retrieval.test_training import BOOKS, READERS

OPTIONS = KernelOptions(landmarks=READERS // 2)
NOTHING = np.empty(0, np.int32)
NETWORKS, WIDTH = 100, 500


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return of_the_library()


@pytest.fixture(scope="module")
def kernel(lesson: Lesson) -> Kernel:
    return learn(lesson, OPTIONS)


def alike(lesson: Lesson, kernel: Kernel) -> np.ndarray:
    return np.stack([kernel.query(liked_by(lesson, user), NOTHING) for user in range(READERS)])


def gradient(parameters: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """That of a network whose hidden layers have the scale of Jacot et al., with sqrt(2) for ReLU."""
    *hidden, last = parameters
    for weight in hidden:
        x = (weight @ x * (2 / len(weight)) ** 0.5).relu()
    return torch.cat([g.ravel() for g in torch.autograd.grad(last @ x, parameters)])


@pytest.mark.parametrize("cosine", [-0.5, 0.0, 0.3, 0.9, 1.0])
def test_the_kernel_is_that_of_wide_networks(cosine: float):
    random = torch.Generator().manual_seed(0)
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([cosine, (1 - cosine**2) ** 0.5])
    found = []
    for _ in range(NETWORKS):
        shapes = [(WIDTH, 2), *[(WIDTH, WIDTH)] * (DEPTH - 1), (WIDTH,)]
        parameters = [torch.randn(shape, generator=random).requires_grad_() for shape in shapes]
        found.append((gradient(parameters, one) @ gradient(parameters, other)).item())
    assert tangent_kernel(np.array([cosine], np.float32)) == pytest.approx([np.mean(found)], abs=0.1)


def test_nothing_is_as_like_a_history_as_itself():
    found = tangent_kernel(np.linspace(0, 1, 101, dtype=np.float32))
    assert found[-1] == ITSELF
    assert (np.diff(found) > 0).all()


def test_how_alike_histories_are_is_their_cosine_with_rare_items_counting_more(lesson: Lesson, kernel: Kernel):
    popularity = np.bincount(lesson.likes[:, 1], minlength=BOOKS)
    x = np.zeros((READERS, BOOKS))
    x[tuple(lesson.likes.T)] = 1
    x *= np.maximum(popularity, 1) ** -OPTIONS.item_exponent
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    cosines = np.array([[a @ b for b in x] for a in x], np.float32)
    every = tangent_kernel(cosines)
    found = alike(lesson, kernel)
    columns = [np.flatnonzero(np.abs(every - column[:, None]).max(axis=0) < 1e-3) for column in found.T]
    assert all(len(column) for column in columns)


def test_what_is_learned_solves_the_equations(lesson: Lesson, kernel: Kernel):
    """Kᵀ(K W - X) + λ K_ZZ W = 0, with the nugget, where a history is as like itself as 1."""
    k = alike(lesson, kernel).astype(np.float64)
    landmarks = [liked_by(lesson, user) for user in range(READERS) if (k[user] > ITSELF - 0.02).any()]
    between = np.stack([kernel.query(liked, NOTHING) for liked in landmarks]).astype(np.float64)
    assert between.shape == (OPTIONS.landmarks, OPTIONS.landmarks)
    between[np.diag_indices_from(between)] *= 1 + _NUGGET
    x = np.zeros((READERS, BOOKS))
    x[tuple(lesson.likes.T)] = 1
    left = k.T @ k + OPTIONS.regularisation * READERS**0.5 * ITSELF * between
    np.testing.assert_allclose(kernel.items, np.linalg.solve(left, k.T @ x).T, rtol=1e-3, atol=1e-4)


def test_readers_of_one_half_of_the_shelf_are_shown_that_half(lesson: Lesson, kernel: Kernel):
    for user, query in enumerate(alike(lesson, kernel)):
        best = np.argsort(-(kernel.items @ query))[: BOOKS // 4]
        assert (best // (BOOKS // 2) == user % 2).mean() > 0.9


def test_the_same_seed_is_the_same_bits_and_another_has_other_landmarks(lesson: Lesson, kernel: Kernel):
    again, other = learn(lesson, OPTIONS), learn(Lesson(lesson.snapshot, lesson.known, seed=1), OPTIONS)
    assert again.items.tobytes() == kernel.items.tobytes()
    assert other.fan.tolist() != kernel.fan.tolist()


def all_like_the_first(lesson: Lesson) -> Lesson:
    known = lesson.known.where(lesson.known.user == 0)
    columns = {name: np.tile(column, READERS) for name, column in vars(known).items()}
    user = np.repeat(np.arange(READERS, dtype=np.int32), len(known))
    return Lesson(lesson.snapshot, replace(known, **columns | {"user": user}))


def test_users_who_like_the_same_leave_an_answer(lesson: Lesson):
    kernel, liked = learn(all_like_the_first(lesson), OPTIONS), liked_by(lesson, 0)
    scores = kernel.items @ kernel.query(liked, NOTHING)
    np.testing.assert_allclose(scores[liked], 1, atol=0.05)
    np.testing.assert_allclose(np.delete(scores, liked), 0, atol=1e-5)


@pytest.mark.parametrize("regularisation", [1e-300, 1e308])
def test_a_regularisation_that_leaves_no_answer_is_a_sentence(lesson: Lesson, regularisation: float):
    with pytest.raises(InputError, match=r"kernel\.regularisation nearer to \.05"):
        learn(all_like_the_first(lesson), replace(OPTIONS, regularisation=regularisation))


@settings(max_examples=20)
@given(liked=st.sets(st.integers(0, BOOKS - 1)))
def test_any_history_has_a_query_and_an_empty_one_says_nothing(kernel: Kernel, liked: set[int]):
    query = kernel.query(np.array(sorted(liked), np.int32), NOTHING)
    assert query.shape == (OPTIONS.landmarks,)
    assert query.dtype == np.float32
    assert np.isfinite(query).all()
    assert query.any() == bool(liked)


def test_nothing_liked_is_nothing_learned(lesson: Lesson):
    kernel = learn(Lesson(lesson.snapshot, lesson.known.where(lesson.known.user < 0)), OPTIONS)
    assert kernel.items.shape == (BOOKS, 0)
    assert kernel.query(np.array([0]), NOTHING).shape == (0,)


def test_items_may_count_as_little_as_there_is(lesson: Lesson):
    kernel = learn(lesson, replace(OPTIONS, item_exponent=1e9))
    assert np.isfinite(kernel.items).all()
    assert np.isfinite(alike(lesson, kernel)).all()


def test_memory_grows_with_the_landmarks_up_to_the_users(lesson: Lesson):
    few, more, most = (need(lesson.snapshot, KernelOptions(landmarks=n)) for n in (8, READERS, 10 * READERS))
    assert few.bytes < more.bytes == most.bytes
    assert more.option == "kernel.landmarks"
