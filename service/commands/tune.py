"""`kg tune`."""

from dataclasses import asdict
from math import inf
from typing import Any, Literal

import click

from kg.workspace import Workspace
from service import console, score_tables, steps
from service.commands.learning_options import device, seed, split
from service.commands.libraries import training_libraries
from service.commands.options import machine


@click.command()
@click.option(
    "--trials",
    default=30,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How many trainings to compare, those of a search that was interrupted included.",
)
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Begin no training that would end after that.")
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=RANGE",
    help="What to vary, as 0.01..0.5, 1..4 or [16,32]; not the usual ones.",
)
@click.option(
    "--metric", default="ndcg", show_default=True, type=click.Choice(["ndcg", "recall"]), help="Of lists of 20 items."
)
@click.option(
    "--holdout",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The part kept back for `kg evaluate`, and then for the score.",
)
@split
@seed
@device
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="An option that all trainings share.")
@machine
def command(
    *,
    vary: tuple[str, ...],
    trials: int,
    minutes: float | None,
    metric: Literal["ndcg", "recall"],
    changes: tuple[str, ...],
    as_json: bool,
    **how: Any,
) -> None:
    """Look for options of training that give better lists on this graph, within a budget.

    Each trial is a training; the options as they stand are the first. What `kg evaluate` asks about is left out of all
    of them: they learn from a part of the rest and are scored on the other, split as --holdout and --split say.
    Nothing is published: the last line says how to train with the best. A search that was killed goes on when the
    same is asked again. docs/reference.md says what is varied.
    """
    with training_libraries(), console.bars() as progress:
        from embed.hypersearch import Budget
        from service import tuning

        options = steps.training_options(changes=changes, **how)
        budget = Budget(trials, minutes * 60 if minutes else inf)
        found = tuning.tune(
            Workspace.from_env(),
            options,
            budget,
            given=changes,
            ranges=tuning.ranges_of(vary),
            metric=metric,
            progress=progress,
        )
    if as_json:
        console.as_json(asdict(found))
    else:
        score_tables.tuned(found)
