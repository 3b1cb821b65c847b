"""The training that is not over yet: on which graph, with which options, and what of it is finished.

A workspace has one at a time. It is noted before it begins, so a kill at any moment leaves what is needed to go on.
"""

import fcntl
import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from embed.checkpoint import Shelf
from kg.replacing import replace_file
from kg.snapshot import Snapshot
from kg.snapshot_file import load_snapshot, save_snapshot
from kg.workspace import Workspace
from ontology.errors import InputError, KgrecError, StoreError
from ontology.model import Ontology
from ontology.turtle import parse_ontology

if TYPE_CHECKING:
    from retrieval.training import TrainOptions  # needs kgrec[train]

NOTE = "note.json"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unfinished:
    """What is learned from, and how.

    `journal`: up to where the graph had it. `again`: how often it went on. `began`: when it did at first (ISO 8601).
    """

    snapshot: Snapshot
    ontology: Ontology
    options: "TrainOptions"
    journal: int
    libraries: Mapping[str, str]
    again: int = 0
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def bound(self) -> str:
        """What its results depend on: those of another training are of no use."""
        parts = (self.snapshot.digest, self.ontology.text, asdict(self.options), self.libraries)
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def shelf(self, workspace: Workspace) -> Shelf:
        """Where its results are kept."""
        return Shelf(workspace.training, self.bound)


@dataclass(frozen=True)
class _Note:
    """What is written down of a training; the snapshot is beside it, under its digest."""

    bound: str
    snapshot: str
    ontology: str
    options: dict[str, Any]
    journal: int
    again: int
    began: str


@contextmanager
def alone(workspace: Workspace, what: str = "training") -> Iterator[None]:
    """Nobody else does that in the workspace meanwhile. Raises StoreError where somebody does."""
    try:
        workspace.root.mkdir(parents=True, exist_ok=True)
        file = (workspace.root / f"{what}.lock").open("wb")
    except OSError as error:
        raise StoreError(f"{workspace.root} cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # given back when the file is closed, also by a kill
        except BlockingIOError as error:
            raise StoreError(
                f"another {what} runs in {workspace.root}; wait for its end, or use another workspace (KG_HOME)"
            ) from error
        yield


def begun(workspace: Workspace, training: Unfinished) -> Unfinished:
    """Note the training; the same one, if it was interrupted, goes on, and any other is forgotten.

    With other versions of the libraries it is learned anew.

    Where the disk refuses, the training is merely not one that can be gone on with.
    """
    for half_written in workspace.models.glob(".new-*"):  # by a publishing that was killed; nobody else trains here
        shutil.rmtree(half_written, ignore_errors=True)
    note = _noted(workspace)
    if note and note.bound == training.bound:
        training = replace(training, again=note.again + 1, began=note.began)
    elif note and _same(note, training):
        # What was kept is left where it is: nobody takes it, and the snapshot may be what is learned from.
        log.warning("the libraries have changed since the training was interrupted, so all is learned anew")
    else:
        if note:
            log.warning("a training of another graph or with other options was interrupted; it is given up")
        ended(workspace)
    try:
        save_snapshot(training.snapshot, workspace.snapshots)
        _note(workspace, training)
    except OSError as error:
        log.warning("%s cannot be written (%s): if killed, this training begins anew", workspace.root, error.strerror)
    return training


def interrupted(workspace: Workspace, libraries: Mapping[str, str]) -> Unfinished:
    """The training that was interrupted, as it was begun; `begun` says how often it went on.

    Raises InputError where there is none, or what it learned from is damaged.
    """
    note = _noted(workspace)
    if note is None:
        raise InputError(f"no training was interrupted in {workspace.root}")
    try:
        options = _options(note)
    except ValidationError as error:
        raise InputError("the training that was interrupted is another version's; start it again") from error
    seen = load_snapshot(workspace.snapshots / note.snapshot)
    ontology = parse_ontology(note.ontology)
    return Unfinished(seen, ontology, options, note.journal, libraries)


@contextmanager
def hopeless(workspace: Workspace) -> Iterator[None]:
    """A training that is refused is over: what it learns from and its options would only be refused again."""
    try:
        yield
    except StoreError:
        raise
    except KgrecError:
        ended(workspace)
        raise


def _same(note: _Note, training: Unfinished) -> bool:
    """Whether it is of the same graph, with the same options."""
    try:
        options = _options(note)
    except ValidationError:
        return False
    noted = (note.snapshot, note.ontology, options)
    return noted == (training.snapshot.digest, training.ontology.text, training.options)


def _options(note: _Note) -> "TrainOptions":
    """Those it was begun with. Raises ValidationError where they are none of this version's."""
    from retrieval.training import TrainOptions

    return TypeAdapter(TrainOptions).validate_python(note.options)


def ended(workspace: Workspace) -> None:
    """Forget the training: it is over. The note goes first, so that nobody goes on with what is left."""
    (workspace.training / NOTE).unlink(missing_ok=True)
    shutil.rmtree(workspace.training, ignore_errors=True)
    shutil.rmtree(workspace.snapshots, ignore_errors=True)


def _note(workspace: Workspace, training: Unfinished) -> None:
    workspace.training.mkdir(parents=True, exist_ok=True)
    note = _Note(
        bound=training.bound,
        snapshot=training.snapshot.digest,
        ontology=training.ontology.text,
        options=asdict(training.options),
        journal=training.journal,
        again=training.again,
        began=training.began,
    )
    replace_file(workspace.training / NOTE, json.dumps(asdict(note)))


def _noted(workspace: Workspace) -> _Note | None:
    """The note; one that cannot be read counts as not there."""
    path = workspace.training / NOTE
    if not path.exists():
        return None
    try:
        return TypeAdapter(_Note).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        log.warning("%s cannot be read, so it counts as not there", path)
        return None
