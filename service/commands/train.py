"""`kg train`."""

from dataclasses import asdict
from typing import Any

import click

from kg.workspace import Workspace
from ontology.errors import InputError
from service import console, runs, steps
from service.commands.learning_options import device, seed, split
from service.commands.libraries import training_libraries
from service.commands.options import machine


@click.command()
@click.option(
    "--holdout",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 1, max_open=True),
    help="The part kept back for `kg evaluate`.",
)
@split
@seed
@device
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change an option, such as ranker.hidden=[64,32]."
)
@click.option(
    "--from-bundle",
    is_flag=False,
    flag_value="current",
    default="",
    metavar="[VERSION]",
    help="Start from what a bundle knows already, by default the current one, with fewer epochs.",
)
@click.option("--resume", is_flag=True, help="Finish the training that was interrupted, from the graph as it was.")
@machine
@click.pass_context
def command(
    context: click.Context, /, changes: tuple[str, ...], from_bundle: str, resume: bool, as_json: bool, **how: Any
) -> None:
    """Learn vectors and the ranker from the graph, and publish them as a bundle.

    docs/reference.md lists what --set can change, with the defaults. A training that was killed is finished by
    --resume, or by the next one with the same options from the same graph; the bundle is the one that it would have
    made. `kg runs` shows how it went.
    """
    if resume and (given := [name for name in ("changes", "from_bundle", *how) if _is_given(context, name)]):
        names = ", ".join("--set" if name == "changes" else f"--{name.replace('_', '-')}" for name in given)
        raise InputError(f"--resume finishes a training as it was begun; it goes without {names}")
    workspace = Workspace.from_env()
    version = runs.named(workspace, [from_bundle])[0].version if from_bundle else ""
    with training_libraries(), console.bars() as progress:
        if resume:
            trained = steps.learn_on(workspace, progress)
        else:
            options = steps.training_options(changes=changes, from_bundle=version, **how)
            trained = steps.learn(workspace, options, progress)
    if as_json:
        console.as_json(asdict(trained))
    else:
        console.mapping("Trained", asdict(trained))


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE
