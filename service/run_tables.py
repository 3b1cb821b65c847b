"""How the command prints trainings: all of them, one, or what two have not in common."""

from collections.abc import Mapping, Sequence

from embed.record import is_loss
from service.console import line, mapping, table
from service.runs import Entry, TrainingRun, differences


def every(found: Sequence[Entry]) -> None:
    """Print the trainings, one a line of at most 80 columns; * is what is served, the AUC is the ranker's."""
    columns = ("began", "version", "seconds", "MiB", "resumed", "AUC")
    table("", columns, [_run_row(entry) for entry in found])
    if not found:
        line("Nothing was trained here yet: run `kg train`.")


def _run_row(entry: Entry) -> tuple[object, ...]:
    run = entry.run
    took = (
        (run.began[:16].replace("T", " "), round(run.seconds), run.peak_mib, run.resumed) if run else ("", "", "", "")
    )
    version = entry.version + ("*" if entry.current else "")
    return (took[0], version, *took[1:], entry.metrics.get("ranker.validation_auc", ""))


def one(found: Entry) -> None:
    """Print one training: what it was, what it measured, and what each phase took."""
    mapping("Training", {"version": found.version, "graph": found.graph_version, **_took(found.run)})
    mapping("Settings", found.settings)
    mapping("Metrics", found.metrics)
    phases: Mapping[str, Mapping[str, float]] = found.run.phases if found.run else {}
    rows = []
    for name in dict.fromkeys([*phases, *found.curves]):
        took = [phases[name][what] if name in phases else "" for what in ("seconds", "peak_mib")]
        rows.append((name, *took, *_ends(found.curves.get(name, {}))))
    table("Phases", ("", "seconds", "peak MiB", "epochs", "loss, first and last", "judged, best"), rows)


def _took(run: TrainingRun | None) -> dict[str, object]:
    return {} if run is None else {name: value for name, value in vars(run).items() if name != "phases"}


def _ends(curves: Mapping[str, Sequence[float]]) -> tuple[str, str, str]:
    if not curves:
        return "", "", ""
    loss = curves.get("loss", ())
    judged = [
        f"{name} {(min if is_loss(name) else max)(values):.4f}" for name, values in curves.items() if name != "loss"
    ]
    return f"{len(loss)}", f"{loss[0]:.4f}, {loss[-1]:.4f}" if loss else "", ", ".join(judged)


def compared(first: Entry, second: Entry) -> None:
    """Print what two trainings have not in common."""
    rows = differences(first, second)
    if rows:
        table("", ("", first.version, second.version), rows)
    else:
        line("They have all in common.")
