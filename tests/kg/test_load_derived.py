"""What follows from any loads is in the graph, marked, and gone when it follows no longer, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.ingest import ingest, resume
from kg.loading import Options
from kg.store import GraphStore
from ontology.errors import InputError
from tests.kg.load_following import LAYERED, PLAIN, RECURSIVE, followed, following
from tests.kg.load_ledger import write
from tests.kg.load_model import Model
from tests.kg.load_store import StoreGraph, stored
from tests.kg.load_worlds import some_rows
from tests.kg.loads import ONTOLOGY, Rows

KINDS = [
    pytest.param(text, id=name) for name, text in (("plain", PLAIN), ("recursive", RECURSIVE), ("layered", LAYERED))
]
BOOKS: Rows = {
    "books.csv": [("1", "A", "", "x", ""), ("2", "B", "", "x", ""), ("3", "C", "", "y", "")],
    "citations.csv": [("1", "2", ""), ("2", "3", "")],
}
FEW = settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def _deriving(store: GraphStore, text: str) -> Iterator[StoreGraph]:
    with TemporaryDirectory() as folder:
        graph = StoreGraph(Path(folder), store)
        graph.ontology = following(Path(folder), text)
        graph.wipe()
        yield graph


def check(loaded: StoreGraph, model: Model) -> None:
    """The graph holds what is said and all that follows, and marks which is which."""
    said = model.graph()
    follows = followed(said, loaded.ontology)
    found = stored(loaded.store.address, origin=True)
    assert found.keys() == said.keys() | follows.keys()
    names = {*follows.values(), "(reasoning)", *(rule.name for rule in loaded.ontology.rules)}
    assert {thing for thing, its in found.items() if its.get("kg_source") in names} == follows.keys()


@pytest.mark.parametrize("text", KINDS)
@FEW
@given(st.lists(st.tuples(some_rows(5), st.booleans()), min_size=2, max_size=4))
def test_after_any_loads_all_that_follows_is_there(
    store: GraphStore, text: str, loads: list[tuple[Rows, bool]]
) -> None:
    model = Model()
    with _deriving(store, text) as loaded:
        for rows, removing in [(BOOKS, False), *loads]:
            would = loaded.load(rows, removing=removing, dry_run=True), loaded.derived
            assert (loaded.load(rows, removing=removing), loaded.derived) == would
            model.load(rows, removing=removing)
            check(loaded, model)
            for dry_run in (True, False):
                assert (loaded.load(rows, removing=removing, dry_run=dry_run), loaded.derived) == ({}, {})
            check(loaded, model)


@pytest.mark.parametrize("text", KINDS)
@pytest.mark.parametrize("step", range(1, 9, 4))
def test_a_derivation_that_was_interrupted_leaves_nothing_behind(store: GraphStore, text: str, step: int) -> None:
    model = Model()
    with _deriving(store, text) as loaded, pytest.MonkeyPatch.context() as patched:
        patched.setattr("kg.writing.ENTITIES", 1)
        patched.setattr("kg.writing.RELATIONSHIPS", 1)
        interrupted = _interrupted(loaded, BOOKS, step)  # where there are as many steps
        report = resume(store, home=loaded.home)
        assert (report and (report.resumed, report.read)) == ((True, 5) if interrupted else None)
        assert resume(store, home=loaded.home) is None
        model.load(BOOKS, removing=False)
        check(loaded, model)
        fewer = {**BOOKS, "citations.csv": BOOKS["citations.csv"][1:], "books.csv": BOOKS["books.csv"][1:]}
        _interrupted(loaded, fewer, step)
        loaded.load(fewer, removing=True)
        model.load(fewer, removing=True)
        check(loaded, model)


def test_a_relation_that_only_followed_may_leave_the_ontology_with_its_rule(store: GraphStore) -> None:
    model = Model()
    model.load(BOOKS, removing=False)
    with _deriving(store, PLAIN) as loaded:
        loaded.load(BOOKS, removing=False)
        near = loaded.derived["NEAR_TO"]["added"]
        assert near
        loaded.ontology = following(loaded.folder, ONTOLOGY)
        for dry_run in (True, False):
            assert loaded.load(BOOKS, removing=False, dry_run=dry_run) == {}
            assert loaded.derived["NEAR_TO"] == {"added": 0, "changed": 0, "removed": near}
        check(loaded, model)
        loaded.ontology = following(loaded.folder, ONTOLOGY.replace(":cites", ":refersTo"))
        loaded.mapping = loaded.mapping.model_copy(update={"files": {"reads.csv": loaded.mapping.files["reads.csv"]}})
        with pytest.raises(InputError, match="CITES was loaded here"):
            loaded.load({"reads.csv": []}, removing=False)


def _interrupted(loaded: StoreGraph, rows: Rows, step: int) -> bool:
    """Load, and stop so many steps after something is derived; whether there were as many."""
    paths, options, stop = write(loaded.folder, rows), Options(delete_missing=True), _Interrupting(step)
    rules, home = (loaded.mapping, loaded.ontology, loaded.store), loaded.home
    with suppress(InterruptedError):
        ingest(paths, *rules, home=home, options=options, progress=stop)
        return False
    return True


class _Interrupting:
    """Progress that fails so many steps after something is derived."""

    def __init__(self, step: int) -> None:
        self.step, self.deriving = step, False

    def __call__(self, phase: str, done: int, total: int | None) -> None:
        self.deriving |= phase == "derive"
        self.step -= self.deriving
        if self.step < 0:
            raise InterruptedError
