import gzip
import os
from pathlib import Path

import pytest

from kg.mapping import Mapping
from kg.sources import choose
from ontology.errors import InputError


def mapping(*names: str) -> Mapping:
    rule = {"entity": {"class": "Film", "key": "id"}}
    return Mapping.model_validate({"ontology": Path("a.ttl"), "files": dict.fromkeys(names, rule)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("films.csv", "films-1.csv", "films-2.csv", "people.tsv"):
        (tmp_path / name).write_bytes(b"id\n1\n")
    return tmp_path


def names(paths: list[Path], of: Mapping) -> list[str]:
    return [source.path.name for source in choose(paths, of)]


def test_a_pattern_stands_for_its_files(folder: Path) -> None:
    of = mapping("people.tsv", "films*.csv")
    assert names([folder / "films-*.csv"], of) == ["films-1.csv", "films-2.csv"]
    assert names([folder / "*"], of) == ["people.tsv", "films-1.csv", "films-2.csv", "films.csv"]
    assert names([folder.parent / "**" / "films-?.csv"], of) == ["films-1.csv", "films-2.csv"]
    assert names([folder / "films-[12].csv", folder / "films-1.csv", folder], of)[1:] == [
        "films-1.csv",
        "films-2.csv",
        "films.csv",
    ]


def test_a_pattern_without_a_file_is_an_input_error(folder: Path) -> None:
    with pytest.raises(InputError, match=r"no file matches .*series-\*\.csv"):
        choose([folder / "series-*.csv"], mapping("films.csv"))


def test_a_name_that_looks_like_a_pattern_is_a_file_where_it_is_one(folder: Path) -> None:
    (folder / "films[1].csv").write_bytes(b"id\n1\n")
    assert names([folder / "films[1].csv"], mapping("films*.csv")) == ["films[1].csv"]


def test_the_mapping_names_files_without_their_compression(folder: Path) -> None:
    (folder / "series.csv.gz").write_bytes(gzip.compress(b"id\n1\n"))
    assert names([folder / "series.csv.gz"], mapping("series.csv")) == ["series.csv.gz"]
    assert names([folder], mapping("series.*")) == ["series.csv.gz"]
    (folder / "films.csv.gz").write_bytes(gzip.compress(b"id\n1\n"))
    with pytest.raises(InputError, match=r"has films\.csv, films\.csv\.gz: one of them twice"):
        choose([folder], mapping("films.csv"))
    assert names([folder / "films.csv.gz"], mapping("films.csv")) == ["films.csv.gz"]


def test_standard_input_has_the_rule_of_its_name_or_the_only_one() -> None:
    (source,) = choose([Path("-"), Path("-")], mapping("films.csv"))
    assert (source.path, source.size, source.name) == (Path("-"), 0, "films.csv")
    assert len(choose([Path("-")], mapping("films.csv", "-"))) == 1
    with pytest.raises(
        InputError, match=r"a pipe has no name, and the mapping names a\.csv, b\.csv; call one of them '-'"
    ):
        choose([Path("-")], mapping("a.csv", "b.csv"))


def test_a_pipe_is_not_read_ahead(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "films.csv")
    (source,) = choose([tmp_path / "films.csv"], mapping("films.csv"))
    assert source.size == 0


def test_what_is_not_there_or_not_named_is_an_input_error(folder: Path) -> None:
    with pytest.raises(InputError, match="is a URL, and none is ever fetched"):
        choose([Path("https://example.org/films.csv")], mapping("films.csv"))
    with pytest.raises(InputError, match="is not there"):
        choose([folder / "series.csv"], mapping("series.csv"))
    with pytest.raises(InputError, match="is not in the mapping"):
        choose([folder / "people.tsv"], mapping("films.csv"))
    (folder / "films.csv").write_bytes(b"a;b\n")
    with pytest.raises(InputError, match="has no column 'id', which the mapping reads; it has a, b"):
        choose([folder / "films.csv"], mapping("films.csv"))
