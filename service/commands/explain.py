"""`kg explain`."""

from dataclasses import asdict

import click

from kg.workspace import Workspace
from ontology.errors import InputError
from retrieval.answer import Query
from service import answer_tables, console
from service.commands.opened import opened_recommender
from service.commands.options import machine


@click.command()
@click.argument("user")
@click.argument("item")
@click.option("--prove", is_flag=True, help="Run the Cypher on the graph and show what it returns.")
@machine
def command(user: str, item: str, prove: bool, as_json: bool) -> None:
    """Show the path from USER's history to ITEM, and the Cypher that returns it."""
    with opened_recommender() as recommender:
        found = recommender.rank(Query(user=user), (item,)).recommendations[0].explanation
    if found is None:
        raise InputError(f"there is no explanation for item {item!r}")
    proof = None
    if prove and found.cypher:
        from service import steps  # which takes a second, and has the graph database

        proof = steps.prove(Workspace.from_env(), found)
    if as_json:
        console.as_json(asdict(found) | ({"proof": proof} if prove else {}))
    else:
        answer_tables.explained(found, proof)
