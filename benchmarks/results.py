"""A file of results: a flat JSON object, from the name of a measure to its value."""

import json
from collections.abc import Mapping
from pathlib import Path

QUALITY, RESULTS = (Path(__file__).with_name(name) for name in ("quality.json", "results.json"))
"""Where recommendation quality goes, and everything else."""


def merge(path: Path, numbers: Mapping[str, float]) -> None:
    """Put these numbers into the file and keep all others. Four digits are more than a shared machine repeats."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known |= {name: float(f"{value:.4g}") for name, value in numbers.items()}
    path.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def report(numbers: Mapping[str, float]) -> None:
    """Put these numbers into results.json, and print them."""
    merge(RESULTS, numbers)
    for name, value in numbers.items():
        print(f"{name:45s} {value:g}", flush=True)
