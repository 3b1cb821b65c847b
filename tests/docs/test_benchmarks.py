"""Every figure in results.json is explained, and every explained figure is there."""

import json
import re
from pathlib import Path

from benchmarks.__main__ import measuring

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_make_bench_runs_what_measures():
    assert measuring() == ["ingest", "kge_eval", "propagation", "ranker", "scaling", "training", "transe", "warm_start"]


def test_the_table_and_the_results_name_the_same_figures():
    results = json.loads((BENCHMARKS / "results.json").read_text())
    assert all(isinstance(value, int | float) for value in results.values())
    rows = [line for line in (BENCHMARKS / "README.md").read_text().splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == results.keys()
