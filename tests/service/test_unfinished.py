"""The note of a training: it is found again, given up for another one, and refused where it is damaged."""

from dataclasses import replace
from pathlib import Path

import pytest

from embed.checkpoint import Kept
from kg.snapshot import digest_of
from kg.workspace import Workspace
from ontology.errors import InputError, NotReadyError, StoreError
from retrieval.training import libraries
from service import runs
from service.unfinished import Unfinished, alone, begun, ended, hopeless, interrupted
from tests.retrieval.test_training import QUICK, library
from tests.worlds import ONTOLOGY

LIBRARIES = {"torch": "1"}


def training() -> Unfinished:
    snapshot = library()
    return Unfinished(replace(snapshot, digest=digest_of(snapshot)), ONTOLOGY, QUICK, 7, LIBRARIES)


def test_it_is_found_as_it_was_begun(tmp_path: Path):
    workspace = Workspace(tmp_path)
    wanted = begun(workspace, training())
    found = interrupted(workspace, LIBRARIES)
    assert (found.options, found.journal, found.again) == (QUICK, 7, 0)
    assert found.snapshot.digest == wanted.snapshot.digest
    assert found.ontology.text == ONTOLOGY.text
    assert found.bound == wanted.bound
    assert begun(workspace, found).again == 1
    assert begun(workspace, interrupted(workspace, LIBRARIES)).again == 2
    ended(workspace)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="no training was interrupted"):
        interrupted(workspace, LIBRARIES)


def test_what_it_depends_on_makes_it_another_one():
    one = training()
    others = [
        replace(one, snapshot=replace(one.snapshot, digest="1" * 64)),
        replace(one, options=replace(QUICK, holdout=0.3)),
        replace(one, options=replace(QUICK, teachers=replace(QUICK.teachers, seed=1))),
        replace(one, libraries=libraries()),
        replace(one, ontology=replace(ONTOLOGY, text=ONTOLOGY.text + "\n")),
    ]
    assert len({training.bound for training in [one, *others]}) == 6


def test_another_training_gives_it_up_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    workspace = Workspace(tmp_path)
    first = begun(workspace, training())
    first.shelf(workspace).put("transe", Kept({}))
    assert begun(workspace, training()).again == 1
    assert not caplog.text
    other = begun(workspace, replace(training(), options=replace(QUICK, holdout=0.3)))
    assert "given up" in caplog.text
    assert other.again == 0
    assert [path.name for path in workspace.training.iterdir()] == ["note.json"]


def test_with_other_libraries_all_is_learned_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    workspace = Workspace(tmp_path)
    begun(workspace, training())
    begun(workspace, training()).shelf(workspace).put("transe", Kept({}))
    anew = begun(workspace, interrupted(workspace, {"torch": "2"}))
    assert "the libraries have changed" in caplog.text
    assert "given up" not in caplog.text
    assert anew.again == 0
    assert anew.shelf(workspace).get("transe") is None
    assert begun(workspace, interrupted(workspace, {"torch": "2"})).again == 1


def test_it_began_when_it_began_first(tmp_path: Path):
    workspace = Workspace(tmp_path)
    first, later = (replace(training(), began=f"2026-01-0{day}T00:00:00+00:00") for day in (1, 2))
    begun(workspace, first)
    assert begun(workspace, later).began == first.began
    other = replace(later, options=replace(QUICK, holdout=0.3))
    assert begun(workspace, other).began == later.began


def test_what_learns_is_bound_by_its_version():
    assert {"torch", "dgl", "pykeen", "numpy", "scipy", "onnx", "faiss"} <= libraries().keys()


@pytest.mark.parametrize("file", ["graph.safetensors", "about.json"])
def test_a_damaged_snapshot_is_said(tmp_path: Path, file: str):
    workspace = Workspace(tmp_path)
    begun(workspace, training())
    (path,) = workspace.snapshots.glob(f"*/{file}")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="cannot be read"):
        interrupted(workspace, LIBRARIES)


def test_options_of_another_version_are_said(tmp_path: Path):
    workspace = Workspace(tmp_path)
    begun(workspace, training())
    note = workspace.training / "note.json"
    note.write_text(note.read_text(encoding="utf-8").replace('"holdout": 0.2', '"holdout": "much"'), encoding="utf-8")
    with pytest.raises(InputError, match="another version's"):
        interrupted(workspace, LIBRARIES)


def test_one_that_is_refused_is_over_and_one_that_the_disk_stops_is_not(tmp_path: Path):
    workspace = Workspace(tmp_path)
    begun(workspace, training())
    for error in (StoreError("the disk is full"), KeyboardInterrupt()):
        with pytest.raises(type(error)), hopeless(workspace):
            raise error
        assert interrupted(workspace, LIBRARIES).journal == 7
    with pytest.raises(NotReadyError, match="too little"), hopeless(workspace):
        raise NotReadyError("too little")
    with pytest.raises(InputError, match="no training was interrupted"):
        interrupted(workspace, LIBRARIES)


FOREIGN = [b"", b"{", b"[1]", b"{}", b'{"bound": 1, "version": 2}', b"\xff\xfe"]
"""What a power cut may leave of a file, and what nobody here wrote."""


@pytest.mark.parametrize("content", FOREIGN)
def test_a_note_that_cannot_be_read_counts_as_not_there(tmp_path: Path, content: bytes):
    workspace = Workspace(tmp_path)
    begun(workspace, training())
    (workspace.training / "note.json").write_bytes(content)
    with pytest.raises(InputError, match="no training was interrupted"):
        interrupted(workspace, LIBRARIES)
    assert begun(workspace, training()).again == 0
    assert interrupted(workspace, LIBRARIES).journal == 7


@pytest.mark.parametrize("content", FOREIGN)
def test_a_record_that_cannot_be_read_counts_as_not_there(tmp_path: Path, content: bytes):
    workspace = Workspace(tmp_path)
    run = runs.TrainingRun("abc", "2026-01-01T00:00:00+00:00", 1.5, 100, 0, "cpu", {"ranker": {"seconds": 1.5}})
    runs.write(workspace, run, "<svg/>")
    (workspace.runs / "zzz.json").write_bytes(content)
    (workspace.runs / "folder.json").mkdir()
    assert runs.trainings(workspace) == [run]


def test_a_damaged_snapshot_is_replaced_by_the_next_training(tmp_path: Path):
    workspace = Workspace(tmp_path)
    begun(workspace, training())
    (path,) = workspace.snapshots.glob("*/about.json")
    path.write_bytes(b"")
    assert begun(workspace, training()).again == 1
    assert interrupted(workspace, LIBRARIES).journal == 7


def test_what_a_killed_publishing_left_is_removed(tmp_path: Path):
    workspace = Workspace(tmp_path)
    for name in (".new-abc/bundle", "0123"):
        (workspace.models / name).mkdir(parents=True)
    begun(workspace, training())
    assert [path.name for path in workspace.models.iterdir()] == ["0123"]


def test_a_workspace_that_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "kg").write_text("a file", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be written"), alone(Workspace(tmp_path / "kg")):
        pass
