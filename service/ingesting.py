"""`kg ingest`, all its ways: load, try, retry, resume, infer, and write files for another's import."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kg.connect import connect
from kg.exporting import export_load
from kg.formats.door import read_blocks
from kg.formats.source import STDIN
from kg.infer import Inferred, infer
from kg.ingest import ingest, interrupted, resume, retry
from kg.loading import Options
from kg.mapping import Mapping, load_mapping
from kg.progress import Progress, silent
from kg.rejects import Limit
from kg.report import IngestReport
from kg.sources import unmapped
from kg.workspace import Workspace
from ontology.errors import InputError
from ontology.model import Ontology
from ontology.turtle import load_ontology

OPENING = "open the graph"
FIRST_MAPPING = Path("catalog.mapping.yaml")


@dataclass(frozen=True)
class Asked:
    """What a person asks of `kg ingest`."""

    paths: Sequence[Path] = ()
    mapping: Path | None = None
    max_errors: Limit | None = None
    dry_run: bool = False
    delete_missing: bool = False
    rejects: Path | None = None
    resume: bool = False
    infer: bool = False
    neo4j_admin: Path | None = None


def load(workspace: Workspace, paths: Sequence[Path], mapping: Path, progress: Progress = silent) -> IngestReport:
    """Load catalog files through a mapping into the workspace's graph, and keep the ontology beside it."""
    return load_as_asked(workspace, Asked(paths, mapping), progress)


def load_as_asked(workspace: Workspace, asked: Asked, progress: Progress = silent) -> IngestReport:
    """Load, try, retry or finish a load. Raises InputError where options do not go together, and as `ingest` does."""
    if asked.resume:
        return _resume(workspace, asked, progress)
    if asked.mapping is None:
        raise InputError("say how columns become entities: --mapping FILE.mapping.yaml, or --infer to make a first one")
    if bool(asked.paths) == bool(asked.rejects):
        raise InputError("give the files to load, or --rejects with the list of an earlier load")
    mapping = load_mapping(asked.mapping)
    ontology = load_ontology(mapping.ontology)
    options = Options(asked.delete_missing, asked.dry_run, asked.max_errors, rejects=workspace.rejects)
    if asked.neo4j_admin:
        return _export(workspace, asked, mapping, ontology, progress)
    progress(OPENING, 0, None)
    with connect(workspace.graph) as store:
        if asked.rejects:
            if asked.delete_missing:
                raise InputError("--rejects gives a part of the rows, so --delete-missing would remove all others")
            report = retry(
                asked.rejects, mapping, ontology, store, home=workspace.root, options=options, progress=progress
            )
        else:
            report = ingest(
                asked.paths,
                mapping,
                ontology,
                store,
                home=workspace.root,
                options=options,
                again=_again(asked),
                progress=progress,
            )
    if not asked.dry_run:
        _keep(workspace, ontology.text)
    return report


def infer_mapping(asked: Asked) -> tuple[Inferred, Path, Path]:
    """Write a first mapping and ontology; give them with their paths. Raises InputError when one is there already."""
    mapping = asked.mapping or FIRST_MAPPING
    ontology = mapping.with_name(mapping.name.removesuffix(".yaml").removesuffix(".mapping") + ".ttl")
    for path in (mapping, ontology):
        if path.exists():
            raise InputError(f"{path} is there already; name another file with --mapping, or remove it")
    blocks = {name: read_blocks(path) for name, path in unmapped(asked.paths).items()}
    found = infer(blocks, ontology=ontology.name)
    for path, text in ((mapping, found.mapping_yaml), (ontology, found.ontology_turtle)):
        path.write_text(text, encoding="utf-8")
    return found, mapping, ontology


def _resume(workspace: Workspace, asked: Asked, progress: Progress) -> IngestReport:
    if asked.paths or asked.rejects or asked.dry_run:
        raise InputError("--resume finishes the load that was interrupted; it takes no files and no --dry-run")
    progress(OPENING, 0, None)
    with connect(workspace.graph) as store:
        report = resume(store, home=workspace.root, progress=progress)
    if report:
        return report
    again = interrupted(home=workspace.root)
    if again is None:
        raise InputError(f"no load was interrupted in {workspace.root}")
    paths = [Path(path) for path in again["paths"]]
    if STDIN in paths:
        raise InputError("the load that was interrupted read standard input and had written nothing; send it again")
    limit = Limit.parse(again["max_errors"]) if again["max_errors"] else None
    return load_as_asked(
        workspace, Asked(paths, Path(again["mapping"]), limit, delete_missing=again["delete_missing"]), progress
    )


def _export(
    workspace: Workspace, asked: Asked, mapping: Mapping, ontology: Ontology, progress: Progress
) -> IngestReport:
    if asked.neo4j_admin is None or asked.rejects or asked.dry_run or asked.delete_missing:
        raise InputError("--neo4j-admin writes all of a first load; it takes files and --max-errors alone")
    options = Options(max_errors=asked.max_errors)
    report = export_load(
        asked.paths, mapping, ontology, asked.neo4j_admin, home=workspace.root, options=options, progress=progress
    )
    _keep(workspace, ontology.text)
    return report


def _again(asked: Asked) -> dict[str, object]:
    """What is noted until a load writes: how to run it again."""
    return {
        "paths": [str(path if path == STDIN else path.absolute()) for path in asked.paths],
        "mapping": str(asked.mapping and asked.mapping.absolute()),
        "max_errors": str(asked.max_errors) if asked.max_errors else None,
        "delete_missing": asked.delete_missing,
    }


def _keep(workspace: Workspace, ontology: str) -> None:
    workspace.root.mkdir(parents=True, exist_ok=True)
    fresh = workspace.ontology.with_suffix(".new")
    fresh.write_text(ontology, encoding="utf-8")
    fresh.replace(workspace.ontology)
