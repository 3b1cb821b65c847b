"""The search for better hyper-parameters: what is proposed, when it ends, and how it goes on."""

import math
import time
from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest

from embed.hypersearch import Budget, Score, Space, best, search
from ontology.errors import InputError, StoreError

SPACE = Space({"rate": "0.001..1.0", "layers": "1..4", "hidden": "[[64,32],[16]]"})


def hill(values: Mapping[str, str]) -> Score:
    """Highest at rate 0.1 with three layers; as they stand, values are poor."""
    if not values:
        return Score(-9.0, 0.5)
    layers = orjson.loads(values["layers"])
    if layers == 1:
        raise InputError("one layer is not enough")
    return Score(-abs(math.log10(orjson.loads(values["rate"])) + 1) - abs(layers - 3), 0.5)


def test_values_as_they_stand_come_first_and_what_is_better_is_found(tmp_path: Path):
    trials = search(SPACE, hill, Budget(60), tmp_path / "a" / "x.json")
    assert len(trials) == 60
    assert (trials[0].values, trials[0].score) == ({}, Score(-9.0, 0.5))
    found = best(trials)
    assert found
    assert found.score
    assert found.score.value > -0.5
    assert {name for trial in trials[1:] for name in trial.values} == {"rate", "layers", "hidden"}
    for trial in trials[1:]:
        assert 0.001 <= float(trial.values["rate"]) <= 1
        assert trial.values["layers"] in {"1", "2", "3", "4"}
        assert trial.values["hidden"] in {"[64,32]", "[16]"}
        assert (trial.failed == "one layer is not enough") == (trial.values["layers"] == "1") == (trial.score is None)
    later = [trial.score.value for trial in trials[30:] if trial.score]
    sooner = [trial.score.value for trial in trials[1:11] if trial.score]
    assert sum(later) / len(later) > sum(sooner) / len(sooner)


def test_a_search_goes_on_where_it_was(tmp_path: Path):
    path = tmp_path / "x.json"
    first = search(SPACE, hill, Budget(5), path)
    seen: list[Mapping[str, str]] = []

    def noted(values: Mapping[str, str]) -> Score:
        seen.append(values)
        return hill(values)

    more = search(SPACE, noted, Budget(8), path)
    assert more[:5] == first
    assert len(seen) == 3
    assert {} not in seen
    assert search(SPACE, noted, Budget(8), path) == more
    assert len(seen) == 3


def test_the_same_seed_proposes_the_same(tmp_path: Path):
    def values(name: str, seed: int) -> list[Mapping[str, str]]:
        return [trial.values for trial in search(SPACE, hill, Budget(15), tmp_path / name, seed=seed)]

    assert values("a", 1) == values("b", 1) != values("c", 2)


def test_no_trial_is_begun_that_would_take_too_long(tmp_path: Path):
    def slow(values: Mapping[str, str]) -> Score:
        time.sleep(0.3)
        return Score(1.0)

    trials = search(SPACE, slow, Budget(100, seconds=1.5), tmp_path / "x.json")
    assert 1 <= len(trials) <= 5
    assert len(search(SPACE, slow, Budget(100, seconds=0.1), tmp_path / "y.json")) == 1
    assert best(trials) == trials[0]


def test_nothing_is_tried_twice_and_a_space_can_be_exhausted(tmp_path: Path):
    small = Space({"layers": "1..3", "hidden": "[[64,32],[16]]"})
    trials = search(small, lambda values: Score(float(len(values))), Budget(100), tmp_path / "x.json")
    assert len(trials) == 7
    assert len({tuple(sorted(trial.values.items())) for trial in trials}) == 7


def test_a_search_in_which_all_fails_has_no_best(tmp_path: Path):
    def refusing(values: Mapping[str, str]) -> Score:
        raise InputError("too little memory")

    trials = search(SPACE, refusing, Budget(3), tmp_path / "x.json")
    assert [trial.failed for trial in trials] == ["too little memory"] * 3
    assert best(trials) is None


@pytest.mark.parametrize("text", ["", "1", "2..1", "1..1", "a..b", "1..", "[]", '"x"', "1..2..3", "{}", "true..3"])
def test_what_is_no_range_is_said(text: str):
    with pytest.raises(InputError, match=r"layers=.* is no range; give LOW\.\.HIGH"):
        Space({"layers": text})


def test_the_ends_of_all_ranges_can_be_tried_out():
    assert list(SPACE.ends()) == [
        ("rate", "0.001"),
        ("rate", "1.0"),
        ("layers", "1"),
        ("layers", "4"),
        ("hidden", "[64,32]"),
        ("hidden", "[16]"),
    ]


def test_a_file_that_is_damaged_or_cannot_be_written_is_said(tmp_path: Path):
    path = tmp_path / "x.json"
    search(SPACE, hill, Budget(2), path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StoreError, match=r"x\.json cannot be read as the trials of a search; remove it"):
        search(SPACE, hill, Budget(3), path)
    with pytest.raises(StoreError, match=r"cannot be written"):
        search(SPACE, hill, Budget(3), Path("/proc/none/x.json"))
