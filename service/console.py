"""What the commands print: tables, bars and reasons for people, JSON for machines."""

import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from kg.progress import Pace
from kg.progress import Progress as Report
from service.lines import Lines, duration, speed

out = Console()
_bars = Console(stderr=True)


def as_json(value: object) -> None:
    """Print one JSON document; JSON has no word for a number that is not finite, so that is null."""
    sys.stdout.write(json.dumps(_finite(value), ensure_ascii=False, indent=1, default=str) + "\n")


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def bars() -> Iterator[Report]:
    """Show a bar per phase on standard error; where that is no terminal, a line now and then."""
    if not _bars.is_terminal:
        with Lines(lambda text: _bars.print(f"  {text}", markup=False, highlight=False, soft_wrap=True)) as lines:
            yield lines
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[of]}"),
        _Rate(),
        TimeElapsedColumn(),
        _Left(),
    )
    with Progress(*columns, console=_bars) as progress:
        tasks: dict[str, TaskID] = {}
        pace: Pace | None = None

        def report(phase: str, done: int, total: int | None) -> None:
            nonlocal pace
            before, pace = pace, Pace.after(pace, phase, done, total, time.monotonic())
            if phase not in tasks:
                _finish(progress)
                tasks[phase] = progress.add_task(phase, total=total, of="", pace=pace)
            elif before and before.phase != phase:  # it begins again
                _finish(progress)
                progress.reset(tasks[phase], total=total)
            of = f"{done:,}" if total is None else f"{done:,}/{total:,}"
            progress.update(tasks[phase], completed=done, total=total, of=of, pace=pace)

        yield report
        _finish(progress)


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """The rate, once it is known."""
        rate = task.fields["pace"].per_s
        return Text("" if rate is None else speed(rate))


class _Left(ProgressColumn):
    """How long it will take."""

    def render(self, task: Task) -> Text:
        """The time that is left, where it is known."""
        left = None if task.finished else task.fields["pace"].left_s(time.monotonic())
        return Text("" if left is None else f"{duration(left)} left")


def _finish(progress: Progress) -> None:
    for task in progress.tasks:
        if not task.finished:
            progress.update(task.id, total=task.completed or 1, completed=task.completed or 1)


def line(text: str, style: str = "") -> None:
    """Print text as it is, on one line however long."""
    out.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; numbers to the right."""
    view = Table(title=title, title_justify="left", show_header=any(columns))
    for i, name in enumerate(columns):
        numeric = all(isinstance(row[i], int | float) for row in rows)
        view.add_column(name, justify="right" if numeric and rows else "left")
    for row in rows:
        view.add_row(*(_cell(value) for value in row))
    out.print(view)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def mapping(title: str, values: Mapping[str, object]) -> None:
    """Print names and values."""
    table(title, ("", ""), list(values.items()))


def serving(host: str, port: int) -> None:
    """Say where the page and the API are."""
    address = f"[{host}]" if ":" in host else host
    line(f"Serving http://{address}:{port} (the page) and /docs (the API). Ctrl-C ends it.", style="bold")
