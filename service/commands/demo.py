"""`kg demo`."""

import click

from kg.workspace import Workspace
from service import demo as demonstration
from service.commands.libraries import training_libraries


@click.command()
@click.option("--no-serve", is_flag=True, help="End after the recommendations instead of serving.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def command(no_serve: bool, port: int) -> None:
    """Do it all on the example catalog: ingest, train, evaluate, recommend, serve. Goes on from what exists."""
    with training_libraries():
        demonstration.run(Workspace.from_env(), serve=not no_serve, port=port)
