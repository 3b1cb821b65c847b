"""The nearest users speak as the equation says; hubs are bounded."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embed import userknn
from embed.userknn import FANS, user_neighbours

USERS, ITEMS = 6, 8
PAIRS = st.sets(st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1)), max_size=40)
HISTORY = st.lists(st.integers(0, ITEMS - 1), unique=True, max_size=ITEMS)


def neighbours(pairs, n_users=USERS, n_items=ITEMS):
    likes = np.array(sorted(pairs), np.int32).reshape(-1, 2)
    return user_neighbours(likes, n_users=n_users, n_items=n_items, seed=0)


def by_the_equation(pairs, liked, nearest):
    fans = [{u for u, i in pairs if i == item} for item in range(ITEMS)]
    likes = [{i for u, i in pairs if u == user} for user in range(USERS)]
    near = [
        sum(1 / len(fans[i]) for i in liked if user in fans[i]) / max(1, len(likes[user])) ** 0.5
        for user in range(USERS)
    ]
    speaking = sorted(range(USERS), key=lambda user: -near[user])[:nearest]
    return [sum(near[user] for user in speaking if item in likes[user]) for item in range(ITEMS)]


@given(pairs=PAIRS, liked=HISTORY)
def test_scores_are_those_of_the_equation(pairs, liked):
    got = neighbours(pairs).score(np.array(liked, np.int32))
    np.testing.assert_allclose(got, by_the_equation(pairs, liked, USERS), rtol=1e-5, atol=1e-7)


@given(pairs=PAIRS, liked=HISTORY)
def test_the_order_of_a_history_says_nothing(pairs, liked):
    near = neighbours(pairs)
    there, back = (near.score(np.array(order, np.int32)) for order in (liked, liked[::-1]))
    np.testing.assert_allclose(there, back, rtol=1e-5, atol=1e-7)


def test_only_the_nearest_speak(monkeypatch):
    monkeypatch.setattr(userknn, "NEAREST", 1)
    pairs = {(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 3), (2, 1), (2, 4)}
    got = neighbours(pairs).score(np.array([0, 1, 2], np.int32))
    assert got[2] > 0
    assert not got[[3, 4]].any()


def test_of_an_item_that_everybody_likes_only_some_fans_are_looked_at():
    crowd = FANS + 500
    near = neighbours({(user, 0) for user in range(crowd)} | {(0, 1)}, n_users=crowd)
    assert np.diff(near.item_indptr).tolist() == [FANS, 1, *[0] * (ITEMS - 2)]
    assert len(set(near.fan[:FANS].tolist())) == FANS
    assert near.rarity[0] == np.float32(1 / crowd)
    assert len(near.liked) == crowd + 1
