"""`kg warm-up`."""

import click

from kg import warm_up as warming
from service import console


@click.command()
def command() -> None:
    """Have the embedded graph database start in half the time, once for this machine and version.

    That takes 15 seconds. What it learns is kept in the user's folder for caches (60 MB), and is of use to all
    workspaces.
    """
    kept = warming.warm_up()
    console.out.print(f"The embedded graph database starts faster from now on: {kept}")
