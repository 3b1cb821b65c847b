"""Two loads at once: in one workspace the second is refused; from two workspaces into one server both come right."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kg.address import GraphAddress
from kg.loading import LEDGER
from tests.graphs import BOTH, clear
from tests.kg.load_child import Job
from tests.kg.load_kills import process_of, version
from tests.kg.load_ledger import write
from tests.kg.load_model import Model
from tests.kg.load_store import stored
from tests.kg.load_worlds import rules


def job_of(folder: Path, server: GraphAddress | None, number: int = 1) -> Job:
    """A load of a version of the library in small batches."""
    rules(folder)
    rows, removing = version(number)
    write(folder, rows)
    login = [server.uri, server.login.user, server.login.password] if server else None
    return Job(str(folder), list(rows), removing, bulk=False, server=login, batch=3)


@contextmanager
def halted(job: Job, phase: str) -> Iterator[None]:
    """A load that waits at the beginning of a phase, and goes on when the block ends."""
    with process_of(replace(job, pause=phase)) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert any(line.startswith(phase) for line in process.stdout)
        yield
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.read().endswith("done\n")


def said_by(job: Job) -> list[str]:
    """What a load says until it ends."""
    with process_of(job) as process:
        assert process.stdout is not None
        return [line.strip() for line in process.stdout]


@pytest.mark.parametrize("database", BOTH)
@pytest.mark.parametrize("phase", ["compare", "write triples"])
def test_a_second_load_in_one_workspace_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, phase: str
) -> None:
    server = request.getfixturevalue(database) if database == "neo4j_graph" else None
    if server:
        clear(server)
    job = replace(job_of(tmp_path, server), staying=False)
    with halted(job, phase):
        said = said_by(job)
        assert said == [
            f"StoreError: another load is running, which holds {tmp_path / 'home' / LEDGER}; wait until it has ended, "
            "then try again"
        ]
    model = Model()
    rows, removing = version(1)
    refused = model.load(rows, removing=removing)
    assert said_by(job)[-2:] == [f"loaded {len(refused)}", "done"]
    if server:
        assert stored(server) == model.graph()


@pytest.mark.neo4j
@pytest.mark.parametrize("phase", ["compare", "write entities", "write triples", "write interactions"])
def test_two_workspaces_load_into_one_server_at_once(neo4j_graph: GraphAddress, tmp_path: Path, phase: str) -> None:
    clear(neo4j_graph)
    job = job_of(tmp_path, neo4j_graph)
    with halted(job, phase):
        assert said_by(replace(job, home="other"))[-1] == "done"
    model = Model()
    rows, removing = version(1)
    model.load(rows, removing=removing)
    assert stored(neo4j_graph) == model.graph()


@pytest.mark.neo4j
def test_two_workspaces_that_run_at_the_same_time(neo4j_graph: GraphAddress, tmp_path: Path) -> None:
    clear(neo4j_graph)
    job = job_of(tmp_path, neo4j_graph)
    with process_of(job) as one, process_of(replace(job, home="other")) as other:
        assert one.stdout is not None
        assert other.stdout is not None
        assert [process.stdout.read().split()[-1] for process in (one, other) if process.stdout] == ["done", "done"]
    model = Model()
    rows, removing = version(1)
    model.load(rows, removing=removing)
    assert stored(neo4j_graph) == model.graph()
