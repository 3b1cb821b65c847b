"""Labels of pairs: AUC counts pairs, F1 is what it is where nothing is there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.labelled import accuracy, auc, f1

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=30))
def test_auc_counts_pairs(pairs):
    scores, labels = (np.array(part, np.float32) for part in zip(*pairs, strict=True))
    wins = [(s > t) + (s == t) / 2 for s, a in pairs for t, b in pairs if a and not b]
    assert auc(scores, labels) == pytest.approx(np.mean(wins) if wins else 0.5)


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=30))
def test_auc_reads_the_order_alone(pairs):
    scores, labels = (np.array(part, np.float32) for part in zip(*pairs, strict=True))
    assert auc(np.exp(scores), labels) == auc(scores, labels)
    assert auc(-scores, labels) == pytest.approx(1 - auc(scores, labels))


@given(PAIRS)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(pairs):
    predicted, labels = np.array(pairs, np.bool_).T
    met = sum(p and y for p, y in pairs)
    if not met:
        assert f1(predicted, labels) == 0
        return
    precision, recall = met / predicted.sum(), met / labels.sum()
    assert f1(predicted, labels) == pytest.approx(2 * precision * recall / (precision + recall))


@given(PAIRS)
def test_accuracy_counts_what_was_right(pairs):
    predicted, labels = np.array(pairs, np.bool_).T
    assert accuracy(predicted, labels) == pytest.approx(sum(p == y for p, y in pairs) / len(pairs))
    assert accuracy(predicted, labels) + accuracy(~predicted, labels) == pytest.approx(1)


def test_where_there_is_nothing():
    yes, no, none = np.ones(3, np.bool_), np.zeros(3, np.bool_), np.zeros(0, np.bool_)
    assert f1(no, yes) == f1(yes, no) == f1(no, no) == f1(none, none) == 0
    assert f1(yes, yes) == 1
    assert accuracy(no, no) == 1
    assert accuracy(none, none) == 0
    assert auc(np.ones(3), yes) == auc(np.ones(3), no) == 0.5
