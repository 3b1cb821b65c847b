"""The command `kg`: each command is a thin skin over a function."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args

import click

from embed.split import SplitBy
from kg import warm_up as warming
from kg.journal import Journal
from kg.rejects import Limit, TooManyRefusedError
from kg.workspace import Workspace
from ontology.errors import InputError, KgrecError, NotReadyError
from retrieval.answer import Query
from retrieval.opening import open_recommender
from retrieval.recommend import Recommender
from service import console, ingesting, run_tables, runs, server, steps
from service import demo as demonstration
from service.remote import Service
from service.settings import Settings

machine = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
only = click.option("--filter", metavar="EXPRESSION", help='Only such items, as: genre is_a "Crime" and year >= 1990')
split = click.option(
    "--split",
    default="user",
    show_default=True,
    type=click.Choice(get_args(SplitBy)),
    help="Keep back the last part of each user's history, their last like alone, or all after one moment.",
)
seed = click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="The same seed gives the same bundle on the same machine.",
)
device = click.option("--device", default="cpu", show_default=True, help="Where to learn: cpu or cuda.")
count = click.option("-n", default=10, show_default=True, help="How many to print.", type=click.IntRange(1, 1000))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kgrec")
def kg() -> None:
    """Recommend items by what they mean.

    A catalog becomes a knowledge graph (`kg ingest`), vectors are learned from it (`kg train`), and answers come
    with the path that explains them (`kg recommend`, `kg serve`). Everything local is kept in the folder KG_HOME
    (default .kg). KG_GRAPH names a Neo4j server (bolt://…, with KG_GRAPH_USER and KG_GRAPH_PASSWORD or
    KG_GRAPH_PASSWORD_FILE); left empty, an embedded graph database is started on loopback.
    """


@kg.command()
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
def ingest(paths: tuple[Path, ...], mapping: Path | None, max_errors: str | None, as_json: bool, **how: Any) -> None:
    """Load catalog files, or folders of them, into the graph.

    PATHS are files, folders, patterns, or - for standard input; docs/formats.md says what is read. Loading again is
    harmless: only what changed is written. Rows that cannot be loaded are written to rejects.jsonl in KG_HOME, with
    file, line, column, value, rule and reason. A load that was killed is finished by --resume, or by the next load.

    Exit status: 0 all loaded, 1 loaded with rejects, 2 the input is wrong and nothing was loaded, 3 the store failed.
    """
    workspace = Workspace.from_env()
    asked = ingesting.Asked(paths, mapping, Limit.parse(max_errors) if max_errors else None, **how)
    if how["infer"]:
        console.inferred(*ingesting.infer_mapping(asked))
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
        console.load_report(report, workspace.rejects)
    sys.exit(2 if report.in_vain else int(report.refused > 0))


@kg.command()
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
def train(
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
    with _training_libraries(), console.bars() as progress:
        if resume:
            trained = steps.learn_on(workspace, progress)
        else:
            options = steps.training_options(changes=changes, from_bundle=version, **how)
            trained = steps.learn(workspace, options, progress)
    if as_json:
        console.as_json(asdict(trained))
    else:
        console.mapping("Trained", asdict(trained))


@kg.command()
@click.option(
    "--trials",
    default=30,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How many trainings to compare, those of a search that was interrupted included.",
)
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Begin no training that would end after that.")
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=RANGE",
    help="What to vary, as 0.01..0.5, 1..4 or [16,32]; not the usual ones.",
)
@click.option(
    "--metric", default="ndcg", show_default=True, type=click.Choice(["ndcg", "recall"]), help="Of lists of 20 items."
)
@click.option(
    "--holdout",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The part kept back for `kg evaluate`, and then for the score.",
)
@split
@seed
@device
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="An option that all trainings share.")
@machine
def tune(
    *,
    vary: tuple[str, ...],
    trials: int,
    minutes: float | None,
    metric: Literal["ndcg", "recall"],
    changes: tuple[str, ...],
    as_json: bool,
    **how: Any,
) -> None:
    """Look for options of training that give better lists on this graph, within a budget.

    Each trial is a training; the options as they stand are the first. What `kg evaluate` asks about is left out of all
    of them: they learn from a part of the rest and are scored on the other, split as --holdout and --split say.
    Nothing is published: the last line says how to train with the best. A search that was killed goes on when the
    same is asked again. docs/reference.md says what is varied.
    """
    with _training_libraries(), console.bars() as progress:
        from embed.hypersearch import Budget
        from service import tuning

        options = steps.training_options(changes=changes, **how)
        budget = Budget(trials, minutes * 60 if minutes else inf)
        found = tuning.tune(
            Workspace.from_env(),
            options,
            budget,
            given=changes,
            ranges=tuning.ranges_of(vary),
            metric=metric,
            progress=progress,
        )
    if as_json:
        console.as_json(asdict(found))
    else:
        console.tuned(found)


@kg.command(name="runs")
@click.argument("versions", nargs=-1)
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE", help="Draw their learning curves (SVG).")
@machine
def trained_runs(versions: tuple[str, ...], picture: Path | None, as_json: bool) -> None:
    """List the trainings, the last one first; or show one, or what two have not in common.

    VERSIONS are bundles, by the beginning of their version, or `current`. What repeats with the seed (settings,
    metrics, curves) is in the bundle; how long it took and how much memory, in the folder runs of KG_HOME, with a
    picture of each training.
    """
    workspace = Workspace.from_env()
    found = runs.named(workspace, versions) if versions else runs.entries(workspace)
    if picture:
        with _training_libraries():
            runs.save(steps.picture({entry.version: entry.curves for entry in found}), picture)
    if as_json:
        console.as_json({"runs": [asdict(entry) for entry in found]})
    elif len(versions) == 1:
        run_tables.one(found[0])
    elif len(versions) == 2:
        run_tables.compared(*found)
    else:
        run_tables.every(found)


@kg.command()
@click.option("-k", default=20, show_default=True, help="Cut-off of the metrics.", type=click.IntRange(1, 1000))
@click.option("--url", metavar="ADDRESS", help="Score the lists of the service that runs there, too.")
@machine
def evaluate(k: int, url: str | None, as_json: bool) -> None:
    """Score the bundle, beside simpler systems, on the interactions that it held out.

    All-ranking: candidates are all items less the user's known ones; users are those with a held-out liked item.
    Each figure is a mean over users, ± half of its 95 % confidence interval; p is that of a paired randomisation test
    against the full pipeline. A service at --url has to serve this very bundle. docs/evaluation.md says what each
    figure is.
    """
    with _training_libraries():
        from retrieval.evaluation import evaluate as score

        with console.bars() as progress, _recommender() as recommender:
            service = None if url is None else Service.at(url, recommender.bundle.version).recommend
            scored = score(recommender, k, progress, service)
    if as_json:
        console.as_json(asdict(scored))
    else:
        console.evaluation(scored)


@kg.command()
@click.argument("user", required=False)
@click.option("--history", multiple=True, metavar="ITEM", help="Items liked, oldest first; for users not known yet.")
@click.option("--exclude", multiple=True, metavar="ITEM", help="Items that shall not be recommended.")
@only
@count
@machine
def recommend(user: str | None, as_json: bool, **asked: Any) -> None:
    """Recommend items to USER, or for a history, each with the path that explains it.

    docs/filters.md says what a filter may be.
    """
    with _recommender() as recommender:
        given = recommender.recommend(Query(user=user, **asked))
    if as_json:
        console.as_json(asdict(given))
    else:
        console.answer(f"For user {user}" if user else "For this history", given)


@kg.command()
@click.argument("item")
@only
@count
@machine
def similar(item: str, n: int, filter: str | None, as_json: bool) -> None:
    """Find items that go with ITEM."""
    with _recommender() as recommender:
        given = recommender.similar(item, n, filter)
        name = recommender.item(item).name
    if as_json:
        console.as_json(asdict(given))
    else:
        console.answer(f"Similar to {name}", given)


@kg.command()
@click.argument("user")
@click.argument("item")
@click.option("--prove", is_flag=True, help="Run the Cypher on the graph and show what it returns.")
@machine
def explain(user: str, item: str, prove: bool, as_json: bool) -> None:
    """Show the path from USER's history to ITEM, and the Cypher that returns it."""
    with _recommender() as recommender:
        found = recommender.rank(Query(user=user), (item,)).recommendations[0].explanation
    if found is None:
        raise InputError(f"there is no explanation for item {item!r}")
    proof = steps.prove(Workspace.from_env(), found) if prove and found.cypher else None
    if as_json:
        console.as_json(asdict(found) | ({"proof": proof} if prove else {}))
    else:
        console.explanation(found, proof)


@kg.command()
@click.argument("cypher")
@click.option("--param", "-p", multiple=True, metavar="NAME=VALUE", help="A parameter of the query, as text.")
@click.option("--max-rows", default=100, show_default=True, type=click.IntRange(1, 100_000), help="Stop after so many.")
@machine
def query(cypher: str, param: tuple[str, ...], max_rows: int, as_json: bool) -> None:
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


@kg.command()
@click.option("--host", help="Address to listen on [default: KG_HOST, or 127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on [default: KG_PORT, or 8080].")
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes [default: KG_WORKERS, or 2].")
def serve(**options: str | int | None) -> None:
    """Serve the REST API and the page, until Ctrl-C. Every setting is also an environment variable."""
    given = {name: value for name, value in options.items() if value is not None}
    settings = Settings.from_env().model_copy(update=given)
    server.serve(settings, lambda: console.serving(settings.host, settings.port))


@kg.command()
@machine
def status(as_json: bool) -> None:
    """Show what the graph holds, by class and by relation, the last loads, and the bundle that is served."""
    found = steps.state(Workspace.from_env())
    if as_json:
        console.as_json(found)
    else:
        del found["Graph"]  # all of it stands in the two after it
        for title, values in found.items():
            console.mapping(title, values)


@kg.command("warm-up")
def warm_up() -> None:
    """Have the embedded graph database start in half the time, once for this machine and version (15 seconds).

    What it learns is kept in the user's folder for caches (60 MB), and is of use to all workspaces.
    """
    kept = warming.warm_up()
    console.out.print(f"The embedded graph database starts faster from now on: {kept}")


@kg.command()
@click.option("--no-serve", is_flag=True, help="End after the recommendations instead of serving.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def demo(no_serve: bool, port: int) -> None:
    """Do it all on the example catalog: ingest, train, evaluate, recommend, serve. Goes on from what exists."""
    with _training_libraries():
        demonstration.run(Workspace.from_env(), serve=not no_serve, port=port)


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE


@contextmanager
def _recommender() -> Iterator[Recommender]:
    workspace = Workspace.from_env()
    journal = Journal(workspace.journal)
    try:
        yield open_recommender(workspace, journal)
    finally:
        journal.close()


@contextmanager
def _training_libraries() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "pykeen", "dgl", "scipy", "onnx", "optuna", "matplotlib"}:
            raise
        raise NotReadyError(f"{error.name} is not installed; this step needs: pip install 'kgrec[train]'") from error


def main() -> None:
    """Run a command; an error that is the caller's to mend becomes one sentence and an exit status."""
    try:
        kg()
    except KgrecError as error:
        if os.environ.get("KG_DEBUG"):
            raise
        click.echo(f"kg: {error}", err=True)
        sys.exit(error.exit_code)
