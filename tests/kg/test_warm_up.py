"""What the embedded database has learned makes it start faster, and never keeps it from starting."""

from pathlib import Path

import pytest

from kg import java
from kg.embedded import embedded
from kg.store import GraphStore
from kg.triples import Entity
from kg.warm_up import warm_up
from ontology.errors import StoreError


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file that is made, and nothing else; that of another installation stays."""
    with pytest.MonkeyPatch.context() as patch:
        caches = tmp_path_factory.mktemp("caches")
        patch.setenv("XDG_CACHE_HOME", str(caches))
        (caches / "kgrec").mkdir()
        other = caches / "kgrec" / "embedded-0123456789abcdef.aot"
        other.touch()
        kept = warm_up()
        assert set((caches / "kgrec").iterdir()) == {kept, other}
        assert kept.stat().st_mode & 0o077 == 0
        return kept.read_bytes()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is looked for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    java.learned().parent.mkdir()
    return java.learned()


def log_of(folder: Path) -> str:
    """What the database says when it is started, written to and read."""
    with embedded(folder) as address, GraphStore(address) as store:
        store.upsert_entities([Entity("Product", "tent")])
        assert store.counts()["Product"] == 1
    return (folder / "server.log").read_text(encoding="utf-8", errors="replace")


def test_it_is_used(learned: bytes, kept: Path, tmp_path: Path) -> None:
    assert "AOTCache" not in " ".join(java.command())
    kept.write_bytes(learned)
    assert f"-XX:AOTCache={kept}" in java.command()
    assert "aot]" not in log_of(tmp_path / "graph")
    assert kept.exists()


def test_one_that_is_cut_short_is_not_used(learned: bytes, kept: Path, tmp_path: Path) -> None:
    kept.write_bytes(learned[: len(learned) // 2])
    assert "truncated" in log_of(tmp_path / "graph")


def test_one_that_is_damaged_is_deleted(learned: bytes, kept: Path, tmp_path: Path) -> None:
    middle = len(learned) // 4
    kept.write_bytes(learned[:middle] + b"\xff" * 2 * middle + learned[3 * middle :])
    log_of(tmp_path / "graph")
    assert not kept.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError, match=f"{tmp_path}/file/kgrec/embedded-.*aot cannot be made: Not a directory"):
        warm_up()
    assert java.command()  # and where it is looked for is no trouble
