"""After any loads, the graph is what the stated rules make of the files; seen on the ledger alone, many times."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kg.load_ledger import LedgerGraph
from tests.kg.load_model import Model
from tests.kg.load_worlds import SOURCES, some_rows
from tests.kg.loads import Rows

SCRATCH = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""In memory: hundreds of small databases are made."""
PARTS = 2
"""As one test it takes nearly all of the time that a test may take, where the machine is slow."""
Loads = list[tuple[Rows, bool]]
LOADS: st.SearchStrategy[Loads] = st.lists(st.tuples(some_rows(), st.booleans()), min_size=1, max_size=5)


@contextmanager
def _graph() -> Iterator[LedgerGraph]:
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        yield LedgerGraph(Path(folder))


@pytest.mark.parametrize("part", range(PARTS))
@settings(max_examples=int(os.environ.get("KG_TEST_LOADS", "100")) // PARTS, deadline=None)
@given(loads=LOADS)
def test_the_graph_is_what_the_rules_make_of_the_files(part: int, loads: Loads) -> None:
    model = Model()
    with _graph() as loaded:
        for rows, removing in loads:
            would = loaded.load(rows, removing=removing, dry_run=True)
            assert loaded.load(rows, removing=removing) == would
            assert loaded.read == sum(map(len, rows.values()))
            refused = model.load(rows, removing=removing)
            assert (loaded.refused(), loaded.refused_rows) == (refused, len(refused))
            assert loaded.graph == model.graph()
            assert loaded.load(rows, removing=removing) == {}


@settings(max_examples=30, deadline=None)
@given(some_rows(), st.permutations(SOURCES))
def test_the_order_in_which_files_are_named_makes_no_difference(rows: Rows, order: list[str]) -> None:
    model = Model()
    model.load(rows, removing=False)
    with _graph() as loaded:
        loaded.load({name: rows[name] for name in order if name in rows}, removing=False)
        assert loaded.graph == model.graph()
