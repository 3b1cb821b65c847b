import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embed.itemknn import item_neighbours
from tests.embed.dense import dense

USERS, ITEMS = 5, 7
PAIRS = st.lists(st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1)), max_size=40)


@given(pairs=PAIRS, k=st.integers(1, 9), shrinkage=st.sampled_from([0.0, 1.0, 10.0]))
def test_the_nearest_of_an_item_speak_for_it_as_the_equation_says(pairs, k, shrinkage):
    likes = np.array(pairs, np.int32).reshape(-1, 2)
    got = dense(item_neighbours(likes, n_users=USERS, n_items=ITEMS, k=k, shrinkage=shrinkage))
    fans = [{u for u, i in pairs if i == item} for item in range(ITEMS)]
    for item in range(ITEMS):
        weights = {
            other: len(fans[item] & fans[other]) / (np.sqrt(len(fans[item]) * len(fans[other])) + shrinkage)
            for other in range(ITEMS)
            if other != item and fans[item] & fans[other]
        }
        speaking = np.flatnonzero(got[:, item]).tolist()
        expected = sorted(weights.values(), reverse=True)[:k]
        np.testing.assert_allclose(sorted(got[speaking, item], reverse=True), expected, rtol=1e-5)
        np.testing.assert_allclose(got[speaking, item], [weights[i] for i in speaking], rtol=1e-5)
