"""`kg ingest`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from kg.rejects import Limit, TooManyRefusedError
from kg.workspace import Workspace
from service import console, ingesting, load_tables
from service.commands.options import machine


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--mapping", "-m", type=click.Path(path_type=Path), help="How columns become entities (YAML).")
@click.option("--dry-run", is_flag=True, help="Tell what would change, and write nothing to the graph.")
@click.option("--delete-missing", is_flag=True, help="Remove what these sources said before and no longer say.")
@click.option("--max-errors", metavar="N|P%", help="Load nothing when more rows are refused: a number, or a share.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Load the rows that an earlier load refused.")
@click.option("--resume", is_flag=True, help="Finish the load that was interrupted.")
@click.option("--infer", is_flag=True, help="Write a first mapping (to --mapping) and ontology from the files.")
@click.option(
    "--neo4j-admin",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write files for `neo4j-admin database import`, and the command.",
)
@machine
def command(paths: tuple[Path, ...], mapping: Path | None, max_errors: str | None, as_json: bool, **how: Any) -> None:
    """Load catalog files, or folders of them, into the graph.

    PATHS are files, folders, patterns, or - for standard input; docs/formats.md says what is read. Loading again is
    harmless: only what changed is written. Rows that cannot be loaded are written to rejects.jsonl in KG_HOME, with
    file, line, column, value, rule and reason. A load that was killed is finished by --resume, or by the next load.

    Exit status: 0 all loaded, 1 loaded with rejects, 2 the input is wrong and nothing was loaded, 3 the store failed.
    """
    workspace = Workspace.from_env()
    asked = ingesting.Asked(paths, mapping, Limit.parse(max_errors) if max_errors else None, **how)
    if how["infer"]:
        load_tables.inferred(*ingesting.infer_mapping(asked))
        return
    try:
        with console.bars() as progress:
            report = ingesting.load_as_asked(workspace, asked, progress)
    except TooManyRefusedError as error:
        if as_json:
            console.as_json({"error": str(error), "loaded": 0, **error.counts})
        raise
    if as_json:
        console.as_json(asdict(report))
    else:
        load_tables.loaded(report, workspace.rejects)
    sys.exit(2 if report.in_vain else int(report.refused > 0))
