"""The command `kg`. Each command is a thin skin over a function, in a module that is imported when it is called.

So a command pays for what it needs alone: `kg recommend` answers before all that loads, learns and serves is there.
"""

import os
import sys
from importlib import import_module
from types import MappingProxyType

import click

from ontology.errors import KgrecError

COMMANDS = MappingProxyType(
    {
        "ingest": "Load catalog files, or folders of them, into the graph.",
        "train": "Learn vectors and the ranker from the graph, and publish them as a bundle.",
        "tune": "Look for options of training that give better lists on this graph, within a budget.",
        "runs": "List the trainings, the last one first; or show one, or what two have not in common.",
        "evaluate": "Score the bundle, beside simpler systems, on the interactions that it held out.",
        "recommend": "Recommend items to USER, or for a history, each with the path that explains it.",
        "similar": "Find items that go with ITEM.",
        "explain": "Show the path from USER's history to ITEM, and the Cypher that returns it.",
        "query": "Ask the graph in CYPHER, read-only.",
        "serve": "Serve the REST API and the page, until Ctrl-C.",
        "status": "Show what the graph holds, by class and by relation, the last loads, and the bundle that is served.",
        "warm-up": "Have the embedded graph database start in half the time, once for this machine and version.",
        "demo": "Do it all on the example catalog: ingest, train, evaluate, recommend, serve.",
    }
)
"""How each help text begins. `kg NAME` is `command` of service/commands/NAME.py."""


class Commands(click.Group):
    """The commands by name, of which only the one that is called is imported."""

    def list_commands(self, _: click.Context) -> list[str]:
        """In the order in which they are met."""
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """The command, if there is one of that name."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"service.commands.{name.replace('-', '_')}").command
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """List them, and import none."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kgrec")
def kg() -> None:
    """Recommend items by what they mean.

    A catalog becomes a knowledge graph (`kg ingest`), vectors are learned from it (`kg train`), and answers come
    with the path that explains them (`kg recommend`, `kg serve`). Everything local is kept in the folder KG_HOME
    (default .kg). KG_GRAPH names a Neo4j server (bolt://…, with KG_GRAPH_USER and KG_GRAPH_PASSWORD or
    KG_GRAPH_PASSWORD_FILE); left empty, an embedded graph database is started on loopback.
    """


def main() -> None:
    """Run a command; an error that is the caller's to mend becomes one sentence and an exit status."""
    try:
        kg()
    except KgrecError as error:
        if os.environ.get("KG_DEBUG"):
            raise
        click.echo(f"kg: {error}", err=True)
        sys.exit(error.exit_code)
