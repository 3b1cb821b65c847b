"""The steps of a catalog's life on a workspace, as functions; the commands only print what they return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from embed.bundle import Bundle, current, open_bundle, publish
from embed.memory import enough
from embed.record import Curves, Record
from embed.run import Run
from embed.split import SplitBy
from kg.bolt import QueryResult
from kg.connect import connect
from kg.cypher import RECORDS
from kg.drain import drain
from kg.journal import Journal
from kg.progress import Progress, silent
from kg.snapshot import Snapshot, snapshot
from kg.store import GraphStore, Load
from kg.workspace import Workspace
from ontology.errors import InputError, NotReadyError
from ontology.model import Ontology
from ontology.turtle import load_ontology
from retrieval.answer import Explanation
from service import runs, unfinished
from service.pairs import tuned
from service.unfinished import Unfinished

if TYPE_CHECKING:
    from retrieval.training import TrainOptions  # needs kgrec[train]


@dataclass(frozen=True)
class Trained:
    """What a training run made of what."""

    version: str
    items: int
    users: int
    entities: int
    triples: int
    interactions: int
    held_out: int
    seconds: float
    peak_mib: int
    resumed: int
    """How often the training was killed and gone on with."""


def training_options(
    holdout: float = 0.2,
    seed: int = 0,
    device: str = "cpu",
    changes: Sequence[str] = (),
    split: SplitBy = "user",
    *,
    from_bundle: str = "",
) -> "TrainOptions":
    """How to train; `changes` are NAME=VALUE pairs, `from_bundle` is a version to start from.

    Needs the training libraries. Raises InputError.
    """
    import torch

    from retrieval.training import TrainOptions

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device {device!r} cannot be used here ({reason}); try cpu or cuda") from error
    options = TrainOptions(holdout, split, from_bundle=from_bundle)
    options = replace(options, teachers=replace(options.teachers, seed=seed, device=device))
    return tuned(options, changes)


def learn(workspace: Workspace, options: "TrainOptions", progress: Progress = silent) -> Trained:
    """Read the graph, learn, and publish the bundle. Needs the training libraries.

    A training of the same graph with the same options that was killed goes on where it was.
    """
    libraries = _libraries()
    with unfinished.alone(workspace):
        seen, ontology, journal = read_graph(workspace, progress)
        training = Unfinished(seen, ontology, options, journal, libraries)
        return _finish(workspace, training, progress)


def learn_on(workspace: Workspace, progress: Progress = silent) -> Trained:
    """Finish the training that was killed, from the graph as it was then. Raises InputError where there is none."""
    libraries = _libraries()
    with unfinished.alone(workspace):
        return _finish(workspace, unfinished.interrupted(workspace, libraries), progress)


def read_graph(workspace: Workspace, progress: Progress = silent) -> tuple[Snapshot, Ontology, int]:
    """What is learned from: the graph with all that came in through the service, and up to where that is the journal's.

    Raises NotReadyError where nothing was loaded.
    """
    if not workspace.ontology.exists():
        raise NotReadyError(f"nothing was loaded into {workspace.root}: run `kg ingest` first")
    ontology = load_ontology(workspace.ontology)
    with connect(workspace.graph) as store:
        journal = _drained(workspace, store)
        return snapshot(store, ontology, progress), ontology, journal


def _libraries() -> dict[str, str]:
    """The versions of what learns; imports all that a training needs, also what it needs at its very end."""
    import embed.picture  # noqa: F401
    from retrieval.training import libraries

    return libraries()


def _finish(workspace: Workspace, training: Unfinished, progress: Progress) -> Trained:
    from retrieval.training import ready, train

    record, seen = Record(), training.snapshot
    old = _to_start_from(workspace, training.options)
    ready(seen, training.ontology, training.options, old)  # before one that was interrupted is given up for it
    training = unfinished.begun(workspace, training)
    run = Run(progress, record, training.shelf(workspace))
    needing_less = (
        "fewer --set linear.most_items, transitions.most_items, ranker_users, transe.dim or gnn.negatives need less"
    )
    # What memory was refused for goes on when there is more; what else is refused would be refused again.
    with enough(needing_less), unfinished.hopeless(workspace):
        draft = train(seen, training.ontology, training.options, run, old)
    version = publish(replace(draft, about={**draft.about, "journal": training.journal}), workspace.models)
    device = training.options.teachers.device
    took = runs.finished(version, training.began, record, resumed=training.again, device=device)
    runs.write(workspace, took, picture({version: draft.curves}))
    unfinished.ended(workspace)
    return Trained(
        version=version,
        items=seen.n_items,
        users=seen.n_users,
        entities=len(seen.keys),
        triples=len(seen.triples),
        interactions=len(seen.interactions),
        held_out=int(draft.held_out.sum()),
        seconds=took.seconds,
        peak_mib=took.peak_mib,
        resumed=training.again,
    )


def _to_start_from(workspace: Workspace, options: "TrainOptions") -> Bundle | None:
    return open_bundle(workspace.models / options.from_bundle) if options.from_bundle else None


def picture(trainings: Mapping[str, Curves]) -> str:
    """The learning curves of trainings, by name, as an SVG. Needs the training libraries."""
    from embed.picture import draw

    return draw(trainings)


def _drained(workspace: Workspace, store: GraphStore) -> int:
    """Take to the graph what came in through the service; give up to where the graph has the journal now."""
    journal = Journal(workspace.journal)
    try:
        drain(journal, store)
        return journal.drained()
    finally:
        journal.close()


def ask(workspace: Workspace, cypher: str, parameters: Mapping[str, object], max_rows: int) -> QueryResult:
    """Ask the graph, read-only."""
    with connect(workspace.graph) as store:
        return store.query(cypher, parameters, max_rows=max_rows)


def prove(workspace: Workspace, explanation: Explanation) -> list[list[object]]:
    """Run an explanation's Cypher on the graph: the rows that it returns."""
    if explanation.cypher is None:
        raise InputError("this explanation has no path, so there is nothing to prove")
    return [list(row) for row in ask(workspace, explanation.cypher, explanation.parameters, 1).rows]


def state(workspace: Workspace) -> dict[str, dict[str, object]]:
    """What the graph holds, by class and by relation and together, the last loads, and the bundle that is served."""
    with connect(workspace.graph) as store:
        classes: dict[str, object] = {name: n for name, n in store.count_nodes().items() if name not in RECORDS}
        relations: dict[str, object] = {**store.count_relationships()}
        found = {"Graph": classes | relations, "Classes": classes, "Relations": relations}
        found["Last loads"] = {_when(load.at): f"{load.source}: {_summary(load)}" for load in store.loads()}
    try:
        bundle = open_bundle(current(workspace.models))
    except NotReadyError as error:
        found["Bundle"] = {"state": str(error)}
    else:
        manifest = bundle.manifest
        found["Bundle"] = {"version": bundle.version, "snapshot": manifest["snapshot"][:16], **manifest["metrics"]}
    return found


def _when(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def _summary(load: Load) -> str:
    return f"{load.loaded:,} of {load.read:,} rows, {load.refused:,} refused"
