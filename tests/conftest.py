"""Fixtures for all tests, and the loud report of what could not be run on this machine."""

import pytest
from hypothesis import settings

from tests.needs import NOT_RUN

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
