"""Edits in the journal: in one order with events, durable, and in files that older versions wrote."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.entries import Edit
from kg.journal import Appended, Journal
from kg.triples import Interaction, Ref
from ontology.errors import ConflictError, InputError, StoreError
from tests.plain_graph import keys, texts, values

VERSION_1 = Path(__file__).parent / "journals" / "version1.sqlite"
"""Written by kgrec 0.1 before it knew edits: events a, b and c, numbered 1, 2 and 4; drained up to 1."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def event(id_: str) -> Interaction:
    return Interaction(id_, Ref("Person", "u"), "LIKED", Ref("Thing", "i"), 1.0, 0)


def edit(id_: str, op: str = "put", **said: object) -> Edit:
    return Edit(id_, op, Ref("Thing", "i"), **said)  # type: ignore[arg-type]


REFS = st.builds(Ref, st.sampled_from(["Genre", "Person"]), keys())
EDITS = st.builds(
    Edit,
    texts(),
    st.sampled_from(["put", "patch", "delete"]),
    REFS,
    st.dictionaries(st.sampled_from(["name", "year"]), st.one_of(st.none(), values())),
    st.dictionaries(st.sampled_from(["HAS", "BY"]), st.lists(REFS, max_size=3).map(tuple)),
    st.integers(-(2**63), 2**63 - 1),
)


@given(edits=st.lists(EDITS, max_size=6, unique_by=lambda e: e.id))
def test_an_edit_is_read_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, edits: list[Edit]):
    journal = Journal(tmp_path_factory.mktemp("edits") / "j.sqlite")
    assert journal.edit(edits) == Appended(len(edits), 0)
    assert repr([e for _, e in journal.since(0)]) == repr(edits)
    journal.close()


@given(appends=st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from("abcdef"), max_size=4)), max_size=12))
def test_events_and_edits_stand_in_the_order_of_writing(
    tmp_path_factory: pytest.TempPathFactory, appends: list[tuple[bool, list[str]]]
):
    journal = Journal(tmp_path_factory.mktemp("order") / "j.sqlite")
    expected: list[Interaction | Edit] = []
    for edits, ids in appends:
        made = [edit(i) if edits else event(i) for i in dict.fromkeys(ids)]
        expected += [one for one in made if one not in expected]
        if edits:
            journal.edit([edit(i) for i in ids])
        else:
            journal.append([event(i) for i in ids])
    numbered = journal.since(0)
    assert [one for _, one in numbered] == expected
    numbers = [seq for seq, _ in numbered]
    assert numbers == sorted(set(numbers))
    assert journal.last() == (numbers[-1] if numbers else 0)
    for i, seq in enumerate(numbers):
        assert journal.since(seq) == numbered[i + 1 :]
        assert journal.since(seq, 2) == numbered[i + 1 : i + 3]
    journal.close()


def test_a_file_of_version_1_is_brought_up_and_goes_on(tmp_path: Path):
    path = tmp_path / "journal.sqlite"
    shutil.copy(VERSION_1, path)
    journal = Journal(path)
    assert [(seq, e.id) for seq, e in journal.since(0)] == [(1, "a"), (2, "b"), (4, "c")]
    first = journal.since(0)[0][1]
    assert first == Interaction("a", Ref("Person", "ü"), "LIKED", Ref("Thing", "i1"), 4.5, 1_700_000_000_000)
    assert (journal.last(), journal.drained()) == (4, 1)
    assert journal.append([event("b")]) == Appended(0, 1)
    journal.edit([edit("e")])
    journal.append([event("d")])
    assert [e.id for _, e in journal.since(4)] == ["e", "d"]
    journal.close()
    again = Journal(path)
    assert [e.id for _, e in again.since(0)] == ["a", "b", "c", "e", "d"]
    again.close()


def test_a_file_of_version_1_is_brought_up_once_by_many_at_once(tmp_path: Path):
    path = tmp_path / "journal.sqlite"
    shutil.copy(VERSION_1, path)
    opened: list[Journal] = []
    threads = [threading.Thread(target=lambda: opened.append(Journal(path))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, journal in enumerate(opened):
        journal.edit([edit(f"e{i}")])
    assert [e.id for _, e in opened[0].since(4)] == [f"e{i}" for i in range(6)]
    for journal in opened:
        journal.close()


def test_the_version_is_noted_and_a_later_one_refused(journal: Journal):
    with sqlite3.connect(journal.path) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (2,)
        other.execute("PRAGMA user_version = 3")
    with pytest.raises(StoreError, match="has format 3; this version of kgrec reads 1 to 2"):
        Journal(journal.path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"properties": {"price": float("nan")}},
        {"properties": {"year": 2**63}},
        {"properties": {"name": "\ud800"}},
        {"at": 2**63},
    ],
)
def test_what_cannot_be_stored_is_refused_and_nothing_else(journal: Journal, wrong: dict[str, object]):
    with pytest.raises(InputError, match="edit of 'i'"):
        journal.edit([edit("good"), edit("bad", **wrong)])
    assert journal.since(0) == []


def test_threads_that_write_both_lose_nothing(journal: Journal):
    def work(worker: int) -> None:
        for i in range(30):
            journal.append([event(f"{worker}-{i}")])
            journal.edit([edit(f"{worker}-{i}"), edit(f"{worker}-{i}-2")])

    threads = [threading.Thread(target=work, args=(w,)) for w in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = journal.since(0)
    assert len(entries) == len({seq for seq, _ in entries}) == 6 * 30 * 3
    for worker in range(6):
        mine = [(type(e), e.id) for _, e in entries if e.id.startswith(f"{worker}-")]
        writes = ((Interaction, ""), (Edit, ""), (Edit, "-2"))
        assert mine == [(kind, f"{worker}-{i}{part}") for i in range(30) for kind, part in writes]


def test_an_edit_that_rests_on_what_was_read_is_refused_after_another_of_its_item(tmp_path: Path):
    mine, other = Journal(tmp_path / "journal.sqlite"), Journal(tmp_path / "journal.sqlite")
    mine.append([event("e")])
    seen = mine.last()
    other.edit([Edit("elsewhere", "put", Ref("Thing", "j"))])
    other.append([event("f")])
    assert mine.edit([edit("a")], seen=seen) == Appended(1, 0)
    with pytest.raises(ConflictError, match="edited meanwhile"):
        other.edit([Edit("b1", "put", Ref("Thing", "k")), edit("b2")], seen=seen)
    assert other.edit([edit("b2")], seen=other.last()) == Appended(1, 0)
    assert [entry.id for _, entry in mine.since(0)] == ["e", "elsewhere", "f", "a", "b2"]
    mine.close()
    other.close()


def test_of_threads_that_rest_on_the_same_one_writes(journal: Journal):
    def write(number: int) -> bool:
        try:
            journal.edit([edit(f"{number}")], seen=0)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(write, range(64))) == 1
    assert len(journal.since(0)) == 1
