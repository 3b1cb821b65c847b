"""`kg similar`."""

from dataclasses import asdict

import click

from service import answer_tables, console
from service.commands.opened import opened_recommender
from service.commands.options import count, machine, only


@click.command()
@click.argument("item")
@only
@count
@machine
def command(item: str, n: int, filter: str | None, as_json: bool) -> None:
    """Find items that go with ITEM."""
    with opened_recommender() as recommender:
        given = recommender.similar(item, n, filter)
        name = recommender.item(item).name
    if as_json:
        console.as_json(asdict(given))
    else:
        answer_tables.answered(f"Similar to {name}", given)
