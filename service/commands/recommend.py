"""`kg recommend`."""

from dataclasses import asdict
from typing import Any

import click

from retrieval.answer import Query
from service import answer_tables, console
from service.commands.opened import opened_recommender
from service.commands.options import count, machine, only


@click.command()
@click.argument("user", required=False)
@click.option("--history", multiple=True, metavar="ITEM", help="Items liked, oldest first; for users not known yet.")
@click.option("--exclude", multiple=True, metavar="ITEM", help="Items that shall not be recommended.")
@only
@count
@machine
def command(user: str | None, as_json: bool, **asked: Any) -> None:
    """Recommend items to USER, or for a history, each with the path that explains it.

    docs/filters.md says what a filter may be.
    """
    with opened_recommender() as recommender:
        given = recommender.recommend(Query(user=user, **asked))
    if as_json:
        console.as_json(asdict(given))
    else:
        answer_tables.answered(f"For user {user}" if user else "For this history", given)
