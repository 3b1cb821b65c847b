"""`kg query`."""

import click

from kg.workspace import Workspace
from ontology.errors import InputError
from service import console, steps
from service.commands.options import machine


@click.command()
@click.argument("cypher")
@click.option("--param", "-p", multiple=True, metavar="NAME=VALUE", help="A parameter of the query, as text.")
@click.option("--max-rows", default=100, show_default=True, type=click.IntRange(1, 100_000), help="Stop after so many.")
@machine
def command(cypher: str, param: tuple[str, ...], max_rows: int, as_json: bool) -> None:
    """Ask the graph in CYPHER, read-only."""
    pairs = [text.partition("=") for text in param]
    if wrong := next((name for name, equals, _ in pairs if not equals), None):
        raise InputError(f"parameter {wrong!r} has no value; write -p {wrong}=VALUE")
    result = steps.ask(Workspace.from_env(), cypher, {name: value for name, _, value in pairs}, max_rows)
    if as_json:
        console.as_json({"columns": result.columns, "rows": result.rows, "truncated": result.truncated})
    else:
        console.table("", result.columns, result.rows)
        if result.truncated:
            console.out.print(f"Stopped after {max_rows} rows; raise --max-rows for more.", style="yellow")
