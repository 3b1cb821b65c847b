"""Fixtures for all tests, and the loud report of what could not be run on this machine."""

import os

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

pytest_plugins = ["tests.bundles", "tests.graphs", "tests.browsers"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once more, in red, what was not run: a green line above must not hide it."""
    missing = [report for report in terminalreporter.stats.get("skipped", []) if NOT_RUN in str(report.longrepr)]
    if missing:
        reasons = sorted({str(report.longrepr[2]).removeprefix("Skipped: ") for report in missing})
        terminalreporter.section(f"{len(missing)} tests were NOT RUN", red=True, bold=True)
        for reason in reasons:
            terminalreporter.line(reason, red=True, bold=True)
