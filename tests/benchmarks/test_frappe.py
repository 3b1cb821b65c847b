"""The yardstick for what is clicked is what its paper says, and the rows that it is compared on are what ours says."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.deepfm import DeepFm, DeepFmOptions, deepfm
from benchmarks.frappe import APP, COST, USER, Log, measure, read
from embed.labelled import auc
from tests.retrieval.test_training import QUICK

USERS, APPS = 30, 40


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """Of people who use three apps of their half again and again; half of the apps cost something."""
    random, rows = np.random.default_rng(0), []
    for user in range(USERS):
        mine = user % 2 * APPS // 2 + random.permutation(APPS // 2)[:3]
        for app in random.choice(mine, 12):
            context = "-".join(str(random.integers(USERS + 2 * i, USERS + 2 * i + 2)) for i in range(7))
            rows.append(f"{user}-{context},{app}-{60 + app % 2}")
    asked = [place % 12 > 9 for place in range(len(rows))]  # the last two of each user
    for name, wanted in (("train.csv", False), ("test.csv", True)):
        part = [row for row, is_asked in zip(rows, asked, strict=True) if is_asked == wanted]
        (tmp_path / name).write_text("\n".join(part) + "\n")
    return Log.of(read(tmp_path / "train.csv"), read(tmp_path / "test.csv"))


def test_a_row_is_a_user_seven_fields_an_app_and_its_cost(log: Log):
    assert log.known.shape == (USERS * 10, 10)
    assert (log.n_users, log.n_apps) == (USERS, max(log.known[:, APP].max(), log.asked[:, APP].max()) + 1)
    assert (log.known[:, COST] == 60 + log.known[:, APP] % 2).all()


def test_other_rows_have_apps_that_their_users_never_used_and_all_else_alike(log: Log):
    rows = np.repeat(log.asked, 5, axis=0)
    others = log.others(rows, np.random.default_rng(0))
    used = {tuple(pair) for part in (log.known, log.asked) for pair in part[:, [USER, APP]].tolist()}
    assert not used & {tuple(pair) for pair in others[:, [USER, APP]].tolist()}
    np.testing.assert_array_equal(others[:, :APP], rows[:, :APP])
    there = np.isin(others[:, APP], np.concatenate([log.known, log.asked])[:, APP])
    assert (others[there, COST] == 60 + others[there, APP] % 2).all()


def test_the_machine_adds_up_all_pairs_of_fields():
    """Equation 2 of the paper, pair by pair; the network beside it answers 0."""
    torch.manual_seed(0)
    model = DeepFm(12, 4, DeepFmOptions(dim=3, dropout=0.0)).eval()
    torch.nn.init.normal_(model.weight.weight)
    torch.nn.init.zeros_(model.deep[-1].weight)
    torch.nn.init.zeros_(model.deep[-1].bias)
    rows = torch.tensor([[0, 3, 6, 9], [2, 5, 7, 11]])
    by_hand = [
        sum(model.weight.weight[i, 0] for i in row)
        + sum(model.vector.weight[i] @ model.vector.weight[j] for i, j in combinations(row, 2))
        for row in rows.tolist()
    ]
    torch.testing.assert_close(model(rows), torch.stack(by_hand))


def test_it_learns_who_uses_what(log: Log):
    others = log.others(np.repeat(log.asked, 2, axis=0), np.random.default_rng(1))
    rows, labels = np.concatenate([log.asked, others]), np.arange(3 * len(log.asked)) < len(log.asked)
    apart = np.where(np.arange(10) == APP, 100, 0)
    *_, last = deepfm(
        log.known + apart,
        lambda given, random: log.others(given - apart, random) + apart,
        DeepFmOptions(epochs=30, batch_size=64, learning_rate=0.01),
        categories=100 + APPS,
        seed=0,
    )
    assert auc(last(rows + apart).astype(np.float64), labels) > 0.9


def test_both_are_judged_on_the_same_rows(log: Log):
    figures = measure(log, QUICK, (0,))
    assert figures.keys() == {"frappe.auc", "frappe.deepfm.auc"}
    assert 0.7 < figures["frappe.auc"] <= 1
