"""What lists are beyond right, by hand and by law."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.adjacency import adjacency
from embed.beyond import coverage, diversity, gini, novelty, popularity
from tests.worlds import BOOKS, N, triples

ITEMS = 12
LIST = st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=6, unique=True).map(np.array)
LISTS = st.lists(LIST, min_size=1, max_size=8)


@given(LISTS)
def test_coverage_counts_what_is_shown(lists):
    assert coverage(lists, ITEMS) == len({i for items in lists for i in items.tolist()}) / ITEMS


@given(LISTS)
def test_gini_is_the_mean_difference_of_two_items(lists):
    shown = np.bincount(np.concatenate(lists), minlength=ITEMS)
    differences = np.abs(shown[:, None] - shown).sum()  # Gini's own definition, over all pairs
    assert gini(lists, ITEMS) == pytest.approx(differences / (2 * ITEMS * shown.sum()))


def test_gini_at_its_ends():
    assert gini([np.arange(ITEMS)] * 3, ITEMS) == pytest.approx(0)
    assert gini([np.array([3])] * 3, ITEMS) == pytest.approx(1 - 1 / ITEMS)
    assert gini([], ITEMS) == 0


def test_novelty_and_popularity_by_hand():
    likers = np.array([8, 4, 1, 0])
    assert novelty(np.array([0, 1]), likers, 8) == pytest.approx((0 + 1) / 2)
    assert novelty(np.array([2, 3]), likers, 8) == 3  # of nobody as of one
    assert popularity(np.array([0, 1, 3]), likers) == 4


@given(items=LIST, likers=st.lists(st.integers(1, 50), min_size=ITEMS, max_size=ITEMS).map(np.array))
def test_the_more_popular_the_less_new(items, likers):
    assert novelty(items, likers, 50) >= 0
    assert novelty(items, 2 * likers, 100) == pytest.approx(novelty(items, likers, 50))
    assert novelty(items, likers, 50) >= np.log2(50 / popularity(items, likers)) - 1e-9  # Jensen


@given(rows=triples(), items=LIST)
def test_diversity_is_the_mean_distance_of_two_items(rows, items):
    graph = adjacency(np.array(rows, np.int32).reshape(-1, 3), N)
    touched = [set(graph.row(i)[0].tolist()) for i in items.tolist()]
    pairs = [(a, b) for place, a in enumerate(touched) for b in touched[:place]]
    distances = [1 - len(a & b) / len(a | b) if a | b else 1 for a, b in pairs]
    assert diversity(items, graph) == pytest.approx(np.mean(distances) if pairs else 0)
    assert diversity(items[::-1], graph) == pytest.approx(diversity(items, graph))


def test_twins_are_no_diversity():
    rows = [(b, 0, BOOKS + 5 + w) for b in (0, 1) for w in (0, 1)]
    graph = adjacency(np.array(rows, np.int32), N)
    assert diversity(np.array([0, 1]), graph) == 0
    assert diversity(np.array([0, 2]), graph) == 1
