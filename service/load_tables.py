"""What `kg ingest` prints: what a load did, and what was inferred."""

from collections.abc import Mapping
from pathlib import Path

from kg.infer import Inferred
from kg.loading import WOULD_REJECT
from kg.report import IngestReport
from service import console


def loaded(report: IngestReport, rejects: Path) -> None:
    """Print what a load did, or would do, and where the refused rows are."""
    would = "Would load" if report.dry_run else "Loaded"
    console.line(f"{would} {report.loaded:,} of {report.read:,} rows in {report.seconds:.1f} s")
    counts = {"entities": report.entities, "triples": report.triples, "interactions": report.interactions}
    said = {f"{kind} {name}": n for kind, its in counts.items() for name, n in its.items()}
    if not (report.changes or report.in_vain):
        console.line(f"Nothing changed: the graph says all of it already ({sum(said.values()):,} statements).")
    if report.changes or report.rejected:
        _changes(said, report.changes, report.rejected)
    if report.derived:
        console.line("Derived by the ontology:")
        _changes({}, report.derived, {})
    for title, numbers in (
        ("Said more than once", report.duplicates),
        ("Named by nothing", report.orphans),
        ("Named most often", report.hubs),
        ("Warnings of shapes", report.warnings),
    ):
        if numbers:
            console.line(f"{title}: {', '.join(f'{name} {n:,}' for name, n in numbers.items())}", style="dim")
    _files(report)
    if report.refused:
        where = rejects.with_name(WOULD_REJECT) if report.dry_run else rejects
        console.line(f"{report.refused:,} refused; each stands with its reason in {where}", style="yellow")


def _files(report: IngestReport) -> None:
    """Print what is to be known of single files."""
    for file, columns in report.unused.items():
        console.line(f"{file}: the mapping does not read {', '.join(columns)}", style="dim")
    for path in report.empty:
        console.line(f"{path} is empty: it has no rows", style="yellow")
    for source in report.kept:
        console.line(f"{source}: rows were refused, or a file is empty, so nothing of it was removed", style="yellow")
    for path in report.left_out:
        console.line(f"{path} is there and was not given, so what only it says counts as missing", style="yellow")


def _changes(said: Mapping[str, int], changes: Mapping[str, Mapping[str, int]], rejected: Mapping[str, int]) -> None:
    """Print, by class and relation, what the files say, how the graph changes by it, and rejected rows about it."""
    by_name = {name.split()[-1]: name for name in said}
    none = {"added": 0, "changed": 0, "removed": 0}
    rows = [
        (by_name.get(n, n), said.get(by_name.get(n, n), 0), *changes.get(n, none).values(), rejected.get(n, 0))
        for n in dict.fromkeys([*by_name, *changes, *rejected])
    ]
    console.table("", ("", "in the files", "added", "changed", "removed", "rejected"), rows)


def inferred(found: Inferred, mapping: Path, ontology: Path) -> None:
    """Say what was written, and what to do with it."""
    console.line(f"Wrote {mapping} and {ontology}. Read them, change what is wrong, then load:")
    console.line(f"  kg ingest FILES --mapping {mapping}")
    for file in found.left_out:
        console.line(f"{file} is left out: {mapping} says why", style="yellow")
