"""`kg runs`."""

from dataclasses import asdict
from pathlib import Path

import click

from kg.workspace import Workspace
from service import console, run_tables, runs
from service.commands.libraries import training_libraries
from service.commands.options import machine


@click.command()
@click.argument("versions", nargs=-1)
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE", help="Draw their learning curves (SVG).")
@machine
def command(versions: tuple[str, ...], picture: Path | None, as_json: bool) -> None:
    """List the trainings, the last one first; or show one, or what two have not in common.

    VERSIONS are bundles, by the beginning of their version, or `current`. What repeats with the seed (settings,
    metrics, curves) is in the bundle; how long it took and how much memory, in the folder runs of KG_HOME, with a
    picture of each training.
    """
    workspace = Workspace.from_env()
    found = runs.named(workspace, versions) if versions else runs.entries(workspace)
    if picture:
        with training_libraries():
            from service import steps

            runs.save(steps.picture({entry.version: entry.curves for entry in found}), picture)
    if as_json:
        console.as_json({"runs": [asdict(entry) for entry in found]})
    elif len(versions) == 1:
        run_tables.one(found[0])
    elif len(versions) == 2:
        run_tables.compared(*found)
    else:
        run_tables.every(found)
