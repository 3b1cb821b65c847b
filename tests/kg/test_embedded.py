"""The embedded database starts, is shared, ends with its last user, and keeps what it acknowledged."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from kg import bolt as bolt_module
from kg.address import GraphAddress
from kg.connect import connect
from kg.embedded import embedded
from kg.store import GraphStore
from kg.triples import Entity, Ref, Triple
from ontology.errors import StoreError
from tests.plain_graph import SHOP

ROOT = Path(__file__).parents[2]
OPEN = """
import sys
from pathlib import Path
from kg.connect import connect
from kg.triples import Entity
with connect(Path(sys.argv[1]), {}) as store:
    store.upsert_entities([Entity("Product", sys.argv[2])])
    print(store.address.uri, flush=True)
    sys.stdin.readline()
    print(store.counts()["Product"], flush=True)
"""
"""Opens the graph, writes an entity, says where it is; and leaves when told to, after it has counted."""

Other = "subprocess.Popen[str]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kg" / "graph"


@pytest.fixture
def others() -> Iterator[list[Other]]:
    """Other processes, ended with the test."""
    running: list[Other] = []
    yield running
    for each in running:
        each.kill()
        each.wait()
        each.stdin.close()
        each.stdout.close()


def opened(others: list[Other], folder: Path, key: str) -> Other:
    command = [sys.executable, "-c", OPEN, str(folder), key]
    others.append(subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    return others[-1]


def heard(other: Other) -> str:
    return other.stdout.readline().strip()


def leave(other: Other) -> str:
    other.stdin.write("\n")
    other.stdin.flush()
    return heard(other)


def products(store: GraphStore) -> set[str]:
    return {e.key for e in store.entities("Product")}


def server_of(address: GraphAddress) -> psutil.Process:
    port = int(address.uri.rpartition(":")[2])
    children = psutil.Process().children(recursive=True)
    return next(c for c in children if port in {x.laddr.port for x in c.net_connections() if x.status == "LISTEN"})


def test_another_process_joins_and_leaves(folder: Path, others: list[Other]):
    with connect(folder, {}) as store:
        other = opened(others, folder, "b")
        assert heard(other) == store.address.uri
        assert products(store) == {"b"}
        store.upsert_entities([Entity("Product", "a")])
        assert leave(other) == "2"
        assert other.wait() == 0
        with connect(folder, {}) as again:  # and so does a second one of this process
            assert again.address == store.address
            assert products(again) == {"a", "b"}
        assert products(store) == {"a", "b"}


def test_those_who_come_at_once_share_one_until_the_last_has_left(folder: Path, others: list[Other]):
    for key in "abc":
        opened(others, folder, key)
    assert len({heard(other) for other in others}) == 1
    for other in others:
        assert (folder / "address.json").exists()
        assert other.communicate("\n")[0] == "3\n"
    assert not (folder / "address.json").exists()
    with connect(folder, {}) as store:
        assert products(store) == {"a", "b", "c"}


def test_it_stays_when_the_one_who_started_it_is_killed_and_others_use_it(folder: Path, others: list[Other]):
    first = opened(others, folder, "a")
    uri = heard(first)
    second = opened(others, folder, "b")
    assert heard(second) == uri
    first.kill()
    first.wait()
    with connect(folder, {}) as store:
        assert store.address.uri == uri
        assert leave(second) == "2"
        second.wait()
        assert products(store) == {"a", "b"}


def test_it_ends_with_its_last_user_however_that_ends(folder: Path, others: list[Other]):
    last = opened(others, folder, "a")
    heard(last)
    servers = psutil.Process(last.pid).children(recursive=True)
    assert any("java" in server.name() for server in servers)
    last.kill()
    last.wait()
    with connect(folder, {}) as store:  # at once: it may be there still, or be ending
        assert products(store) == {"a"}
    assert psutil.wait_procs(servers, timeout=60)[1] == []


def test_one_whose_keeper_is_killed_ends_too(folder: Path):
    with connect(folder, {}) as store:
        server = server_of(store.address)
        server.parent().kill()
        assert psutil.wait_procs([server], timeout=60)[1] == []
    with connect(folder, {}) as store:
        assert store.counts() == {}


def test_a_server_that_is_killed_loses_nothing_that_it_acknowledged(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bolt_module, "RETRY_S", 0)  # nobody comes back
    acknowledged: list[int] = []
    for turn in range(2):
        with connect(folder, {}) as store:
            store.migrate(SHOP)
            assert_whole(store, acknowledged)
            going = Event()
            writing = Thread(target=write_until_it_fails, args=(store, 1000 * turn, acknowledged, going))
            writing.start()
            assert going.wait(60)
            server_of(store.address).kill()
            writing.join()
    assert len(acknowledged) >= 6
    with connect(folder, {}) as store:
        assert_whole(store, acknowledged)


SIZE = 200


def write_until_it_fails(store: GraphStore, first: int, acknowledged: list[int], going: Event) -> None:
    """Batches of entities and triples, each noted when both are acknowledged."""
    for batch in range(first, first + 1000):
        heads = [Ref("Product", f"{batch} {i}") for i in range(SIZE)]
        try:
            store.upsert_entities([Entity("Brand", f"{batch}"), *(Entity(*head, {"name": "x"}) for head in heads)])
            store.upsert_triples(Triple(head, "MADE_BY", Ref("Brand", f"{batch}")) for head in heads)
        except StoreError:
            return
        acknowledged.append(batch)
        if batch == first + 2:
            going.set()


def assert_whole(store: GraphStore, acknowledged: list[int]) -> None:
    said = {(head, tail) for _, head, _, tail in store.triples("MADE_BY")}
    named = {e.key for e in store.entities("Product") if e.properties == {"name": "x"}}
    for batch in acknowledged:
        for i in range(SIZE):
            assert f"{batch} {i}" in named
            assert (f"{batch} {i}", f"{batch}") in said


def test_what_was_written_is_there_at_the_next_start_whatever_the_folder_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A relative one, with all that shells, property files and Java would like to read as something else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C")
    folder = Path("grüße 山川 '\"\\ $HOME ${arcadedb.x}:;,*%", "graph")
    with connect(folder, {}) as store:
        store.upsert_entities([Entity("Product", "ä")])
        server = server_of(store.address)
    assert not server.is_running()
    with connect(folder, {}) as store:
        assert products(store) == {"ä"}
    assert (tmp_path / folder / "databases").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == [folder.parent.name]


@pytest.mark.parametrize("name", ["file", "file/graph"])
def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path, name: str):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        pytest.raises(StoreError, match=f"{name} cannot be made: (File exists|Not a directory)"),
        embedded(tmp_path / name),
    ):
        pass


def test_files_that_are_no_database_are_a_store_error(folder: Path):
    (folder / "databases").mkdir(parents=True)
    (folder / "databases" / "neo4j").write_text("not a database", encoding="utf-8")
    with pytest.raises(StoreError, match=f"did not start; {folder}/server.log says why"), embedded(folder):
        pass
    assert not (folder / "address.json").exists()
