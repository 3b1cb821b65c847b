"""Users who like items in an order that can be learned."""

from dataclasses import replace

import numpy as np

from embed.lesson import Lesson
from kg.snapshot import Interactions
from tests.retrieval.test_training import BOOKS, library

USERS, EACH = 60, 12


def chains(seed: int = 0, device: str = "cpu") -> Lesson:
    """Each user begins somewhere and likes book after book, round the shelf; each fourth one is met, but not liked."""
    start = np.random.default_rng(1).integers(0, BOOKS, USERS)
    item = (start[:, None] + np.arange(EACH)) % BOOKS
    m = item.size
    known = Interactions(
        user=np.repeat(np.arange(USERS), EACH).astype(np.int32),
        item=item.ravel().astype(np.int32),
        kind=np.zeros(m, np.int16),
        value=np.ones(m, np.float32),
        at=np.arange(m, dtype=np.int64),
        positive=item.ravel() % 4 != 3,
    )
    return Lesson(replace(library(), n_users=USERS, interactions=known), known, seed, device)
