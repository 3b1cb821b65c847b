"""`kg evaluate`."""

from dataclasses import asdict

import click

from service import console, score_tables
from service.commands.libraries import training_libraries
from service.commands.opened import opened_recommender
from service.commands.options import machine
from service.remote import Service


@click.command()
@click.option("-k", default=20, show_default=True, help="Cut-off of the metrics.", type=click.IntRange(1, 1000))
@click.option("--url", metavar="ADDRESS", help="Score the lists of the service that runs there, too.")
@machine
def command(k: int, url: str | None, as_json: bool) -> None:
    """Score the bundle, beside simpler systems, on the interactions that it held out.

    All-ranking: candidates are all items less the user's known ones; users are those with a held-out liked item.
    Each figure is a mean over users, ± half of its 95 % confidence interval; p is that of a paired randomisation test
    against the full pipeline. A service at --url has to serve this very bundle. docs/evaluation.md says what each
    figure is.
    """
    with training_libraries():
        from retrieval.evaluation import evaluate as score

        with console.bars() as progress, opened_recommender() as recommender:
            service = None if url is None else Service.at(url, recommender.bundle.version).recommend
            scored = score(recommender, k, progress, service)
    if as_json:
        console.as_json(asdict(scored))
    else:
        score_tables.evaluated(scored)
