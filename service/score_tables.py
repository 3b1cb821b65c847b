"""What `kg evaluate` and `kg tune` print."""

from typing import TYPE_CHECKING

from service import console

if TYPE_CHECKING:
    from retrieval.evaluation import Evaluation  # needs kgrec[train]
    from service.tuning import Tuned


def evaluated(scored: "Evaluation") -> None:
    """Print how right the lists are, what else they are, and how liked items are told from others."""
    k, pairs = scored.k, scored.labelled
    console.line(f"{scored.users:,} users, {scored.held_out:,} held-out liked items (split by {scored.split})")
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
    console.table("", ("system", f"recall@{k}", f"ndcg@{k}", "less pipeline", "p"), right)
    beyond = [
        (row.system, row.hit_rate, row.coverage, row.gini, row.novelty, row.diversity, row.popularity)
        for row in scored.rows
    ]
    console.table("", ("system", "hits", "coverage", "Gini", "novelty", "diversity", "liked by"), beyond)
    console.line(
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
    console.table("", (f"{found.metric}@20", "seconds", "options"), rows)
    if found.best and found.best.values:
        console.line(f"On {found.held_out:,} interactions that no trial learned from, this was best:")
        console.line(f"  {found.command}", style="bold")
    elif len(found.trials) > 1:
        console.line("No trial was better than the options as they stand.")


def _with_margin(value: float, margin: float) -> str:
    return f"{value:.4f} {_margin(margin)}"


def _margin(margin: float) -> str:
    return "±" + f"{margin:.4f}".removeprefix("0")
