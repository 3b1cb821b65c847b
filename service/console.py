"""What the commands print: tables, bars and reasons for people, JSON for machines."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from kg.ingest import IngestReport
from kg.progress import Progress as Report
from retrieval.answer import Answer, Explanation

if TYPE_CHECKING:
    from retrieval.evaluation import Evaluation  # needs kgrec[train]

out = Console()
_bars = Console(stderr=True)


def as_json(value: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")


@contextmanager
def bars() -> Iterator[Report]:
    """Show a bar per phase on standard error; where that is no terminal, a line per phase."""
    if not _bars.is_terminal:
        seen: set[str] = set()
        yield lambda phase, done, total: _line_once(seen, phase)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[of]}"))
    with Progress(*columns, TimeElapsedColumn(), console=_bars) as progress:
        tasks: dict[str, object] = {}

        def report(phase: str, done: int, total: int | None) -> None:
            if phase not in tasks:
                _finish(progress)
                tasks[phase] = progress.add_task(phase, total=total, of="")
            of = f"{done:,}" if total is None else f"{done:,}/{total:,}"
            progress.update(tasks[phase], completed=done, total=total, of=of)  # type: ignore[arg-type]

        yield report
        _finish(progress)


def _line_once(seen: set[str], phase: str) -> None:
    if phase not in seen:
        seen.add(phase)
        _bars.print(f"  {phase}", highlight=False)


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
    """Print the evaluation table."""
    title = f"{scored.users:,} users, {scored.held_out:,} held-out liked items"
    rows = [(r.system, r.recall, r.ndcg, r.coverage) for r in scored.rows]
    table(title, ("system", f"recall@{scored.k}", f"ndcg@{scored.k}", f"coverage@{scored.k}"), rows)


def mapping(title: str, values: Mapping[str, object]) -> None:
    """Print names and values."""
    table(title, ("", ""), list(values.items()))


def load_report(report: IngestReport, rejects: Path) -> None:
    """Print what a load did, and where the refused rows are."""
    rows = [
        (f"{kind} {name}", number)
        for kind in ("entities", "triples", "interactions")
        for name, number in getattr(report, kind).items()
    ]
    table(f"Loaded {report.loaded:,} of {report.read:,} rows in {report.seconds:.1f} s", ("", "count"), rows)
    if report.refused:
        out.print(f"{report.refused:,} refused; each stands with its reason in {rejects}", style="yellow")


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
