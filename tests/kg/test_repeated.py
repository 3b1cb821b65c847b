"""Loading again: nothing twice, only what changed, and gone what is gone."""

import json
from pathlib import Path

import pytest

from kg.ingest import ingest
from kg.loading import Options
from kg.rejects import Limit
from kg.report import IngestReport
from kg.store import GraphStore
from ontology.errors import InputError
from tests.kg.load_worlds import rules
from tests.kg.loads import Library, Rows, held

BOOKS: Rows = {
    "books.csv": [
        ("1", "Dune", "412", "Herbert"),
        ("2", "Good Omens", "", "Pratchett|Gaiman"),
        ("3", "Mort", "272", ""),
    ],
    "notes.csv": [("1", "sand", ""), ("3", "", "300")],
    "citations.csv": [("2", "1", "5"), ("3", "1", "")],
    "reads.csv": [("ann", "1", "5", "1000"), ("bob", "1", "3", "1000"), ("ann", "2", "4", "2000")],
}
REMOVING = Options(delete_missing=True)


@pytest.fixture
def library(tmp_path: Path, store: GraphStore) -> Library:
    return Library(tmp_path / "library", store)


@pytest.mark.parametrize("bulk", [True, False])
def test_a_second_run_writes_nothing_and_says_so(library: Library, bulk: bool) -> None:
    first = library.load(BOOKS, Options(bulk=bulk))
    assert {name: counts["added"] for name, counts in first.changes.items()} == {
        "Author": 3,
        "Book": 3,
        "CITES": 2,
        "READ": 3,
        "Reader": 2,
        "WRITTEN_BY": 3,
    }
    before = held(library.store, library.ontology)
    assert before["Book"] == [
        ("1", [("name", "Dune"), ("note", "sand"), ("pages", 412)]),
        ("2", [("name", "Good Omens")]),
        ("3", [("name", "Mort"), ("pages", 300)]),
    ]
    second = library.load(BOOKS)
    assert (second.changes, second.read, second.loaded) == ({}, 10, 10)
    assert held(library.store, library.ontology) == before


def test_a_changed_row_changes_only_what_changed(library: Library) -> None:
    library.load(BOOKS)
    changed = {**BOOKS, "books.csv": [("1", "Dune", "", "Herbert|Anderson"), *BOOKS["books.csv"][1:]]}
    report = library.load(changed)
    assert report.changes == {
        "Author": {"added": 1, "changed": 0, "removed": 0},
        "Book": {"added": 0, "changed": 1, "removed": 0},
        "WRITTEN_BY": {"added": 1, "changed": 0, "removed": 0},
    }
    graph = held(library.store, library.ontology)
    assert graph["Book"][0] == ("1", [("name", "Dune"), ("note", "sand")])
    assert ("Book", "1", "Author", "Anderson") in graph["WRITTEN_BY"]
    back = library.load(BOOKS)
    assert back.changes["WRITTEN_BY"] == {"added": 0, "changed": 0, "removed": 1}
    assert ("Book", "1", "Author", "Anderson") not in held(library.store, library.ontology)["WRITTEN_BY"]


def test_a_property_that_another_file_gives_as_well_stays(library: Library) -> None:
    library.load(BOOKS)
    library.load({"notes.csv": [("1", "sand", ""), ("3", "", "")]})
    assert held(library.store, library.ontology)["Book"][2] == ("3", [("name", "Mort"), ("pages", 272)])


def test_what_a_source_lacks_goes_with_delete_missing_and_only_that(library: Library) -> None:
    library.load(BOOKS)
    fewer = {"books.csv": BOOKS["books.csv"][1:], "citations.csv": BOOKS["citations.csv"][:1]}
    report = library.load(fewer)
    assert report.changes == {}
    report = library.load(fewer, REMOVING)
    # Book 1 is still said by notes.csv, so it stays, and with it what leads to it.
    assert report.changes == {
        "Author": {"added": 0, "changed": 0, "removed": 1},
        "Book": {"added": 0, "changed": 1, "removed": 0},
        "CITES": {"added": 0, "changed": 0, "removed": 1},
        "WRITTEN_BY": {"added": 0, "changed": 0, "removed": 1},
    }
    graph = held(library.store, library.ontology)
    assert graph["Book"][0] == ("1", [("note", "sand")])
    assert len(graph["READ"]) == 3
    report = library.load({"notes.csv": BOOKS["notes.csv"][1:]}, REMOVING)
    assert report.changes["Book"]["removed"] == 1
    assert report.changes["READ"]["removed"] == 2
    assert report.changes["CITES"]["removed"] == 1
    graph = held(library.store, library.ontology)
    assert [key for key, _ in graph["Book"]] == ["2", "3"]
    assert library.load(BOOKS).refused == 0
    graph = held(library.store, library.ontology)
    assert (len(graph["READ"]), len(graph["CITES"])) == (3, 2)


def test_nothing_is_removed_from_a_source_with_refused_rows(library: Library) -> None:
    library.load(BOOKS)
    bad = {"books.csv": [("1", "Dune", "many", "Herbert"), *BOOKS["books.csv"][2:]]}
    report = library.load(bad, REMOVING)
    assert (report.refused, report.kept, report.changes) == (1, ["books.csv"], {})
    assert len(held(library.store, library.ontology)["Book"]) == 3


def test_a_dry_run_tells_what_would_change_and_writes_nothing(library: Library) -> None:
    would = library.load(BOOKS, Options(dry_run=True))
    assert would.dry_run
    assert held(library.store, library.ontology) == {}
    did = library.load(BOOKS)
    assert (would.changes, would.read, would.refused) == (did.changes, did.read, did.refused)
    fewer = {name: rows[1:] for name, rows in BOOKS.items()}
    before = held(library.store, library.ontology)
    would = library.load(fewer, Options(dry_run=True, delete_missing=True))
    assert held(library.store, library.ontology) == before
    assert would.changes == library.load(fewer, REMOVING).changes


def test_too_many_refused_rows_stop_the_load_before_anything_is_written(library: Library) -> None:
    bad = {"books.csv": [("1", "Dune", "many", ""), ("2", "Mort", "few", ""), ("3", "Sourcery", "200", "")]}
    for limit in ("1", "50%"):
        with pytest.raises(InputError, match="2 of 3 rows were refused"):
            library.load(bad, Options(max_errors=Limit.parse(limit)))
        assert held(library.store, library.ontology) == {}
    assert library.load(bad, Options(max_errors=Limit.parse("67%"))).refused == 2
    assert [json.loads(line)["row"]["pages"] for line in library.rejects().splitlines()] == ["many", "few"]


def test_a_graph_that_was_wiped_is_loaded_again(library: Library) -> None:
    library.load(BOOKS)
    library.store.transaction(lambda run: run("MATCH (n) DETACH DELETE n", {}))
    report = library.load(BOOKS)
    assert report.changes["Book"]["added"] == 3


def test_what_names_an_entity_that_goes_is_refused_with_its_cells(library: Library) -> None:
    library.load(BOOKS)
    report = library.load(
        {"books.csv": BOOKS["books.csv"][:2], "citations.csv": [("3", "1", "")], "notes.csv": []}, REMOVING
    )
    assert report.refused == 1
    refused = json.loads(library.rejects())
    assert (refused["rule"], refused["column"], refused["row"]["from"]) == ("not-in-graph", "from", "3")
    assert [key for key, _ in held(library.store, library.ontology)["Book"]] == ["1", "2"]


def test_when_a_triple_holds_is_kept_and_changed(library: Library) -> None:
    def since() -> object:
        ask = "MATCH (:Book {id: '2'})-[x:CITES]->() RETURN x.since, x.kg_source, x.kg_row"
        return library.store.query(ask, {}).rows[0]

    library.load(BOOKS)
    assert since() == [5, "citations.csv", 2]
    report = library.load({**BOOKS, "citations.csv": [("3", "1", ""), ("2", "1", "7")]})
    assert report.changes == {"CITES": {"added": 0, "changed": 1, "removed": 0}}
    assert since() == [7, "citations.csv", 3]
    library.load({**BOOKS, "citations.csv": [("3", "1", ""), ("2", "1", "")]})
    assert since() == [None, "citations.csv", 3]


def test_a_file_in_which_there_is_nothing_is_named_and_the_rest_is_loaded(
    tmp_path: Path, embedded_store: GraphStore
) -> None:
    """Where what is missing goes, it takes nothing along; a header alone says that there is nothing."""
    mapping, ontology = rules(tmp_path, PARTS)
    one, two, three = paths = [tmp_path / f"part-{n}.csv" for n in (1, 2, 3)]

    def load(first: str, second: str, *, removing: bool) -> IngestReport:
        for path, text in zip(paths, (first, second, "id\nc\n"), strict=True):
            path.write_text(text, encoding="utf-8")
        options = Options(delete_missing=removing)
        return ingest(
            [tmp_path / "part-*.csv"], mapping, ontology, embedded_store, home=tmp_path / "home", options=options
        )

    report = load("id\na\n", "id\nb\n", removing=False)
    assert (report.read, report.empty) == (3, [])
    report = load("", "id\n", removing=True)
    assert (report.read, report.loaded, report.refused) == (1, 1, 0)
    assert (report.empty, report.kept, report.changes) == ([str(one), str(two)], ["part-*.csv"], {})
    report = load("id\na\n", "id\n", removing=True)
    assert (report.empty, report.kept, report.changes["Book"]["removed"]) == ([str(two)], [], 1)
    three.unlink()
    for path, text in ((one, ""), (two, " \n\n")):
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"{one}, {two}: there is nothing in it, not even a header"):
        ingest([one, two], mapping, ontology, embedded_store, home=tmp_path / "home")


PARTS = """
ontology: library.ttl
files:
  "part-*.csv": {entity: {class: Book, key: id}}
"""


def test_files_of_a_source_that_are_there_and_left_out_are_named(tmp_path: Path, embedded_store: GraphStore) -> None:
    mapping, ontology = rules(tmp_path, PARTS)
    one, two, three = (tmp_path / f"part-{n}.csv" for n in (1, 2, 3))
    for path in (one, two, three):
        path.write_text(f"id\n{path.stem}\n", encoding="utf-8")

    def load(paths: list[Path], options: Options) -> IngestReport:
        return ingest(paths, mapping, ontology, embedded_store, home=tmp_path / "home", options=options)

    assert load([one, two, three], REMOVING).left_out == []
    assert load([one], Options()).left_out == []
    three.unlink()
    would = load([one], Options(dry_run=True, delete_missing=True))
    assert (would.left_out, would.changes["Book"]["removed"]) == ([str(two)], 2)
    assert load([one, two], REMOVING).left_out == []
    assert sorted(e.key for e in embedded_store.entities("Book")) == ["part-1", "part-2"]
