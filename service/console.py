"""What the commands print: tables, bars and reasons for people, JSON for machines."""

import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

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

from kg.infer import Inferred
from kg.loading import WOULD_REJECT
from kg.progress import Pace
from kg.progress import Progress as Report
from kg.report import IngestReport
from retrieval.answer import Answer, Explanation
from service.lines import Lines, duration, speed

if TYPE_CHECKING:
    from retrieval.evaluation import Evaluation  # needs kgrec[train]
    from service.tuning import Tuned

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


def answer(heading: str, given: Answer) -> None:
    """Print recommendations, each with its explanation."""
    line(heading, style="bold")
    for item in given.recommendations:
        line(f"{item.rank:>3}. {item.name} ({item.id}) {item.score:.3f}")
        if item.explanation:
            line(f"     {item.explanation.text}", style="dim")
    if given.cold:
        out.print("No history is known, so these are the most popular.", style="yellow")
    if given.degraded:
        out.print(f"Missing from this answer: {', '.join(given.degraded)}", style="yellow")


def evaluation(scored: "Evaluation") -> None:
    """Print how right the lists are, what else they are, and how liked items are told from others."""
    k, pairs = scored.k, scored.labelled
    line(f"{scored.users:,} users, {scored.held_out:,} held-out liked items (split by {scored.split})")
    right = [
        (
            row.system,
            _with_margin(row.recall, row.recall_margin),
            _with_margin(row.ndcg, row.ndcg_margin),
            f"{row.ndcg_less.value:+.4f} {_margin(row.ndcg_less.margin)}" if row.ndcg_less else "",
            f"{row.ndcg_less.p:.4f}" if row.ndcg_less else "",
        )
        for row in scored.rows
    ]
    table("", ("system", f"recall@{k}", f"ndcg@{k}", "less pipeline", "p"), right)
    beyond = [
        (row.system, row.hit_rate, row.coverage, row.gini, row.novelty, row.diversity, row.popularity)
        for row in scored.rows
    ]
    table("", ("system", "hits", "coverage", "Gini", "novelty", "diversity", "liked by"), beyond)
    line(
        f"Liked or drawn at random, {pairs.pairs:,} pairs: "
        f"AUC {pairs.auc:.4f}, accuracy {pairs.accuracy:.4f}, F1 {pairs.f1:.4f}"
    )


def tuned(found: "Tuned") -> None:
    """Print the trials, the best first, and how to train with the best."""
    rows = []
    for trial in sorted(found.trials, key=lambda trial: trial.score.value if trial.score else -1, reverse=True):
        values = ", ".join(f"{name}={value}" for name, value in trial.values.items()) or "as they stand"
        score = _with_margin(trial.score.value, trial.score.margin) if trial.score else trial.failed
        rows.append((score, f"{trial.seconds:.0f}", values))
    table("", (f"{found.metric}@20", "seconds", "options"), rows)
    if found.best and found.best.values:
        line(f"On {found.held_out:,} interactions that no trial learned from, this was best:")
        line(f"  {found.command}", style="bold")
    elif len(found.trials) > 1:
        line("No trial was better than the options as they stand.")


def _with_margin(value: float, margin: float) -> str:
    return f"{value:.4f} {_margin(margin)}"


def _margin(margin: float) -> str:
    return "±" + f"{margin:.4f}".removeprefix("0")


def mapping(title: str, values: Mapping[str, object]) -> None:
    """Print names and values."""
    table(title, ("", ""), list(values.items()))


def load_report(report: IngestReport, rejects: Path) -> None:
    """Print what a load did, or would do, and where the refused rows are."""
    would = "Would load" if report.dry_run else "Loaded"
    line(f"{would} {report.loaded:,} of {report.read:,} rows in {report.seconds:.1f} s")
    counts = {"entities": report.entities, "triples": report.triples, "interactions": report.interactions}
    said = {f"{kind} {name}": n for kind, its in counts.items() for name, n in its.items()}
    if not (report.changes or report.in_vain):
        line(f"Nothing changed: the graph says all of it already ({sum(said.values()):,} statements).")
    if report.changes or report.rejected:
        _changes(said, report.changes, report.rejected)
    if report.derived:
        line("Derived by the ontology:")
        _changes({}, report.derived, {})
    for title, numbers in (
        ("Said more than once", report.duplicates),
        ("Named by nothing", report.orphans),
        ("Named most often", report.hubs),
        ("Warnings of shapes", report.warnings),
    ):
        if numbers:
            line(f"{title}: {', '.join(f'{name} {n:,}' for name, n in numbers.items())}", style="dim")
    _files(report)
    if report.refused:
        where = rejects.with_name(WOULD_REJECT) if report.dry_run else rejects
        line(f"{report.refused:,} refused; each stands with its reason in {where}", style="yellow")


def _files(report: IngestReport) -> None:
    """Print what is to be known of single files."""
    for file, columns in report.unused.items():
        line(f"{file}: the mapping does not read {', '.join(columns)}", style="dim")
    for path in report.empty:
        line(f"{path} is empty: it has no rows", style="yellow")
    for source in report.kept:
        line(f"{source}: rows were refused, or a file is empty, so nothing of it was removed", style="yellow")
    for path in report.left_out:
        line(f"{path} is there and was not given, so what only it says counts as missing", style="yellow")


def _changes(said: Mapping[str, int], changes: Mapping[str, Mapping[str, int]], rejected: Mapping[str, int]) -> None:
    """Print, by class and relation, what the files say, how the graph changes by it, and rejected rows about it."""
    by_name = {name.split()[-1]: name for name in said}
    none = {"added": 0, "changed": 0, "removed": 0}
    rows = [
        (by_name.get(n, n), said.get(by_name.get(n, n), 0), *changes.get(n, none).values(), rejected.get(n, 0))
        for n in dict.fromkeys([*by_name, *changes, *rejected])
    ]
    table("", ("", "in the files", "added", "changed", "removed", "rejected"), rows)


def inferred(found: Inferred, mapping: Path, ontology: Path) -> None:
    """Say what was written, and what to do with it."""
    line(f"Wrote {mapping} and {ontology}. Read them, change what is wrong, then load:")
    line(f"  kg ingest FILES --mapping {mapping}")
    for file in found.left_out:
        line(f"{file} is left out: {mapping} says why", style="yellow")


def explanation(found: Explanation, proof: Sequence[Sequence[object]] | None) -> None:
    """Print a path in words, its Cypher with parameters, and the rows the graph gave."""
    line(found.text)
    if found.cypher:
        line(f"\n{found.cypher}\n{json.dumps(dict(found.parameters), ensure_ascii=False)}")
    if proof is not None:
        line(f"The graph returned: {proof}")


def serving(host: str, port: int) -> None:
    """Say where the page and the API are."""
    address = f"[{host}]" if ":" in host else host
    line(f"Serving http://{address}:{port} (the page) and /docs (the API). Ctrl-C ends it.", style="bold")
