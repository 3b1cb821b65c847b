"""`kg status`."""

import click

from kg.workspace import Workspace
from service import console, steps
from service.commands.options import machine


@click.command()
@machine
def command(as_json: bool) -> None:
    """Show what the graph holds, by class and by relation, the last loads, and the bundle that is served."""
    found = steps.state(Workspace.from_env())
    if as_json:
        console.as_json(found)
    else:
        del found["Graph"]  # all of it stands in the two after it
        for title, values in found.items():
            console.mapping(title, values)
