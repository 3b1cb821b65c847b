"""The protocol equals its definition, user by user."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from embed import metrics, protocol
from embed.protocol import Split, all_ranking, mean, read_split
from ontology.errors import InputError

USERS, ITEMS = 6, 30
SETS = st.lists(st.sets(st.integers(0, ITEMS - 1), max_size=12), min_size=USERS, max_size=USERS)


def matrix(sets) -> sparse.csr_matrix:
    dense = np.zeros((USERS, ITEMS), np.float32)
    for user, items in enumerate(sets):
        dense[user, sorted(items)] = 1
    return sparse.csr_matrix(dense)


@settings(max_examples=60, deadline=None)
@given(train=SETS, test=SETS, k=st.integers(1, 35), seed=st.integers(0, 5))
def test_every_user_has_the_value_of_the_definition(train, test, k, seed):
    test = [later - before for later, before in zip(test, train, strict=True)]
    scores = np.random.default_rng(seed).normal(size=(USERS, ITEMS)).astype(np.float32)
    split = Split(matrix(train), matrix(test))
    users = [u for u in range(USERS) if test[u]]
    if not users:
        return
    got = all_ranking(lambda block: scores[block], split, k)
    assert len(got.recall) == len(users)
    for place, user in enumerate(users):
        ranked = np.array([i for i in np.argsort(-scores[user]).tolist() if i not in train[user]])
        relevant = np.array(sorted(test[user]))
        assert got.recall[place] == pytest.approx(metrics.recall(ranked, relevant, k))
        assert got.ndcg[place] == pytest.approx(metrics.ndcg(ranked, relevant, min(k, ITEMS)))
        found = np.isin(ranked[:k], relevant)
        discount = 1 / np.log2(np.arange(2, len(found) + 2))
        ideal = discount[: found.sum()].sum()
        assert got.ndcg_kgat[place] == pytest.approx((found * discount).sum() / ideal if found.any() else 0)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(0)
    sets = [set(random.integers(0, ITEMS, 5).tolist()) for _ in range(USERS)]
    scores = random.normal(size=(USERS, ITEMS)).astype(np.float32)
    split = Split(matrix([set()] * USERS), matrix(sets))
    whole = all_ranking(lambda block: scores[block], split)
    monkeypatch.setattr(protocol, "_BLOCK_ENTRIES", 2 * ITEMS)
    parts = all_ranking(lambda block: scores[block], split)
    np.testing.assert_array_equal(whole.ndcg, parts.ndcg)


def test_a_split_is_read_and_its_mistakes_are_named(tmp_path: Path):
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    train.write_text("0 1 2\n1 0 0\n2\n")
    test.write_text("0 3\n")
    split = read_split(train, test)
    assert split.train.toarray().tolist() == [[0, 1, 1, 0], [1, 0, 0, 0]]
    assert split.likes.tolist() == [[0, 1], [0, 2], [1, 0]]
    test.write_text("0 3\n1 x\n")
    with pytest.raises(InputError, match=r"test.txt, line 2: has to be numbers.*'1 x"):
        read_split(train, test)
    with pytest.raises(InputError, match="cannot be read"):
        read_split(train, tmp_path / "nowhere.txt")


def test_the_mean_says_how_sure_it_is():
    values = np.array([0.0, 1.0] * 50)
    assert mean(values).value == 0.5
    assert mean(values).margin == pytest.approx(0.0985, abs=1e-3)
