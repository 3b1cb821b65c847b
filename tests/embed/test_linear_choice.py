"""The regularisation that finds likes which were kept back is the one that is taken."""

import numpy as np
import pytest

from embed.linear import LinearOptions, linear_neighbours
from embed.linear_choice import GRID, _summit, chosen

NOTHING = np.empty((0, 3), np.int32)


def tastes(noise: float) -> np.ndarray:
    """60 users with one of three tastes among 90 items, and some likes that mean nothing."""
    random = np.random.default_rng(0)
    taste = np.arange(60)[:, None] % 3 == np.arange(90) % 3
    return np.argwhere(np.where(taste, random.random((60, 90)) < 0.5, random.random((60, 90)) < noise)).astype(np.int32)


def choose(likes: np.ndarray, options: LinearOptions) -> LinearOptions:
    return chosen(likes, NOTHING, n_users=60, n_items=90, options=options, seed=0)


def test_it_is_one_of_the_grid_and_the_same_again():
    first = choose(tastes(0.1), LinearOptions())
    assert first.regularisation in GRID
    assert choose(tastes(0.1), LinearOptions()) == first


def test_what_is_given_is_taken():
    assert choose(tastes(0.1), LinearOptions(regularisation=7.5)).regularisation == 7.5


def test_too_few_likes_to_choose_by_get_the_middle():
    assert choose(np.array([(0, 0)], np.int32), LinearOptions()).regularisation == GRID[3]


def test_weights_without_a_choice_are_refused():
    with pytest.raises(ValueError, match="has to be chosen first"):
        linear_neighbours(tastes(0.1), NOTHING, n_users=60, n_items=90, options=LinearOptions())


@pytest.mark.parametrize("summit", range(7))
def test_a_hill_is_climbed_from_either_side_and_not_all_of_it(summit: int):
    asked = []

    def height(place: int) -> float:
        asked.append(place)
        return -abs(place - summit)

    assert _summit(height, 7) == summit
    assert len(set(asked)) <= 2 + abs(summit - 3) + 1


def test_level_ground_is_not_left():
    assert _summit(lambda place: 0.5, 7) == 3
    assert _summit(lambda place: 0.5, 1) == 0
