import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embed.itemknn import item_neighbours

USERS, ITEMS = 5, 7
PAIRS = st.lists(st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1)), max_size=40)


@given(pairs=PAIRS, k=st.integers(1, 9), shrinkage=st.sampled_from([0.0, 1.0, 10.0]))
def test_the_nearest_are_the_nearest_by_the_equation(pairs, k, shrinkage):
    likes = np.array(pairs, np.int32).reshape(-1, 2)
    near = item_neighbours(likes, n_users=USERS, n_items=ITEMS, k=k, shrinkage=shrinkage)
    fans = [{u for u, i in pairs if i == item} for item in range(ITEMS)]
    for item in range(ITEMS):
        weights = {
            other: len(fans[item] & fans[other]) / (np.sqrt(len(fans[item]) * len(fans[other])) + shrinkage)
            for other in range(ITEMS)
            if other != item and fans[item] & fans[other]
        }
        expected = sorted(weights.values(), reverse=True)[:k]
        ids = [i for i in near.ids[item].tolist() if i >= 0]
        assert len(ids) == len(expected)
        np.testing.assert_allclose(near.weights[item, : len(ids)], expected, rtol=1e-5)
        np.testing.assert_allclose([weights[i] for i in ids], expected, rtol=1e-5)
        assert not near.weights[item, len(ids) :].any()
