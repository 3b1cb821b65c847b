"""A ledger that cannot be used: what is wrong and what would work, and its lock is let go of."""

from pathlib import Path

import pytest

from kg.ledger import Ledger
from kg.tables import Tables
from ontology.errors import StoreError


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b"", b"12345678DUCK" + bytes(20_000)])
def test_a_damaged_ledger(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.duckdb"
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(StoreError, match=f"{path} is damaged: .*; remove it"):
            Ledger(path)
    path.unlink()
    with Ledger(path) as ledger:
        assert ledger.empty()


def test_a_folder_where_the_ledger_should_be(tmp_path: Path) -> None:
    (tmp_path / "ledger.duckdb").mkdir()
    for _ in range(2):
        with pytest.raises(StoreError, match=f"{tmp_path}/ledger.duckdb failed"):
            Ledger(tmp_path / "ledger.duckdb")


def test_a_ledger_of_another_format(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.duckdb"):
        pass
    tables = Tables(tmp_path / "ledger.duckdb")
    tables.run("UPDATE note SET value = '99' WHERE name = 'format'")
    tables.close()
    for _ in range(2):
        with pytest.raises(StoreError, match="has format 99; this version of kgrec reads"):
            Ledger(tmp_path / "ledger.duckdb")


def test_what_fails_in_the_file_later_is_told_in_a_sentence(tmp_path: Path) -> None:
    with (  # noqa: PT012
        pytest.raises(StoreError, match=r"ledger\.duckdb failed: .*note"),
        Ledger(tmp_path / "ledger.duckdb") as ledger,
    ):
        ledger.tables.run("DROP TABLE note")
        ledger.note("load")
    with Ledger(tmp_path / "other.duckdb"):
        pass
