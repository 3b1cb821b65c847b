"""Fixtures for all tests, and the loud report of what could not be run on this machine."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.needs import NOT_RUN

# Two processes run the tests on two cores, and what they learn from is tiny: threads that share it only wait for each
# other. Set before a library is imported that reads it. That a seed repeats where threads share the work has a test.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# No test asserts a time: machines are shared, and two processes run the tests.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

LONGEST = (
    "kg/test_load_killed.py",
    "kg/test_load_memory.py",
    "service/test_train_command.py",
    "kg/test_load_rules.py",
    "service/test_jobs.py",
    "packaging/test_wheel.py",
    "docs/test_commands.py",
    "service/test_cli_ingest.py",
    "service/test_tune_command.py",
)
"""The files that take longest, by how long. They have few tests each, and xdist would begin them last of all."""

pytest_plugins = ["tests.bundles", "tests.graphs", "tests.browsers"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: one that comes last is waited for by the other process, with nothing to do."""
    places = {Path(__file__).parent / file: place for place, file in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once more, in red, what was not run: a green line above must not hide it."""
    missing = [report for report in terminalreporter.stats.get("skipped", []) if NOT_RUN in str(report.longrepr)]
    if missing:
        reasons = sorted({str(report.longrepr[2]).removeprefix("Skipped: ") for report in missing})
        terminalreporter.section(f"{len(missing)} tests were NOT RUN", red=True, bold=True)
        for reason in reasons:
            terminalreporter.line(reason, red=True, bold=True)
