"""The journal keeps what it acknowledged, once, in order, whoever else writes."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.journal import Appended, Journal
from kg.triples import Interaction, Ref
from ontology.errors import InputError, StoreError


def event(id_: str, value: float = 1.0, at: int = 0) -> Interaction:
    return Interaction(id_, Ref("Person", "u1"), "LIKED", Ref("Thing", "i1"), value, at)


@pytest.fixture
def journal(tmp_path: Path):
    journal = Journal(tmp_path / "new" / "journal.sqlite")
    yield journal
    journal.close()


def ids(journal: Journal, after: int = 0) -> list[str]:
    return [e.id for _, e in journal.since(after)]


def test_what_was_appended_is_read_back_in_order_by_every_journal_on_the_file(journal: Journal):
    written = [event("a", 4.5, 1_700_000_000_000), event("ä 🎬", -1.0, -5), event("c")]
    assert journal.append(written) == Appended(accepted=3, duplicates=0)
    other = Journal(journal.path)
    assert [e for _, e in other.since(0)] == written
    seqs = [seq for seq, _ in other.since(0)]
    assert seqs == sorted(set(seqs))
    assert other.last() == seqs[-1]
    journal.append([event("d")])
    assert [(seq > seqs[-1], e.id) for seq, e in other.since(seqs[-1])] == [(True, "d")]
    assert len(other.since(0, limit=2)) == 2
    other.close()


def test_an_id_counts_once_within_and_between_appends(journal: Journal):
    assert journal.append([event("a"), event("a", 2.0), event("b")]) == Appended(2, 1)
    assert journal.append([event("b"), event("c")]) == Appended(1, 1)
    assert [(e.id, e.value) for _, e in journal.since(0)] == [("a", 1.0), ("b", 1.0), ("c", 1.0)]
    assert journal.append([]) == Appended(0, 0)


@given(appends=st.lists(st.lists(st.sampled_from("abcdef"), max_size=5), max_size=8))
def test_twice_is_once(tmp_path_factory: pytest.TempPathFactory, appends: list[list[str]]):
    journal = Journal(tmp_path_factory.mktemp("twice") / "j.sqlite")
    once = [journal.append([event(i) for i in batch]) for batch in appends]
    before = journal.since(0)
    again = [journal.append([event(i) for i in batch]) for batch in appends]
    assert journal.since(0) == before
    assert sum(a.accepted for a in once) == len(before) == len({i for batch in appends for i in batch})
    assert [a.accepted for a in again] == [0] * len(appends)
    journal.close()


def test_the_drained_mark_never_goes_back(journal: Journal):
    assert journal.drained() == 0
    journal.mark_drained(7)
    journal.mark_drained(3)
    assert journal.drained() == 7


@pytest.mark.parametrize(("value", "at"), [(float("nan"), 0), (float("inf"), 0), (1.0, 2**63)])
def test_what_cannot_be_stored_is_refused_and_nothing_else(journal: Journal, value: float, at: int):
    with pytest.raises(InputError, match="event 'bad'"):
        journal.append([event("good"), event("bad", value, at)])
    assert journal.since(0) == []


def test_many_threads_share_commits_and_lose_nothing(journal: Journal):
    commits = 0

    def count(statement: str) -> None:
        nonlocal commits
        commits += statement.startswith("COMMIT")

    journal._writer.set_trace_callback(count)
    workers, each = 8, 40
    results: list[Appended] = []

    def work(worker: int) -> None:
        results.extend(journal.append([event(f"{worker}-{i}"), event(f"shared-{i}")]) for i in range(each))

    threads = [threading.Thread(target=work, args=(w,)) for w in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(a.accepted for a in results) == workers * each + each == len(journal.since(0))
    assert sum(a.accepted + a.duplicates for a in results) == 2 * workers * each
    assert commits <= workers * each


WRITER = """
import sys
from pathlib import Path
from kg.journal import Journal
from kg.triples import Interaction, Ref
journal = Journal(Path(sys.argv[1]))
for i in range(int(sys.argv[3])):
    batch = [Interaction(f"{sys.argv[2]}-{i}-{k}", Ref("P", "u"), "L", Ref("T", "t"), 1.0, i) for k in range(3)]
    journal.append(batch)
    print(f"{sys.argv[2]}-{i}", flush=True)
"""


def start_writer(path: Path, name: str, appends: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(path), name, str(appends)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_several_processes_write_at_once(tmp_path: Path):
    path = tmp_path / "journal.sqlite"
    writers = [start_writer(path, str(w), 60) for w in range(3)]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    journal = Journal(path)
    assert sorted(ids(journal)) == sorted(f"{w}-{i}-{k}" for w in range(3) for i in range(60) for k in range(3))
    journal.close()


def test_kill_9_loses_nothing_acknowledged_and_no_append_is_half_there(tmp_path: Path):
    path = tmp_path / "journal.sqlite"
    survivor = Journal(path)
    acknowledged: list[str] = []
    for round_ in range(3):
        writer = start_writer(path, f"round{round_}", 100_000)
        assert writer.stdout is not None
        acknowledged += [writer.stdout.readline().strip() for _ in range(20 + 7 * round_)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += writer.stdout.read().split()
        writer.wait()
        survivor.append([event(f"survivor{round_}")])
    found = [i for i in ids(survivor) if not i.startswith("survivor")]
    appends = {i.rsplit("-", 1)[0] for i in found}
    assert set(acknowledged) <= appends
    assert len(found) == 3 * len(appends)
    survivor.close()


FULL_DISK = """
import resource, sys
from pathlib import Path
from kg.journal import Journal
from kg.triples import Interaction, Ref
from ontology.errors import StoreError
def event(i): return Interaction(f"{i}", Ref("P", "u" * 500), "L", Ref("T", "t"), 1.0, i)
journal = Journal(Path(sys.argv[1]))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
accepted = 0
try:
    while accepted < 1000:
        journal.append([event(accepted)])
        accepted += 1
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
assert 0 < accepted < 1000
assert len(journal.since(0)) == accepted, "what was refused is not there"
journal.append([event(accepted)])
assert len(journal.since(0)) == accepted + 1, "and when there is room again it goes on"
"""


def test_a_full_disk_is_said_and_survived(tmp_path: Path):
    path = tmp_path / "journal.sqlite"
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"the journal {path} failed: ")


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database, " * 512)
    with pytest.raises(StoreError, match="file is not a database"):
        Journal(path)


def test_a_damaged_journal_is_refused_when_the_damage_is_met(tmp_path: Path):
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.append([event(str(i)) for i in range(2000)])
    journal.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    damaged = Journal(path)
    with pytest.raises(StoreError, match="malformed"):
        damaged.since(0)
    with pytest.raises(StoreError, match="malformed"):
        damaged.append([event("new")])


@pytest.mark.parametrize("place", ["taken/journal.sqlite", "folder"])
def test_a_place_where_nothing_can_be_written_is_refused(tmp_path: Path, place: str):
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="cannot open the journal"):
        Journal(tmp_path / place)


def test_a_journal_of_another_version_is_refused(tmp_path: Path):
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 9")
    with pytest.raises(StoreError, match="has format 9"):
        Journal(path)


def test_only_its_owner_reads_it(journal: Journal):
    journal.append([event("a")])
    assert {p.stat().st_mode & 0o777 for p in journal.path.parent.iterdir()} == {0o600}


def test_a_closed_journal_is_a_store_error(tmp_path: Path):
    journal = Journal(tmp_path / "journal.sqlite")
    journal.close()
    with pytest.raises(StoreError, match="closed"):
        journal.since(0)
    with pytest.raises(StoreError, match="failed"):
        journal.append([event("a")])
