import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embed.metrics import hit, ndcg, ndcg_kgat, recall

RANKED = st.permutations(range(30)).map(np.array)
RELEVANT = st.sets(st.integers(0, 40), min_size=1).map(lambda s: np.array(sorted(s)))


def test_values_worked_out_by_hand():
    ranked, relevant = np.array([7, 1, 9, 4]), np.array([1, 4, 5])
    assert recall(ranked, relevant, 2) == 1 / 3
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert math.isclose(ndcg(ranked, relevant, 4), (1 / math.log2(3) + 1 / math.log2(5)) / ideal)
    assert math.isclose(ndcg(ranked, relevant, 2), (1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert math.isclose(ndcg_kgat(ranked, relevant, 4), (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3)))
    assert [hit(ranked, relevant, k) for k in (1, 2, 4)] == [0, 1, 1]


@given(ranked=RANKED, relevant=RELEVANT, k=st.integers(1, 40))
def test_they_lie_between_0_and_1_and_1_means_all_found(ranked, relevant, k):
    assert 0 <= recall(ranked, relevant, k) <= 1
    assert 0 <= ndcg(ranked, relevant, k) <= 1 + 1e-12
    first = np.concatenate([relevant, ranked[~np.isin(ranked, relevant)]])
    assert math.isclose(ndcg(first, relevant, k), 1)
    assert recall(first, relevant, len(first)) == 1


@given(ranked=RANKED, relevant=RELEVANT, k=st.integers(1, 40))
def test_the_variant_of_kgat_never_reads_lower_and_a_hit_is_some_recall(ranked, relevant, k):
    assert ndcg(ranked, relevant, k) <= ndcg_kgat(ranked, relevant, k) + 1e-12 <= 1 + 1e-9
    assert (recall(ranked, relevant, k) > 0) == (hit(ranked, relevant, k) == 1) == (ndcg_kgat(ranked, relevant, k) > 0)
