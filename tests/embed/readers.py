"""A teacher's lesson from the library: what its readers like."""

import numpy as np

from embed.lesson import Lesson
from tests.retrieval.test_training import library


def of_the_library() -> Lesson:
    """All that its readers did is known."""
    return Lesson(library(), library().interactions)


def liked_by(lesson: Lesson, user: int) -> np.ndarray:
    """Item numbers, sorted."""
    return lesson.likes[lesson.likes[:, 0] == user, 1]
