"""What the quality benchmark scores is what is served."""

import numpy as np
import pytest
from scipy import sparse

from benchmarks.pipeline import scores, snapshot, trained
from benchmarks.quality import PLAIN, read_knowledge, validation
from embed.protocol import Split, all_ranking
from retrieval.history import History
from service.pairs import tuned

USERS, ITEMS = 60, 40
QUICK = ("transe.epochs=2", "gnn.epochs=2", "ranker.batch_size=16")


@pytest.fixture(scope="module")
def split() -> Split:
    """Two tastes: half of the users like only the first half of the items."""
    random = np.random.default_rng(0)
    taste = np.arange(USERS)[:, None] % 2 == np.arange(ITEMS) * 2 // ITEMS
    liked = taste & (random.random((USERS, ITEMS)) < 0.7)
    test = liked & (random.random((USERS, ITEMS)) < 0.2)
    return Split(*(sparse.csr_matrix(part, dtype=np.float32) for part in (liked & ~test, test)))


def test_the_order_that_is_served_is_the_order_that_is_scored(split):
    knowledge = np.array([(item, item % 5) for item in range(ITEMS)], np.int32)
    with trained(split, knowledge, tuned(PLAIN, QUICK)) as recommender:
        score = scores(recommender, ITEMS)
        found = all_ranking(score, split, k=20)
        for user, row in enumerate(score(np.arange(5))):
            items = split.train[user].indices.astype(np.int32)
            ranked = recommender.rank_all(History(items, items, items)).items
            ordered = np.argsort(-row, kind="stable")[: len(ranked)]
            np.testing.assert_array_equal(np.sort(ordered), np.sort(ranked))
    assert found.recall.mean() > 0.9  # 20 of the 40 items are of the other taste


def test_a_snapshot_of_a_split_holds_its_likes_and_knowledge(split):
    made = snapshot(split, np.array([(3, 0), (4, 1)], np.int32), seed=1)
    likes = set(map(tuple, np.stack([made.interactions.user, made.interactions.item], axis=1).tolist()))
    assert likes == set(map(tuple, split.likes.tolist()))
    assert (np.diff(made.interactions.user) >= 0).all()
    assert [(made.keys[head], made.keys[tail]) for head, _, tail in made.triples] == [
        ("thing-3", "other-0"),
        ("thing-4", "other-1"),
    ]


def test_nothing_of_the_test_part_is_in_the_validation(split):
    made = validation(split)
    assert (made.train + made.test != split.train).nnz == 0
    assert made.train.multiply(made.test).nnz == 0


def test_the_graph_is_read_and_may_be_missing(tmp_path):
    path = tmp_path / "kg.tsv"
    assert read_knowledge(path).shape == (0, 2)
    path.write_text("0\t7\t2\n0\t7\t1\n3\t1\t1\n")
    assert read_knowledge(path).tolist() == [[0, 7], [3, 1]]
