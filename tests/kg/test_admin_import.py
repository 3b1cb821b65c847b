"""Files for `neo4j-admin database import`: what it makes of them is what a load makes."""

from pathlib import Path

import pytest

from kg.exporting import export_load
from kg.loading import Options
from kg.store import GraphStore
from ontology.errors import InputError
from tests.kg.loads import Library, Rows, held
from tests.neo4j_server import prepared

BOOKS: Rows = {
    "books.csv": [
        ("1", 'Dune, "the" \n second', "412", "Herbert"),
        ("2", "Good Omens", "", "Pratchett|Gaiman"),
        ("山", "", "-3", ""),
    ],
    "notes.csv": [("1", "sand", "")],
    "citations.csv": [("2", "1", "5"), ("山", "1", ""), ("山", "none", "")],
    "reads.csv": [("ann", "1", "5", "1000"), ("bob", "山", "3.5", "1000")],
}


def exported(library: Library, rows: Rows, folder: Path) -> None:
    paths = library.write(rows)
    report = export_load(paths, library.mapping, library.ontology, folder, home=library.home, options=Options())
    assert (report.read, report.refused) == (sum(map(len, rows.values())), 1)


@pytest.mark.neo4j
def test_an_import_equals_a_load_and_the_next_load_goes_on_from_it(tmp_path: Path, embedded_store: GraphStore) -> None:
    loaded = Library(tmp_path / "loaded", embedded_store)
    loaded.load(BOOKS)
    server = prepared(tmp_path / "server")
    library = Library(tmp_path / "library", embedded_store)
    exported(library, BOOKS, tmp_path / "import")
    server.run_import(tmp_path / "import")
    with server.running() as address, GraphStore(address) as store:
        assert held(store, library.ontology) == held(embedded_store, library.ontology)
        again = Library(tmp_path / "library", store).load(BOOKS)
        assert (again.changes, again.refused) == ({}, 1)
        assert store.query("MATCH (b:Book {id: '1'}) RETURN b.kg_source, b.kg_row", {}).rows == [["notes.csv", 2]]


def test_only_a_first_load_can_be_exported(tmp_path: Path, embedded_store: GraphStore) -> None:
    library = Library(tmp_path / "library", embedded_store)
    exported(library, BOOKS, tmp_path / "import")
    with pytest.raises(InputError, match="knows of a load already"):
        exported(library, BOOKS, tmp_path / "other")
    other = Library(tmp_path / "other library", embedded_store)
    with pytest.raises(InputError, match="is not empty"):
        exported(other, BOOKS, tmp_path / "import")
