"""After any loads, both databases hold what the stated rules make of the files, and say where each thing is from."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kg.writing
from kg.store import GraphStore
from tests.kg.load_model import Model
from tests.kg.load_store import StoreGraph, stored
from tests.kg.load_worlds import some_rows
from tests.kg.loads import Rows

Loads = list[tuple[Rows, bool, bool]]
LOADS: st.SearchStrategy[Loads] = st.lists(
    st.tuples(some_rows(5), st.booleans(), st.booleans()), min_size=2, max_size=4
)
FEW = settings(
    max_examples=int(os.environ.get("KG_TEST_LOADS", "3")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@contextmanager
def _emptied(store: GraphStore) -> Iterator[StoreGraph]:
    with TemporaryDirectory() as folder:
        graph = StoreGraph(Path(folder), store)
        graph.wipe()
        yield graph


@pytest.mark.parametrize("batch", [3, 5000])
@FEW
@given(LOADS)
def test_the_graph_is_what_the_rules_make_of_the_files(store: GraphStore, batch: int, loads: Loads) -> None:
    model = Model()
    with pytest.MonkeyPatch.context() as patched, _emptied(store) as loaded:
        patched.setattr(kg.writing, "ENTITIES", batch)
        patched.setattr(kg.writing, "RELATIONSHIPS", batch)
        for rows, removing, bulk in loads:
            before = loaded.graph
            would = loaded.load(rows, removing=removing, dry_run=True)
            assert loaded.graph == before
            assert loaded.load(rows, removing=removing, bulk=bulk) == would
            refused = model.load(rows, removing=removing)
            assert (loaded.refused(), loaded.refused_rows) == (refused, len(refused))
            assert loaded.graph == model.graph()
        whole = stored(store.address, origin=True)
        assert loaded.load(*loads[-1][:1], removing=loads[-1][1]) == {}
        assert stored(store.address, origin=True) == whole


def test_everything_says_where_it_is_from(store: GraphStore) -> None:
    with _emptied(store) as loaded:
        for bulk in (True, False):
            loaded.wipe()
            loaded.load(
                {
                    "books.csv": [("1", "Dune", "7", "x|y", "2"), ("2", "Mort", "", "x", "")],
                    "citations.csv": [("2", "1", "5")],
                    "reads.csv": [("e", "u", "1", "3", "100")],
                },
                removing=False,
                bulk=bulk,
            )
            found = stored(store.address, origin=True)
            assert {len({"kg_source", "kg_row", "kg_at"} & said.keys()) for said in found.values()} == {3}
            origin = {thing: (said["kg_source"], said["kg_row"]) for thing, said in found.items()}
            assert origin["entity", "Book", "1"] == ("books.csv", 2)
            assert origin["triple", "CITES", "1", "2"] == ("books.csv", 2)
            assert origin["triple", "CITES", "2", "1"] == ("citations.csv", 2)
            assert origin["interaction", "e"] == ("reads.csv", 2)
            assert origin["entity", "Reader", "u"] == ("reads.csv", 2)
