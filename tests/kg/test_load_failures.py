"""What a load needs fails it: one clear sentence, nothing half-noted, and a later load makes it whole."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from kg.address import GraphAddress
from tests.graphs import clear
from tests.kg.load_child import Job
from tests.kg.load_kills import Reader, process_of
from tests.kg.load_model import Model
from tests.kg.load_store import stored
from tests.kg.loads import Rows
from tests.kg.test_load_twice import job_of, said_by, version
from tests.relays import relay

pytestmark = pytest.mark.neo4j
LIMITS = [1, 5_000, 20_000, 50_000, 80_000, 120_000, 200_000]


def whole(server: GraphAddress, job: Job, rows: Rows, removing: bool) -> None:
    """Loaded again, all is as if nothing had happened, twice."""
    model = Model()
    model.load(rows, removing=removing)
    for _ in range(2):
        assert said_by(replace(job, pause="", file_bytes=0, user=0))[-1] == "done"
        assert stored(server) == model.graph()


def sentence(said: list[str]) -> str:
    """The one sentence with which a load ended."""
    assert said[-1].startswith(("StoreError: ", "InputError: ")), said
    assert len(said[-1]) < 400
    return said[-1]


@pytest.fixture
def server(neo4j_graph: GraphAddress) -> GraphAddress:
    clear(neo4j_graph)
    return neo4j_graph


@pytest.mark.parametrize("phase", ["read", "compare", "write entities", "write triples", "settle"])
def test_a_server_that_goes_away(server: GraphAddress, tmp_path: Path, phase: str) -> None:
    with relay(server.uri) as way:
        job = replace(job_of(tmp_path, replace(server, uri=way.uri)), pause=phase)
        with process_of(job) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert any(line.startswith(phase) for line in process.stdout)
            way.cut()
            process.stdin.write("\n")
            process.stdin.flush()
            assert "graph store" in sentence(process.stdout.read().splitlines())
        assert process.returncode == 3
        way.restore()
        whole(server, job, *version(1))


@pytest.mark.parametrize("bulk", [True, False])
@pytest.mark.parametrize("phase", ["compare", "write entities", "write"])
def test_an_embedded_database_that_dies(tmp_path: Path, phase: str, bulk: bool) -> None:
    job = replace(job_of(tmp_path, None), pause=phase if bulk else phase.replace("write", "write triples"), bulk=bulk)
    if bulk is False and phase == "write entities":
        job = replace(job, pause="write entities")
    with process_of(job) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert any(line.startswith(job.pause) for line in process.stdout)
        (java,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf-8").split()
        os.kill(int(java), signal.SIGKILL)
        process.stdin.write("\n")
        process.stdin.flush()
        assert "graph" in sentence(process.stdout.read().splitlines())
    assert process.returncode == 3
    model = Model()
    rows, removing = version(1)
    model.load(rows, removing=removing)
    with process_of(replace(job, pause="", staying=True)) as again:
        assert any(line == "done\n" for line in again.stdout or ())
        assert stored(Reader(tmp_path).address()) == model.graph()


@pytest.mark.parametrize("limit", LIMITS)
def test_a_full_disk(server: GraphAddress, tmp_path: Path, limit: int) -> None:
    job = job_of(tmp_path, server)
    rows, removing = version(1)
    said = said_by(replace(job, file_bytes=limit))
    assert said[-1] == "done" or str(tmp_path / "home") in sentence(said)
    whole(server, job, rows, removing)


def test_rejects_that_do_not_fit_on_the_disk(server: GraphAddress, tmp_path: Path) -> None:
    job = job_of(tmp_path, server)
    rows, removing = version(1)
    reads = [("e", "u", "1", "none", "1")] * 3000
    with (tmp_path / "reads.csv").open("a", encoding="utf-8") as file:
        file.writelines(",".join(row) + "\n" for row in reads)
    said = sentence(said_by(replace(job, file_bytes=150_000)))
    assert "rejects.jsonl" in said or "ledger" in said or "stage" in said
    whole(server, job, {**rows, "reads.csv": rows["reads.csv"] + [("e", "u", "1", "", "1")] * 3000}, removing)


@pytest.mark.parametrize("phase", ["write entities", "write triples"])
@pytest.mark.parametrize("resuming", [True, False])
def test_a_graph_that_is_wiped_while_a_load_is_interrupted(
    server: GraphAddress, tmp_path: Path, phase: str, resuming: bool
) -> None:
    job = job_of(tmp_path, server)
    with process_of(replace(job, pause=phase)) as process:
        assert any(line.startswith(phase) for line in process.stdout or ())
        process.kill()
    clear(server)
    whole(server, replace(job, resuming=resuming), *version(1))
