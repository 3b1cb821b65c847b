import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embed.weights import item_weights
from tests.embed.dense import dense

ITEMS = 6
NUMBER = st.integers(0, ITEMS - 1)
ENTRIES = st.lists(st.tuples(NUMBER, NUMBER, st.sampled_from([-1.5, 0.0, 0.25, 2.0])), max_size=20)


@given(entries=ENTRIES, liked=st.lists(NUMBER, max_size=4, unique=True))
def test_the_score_is_the_sum_of_the_rows_of_what_is_liked(entries, liked):
    source, target, weight = np.array(entries, float).reshape(-1, 3).T
    weights = item_weights(source.astype(int), target.astype(int), weight, ITEMS)
    matrix = np.zeros((ITEMS, ITEMS))
    for s, t, w in entries:
        matrix[s, t] += w
    np.testing.assert_allclose(dense(weights), matrix)
    np.testing.assert_allclose(weights.score(np.array(liked, np.int32)), matrix[liked].sum(axis=0))
    assert weights.weight.all()
    assert weights.score(np.array(liked, np.int32)).dtype == np.float32
