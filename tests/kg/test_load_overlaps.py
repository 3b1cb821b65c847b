"""Files that say different things of the same: each case once, with the reason why it has to be so."""

from pathlib import Path

import pytest

from tests.kg.load_ledger import LedgerGraph
from tests.kg.load_model import Thing, Values

DUNE, MORT = ("1", "Dune", "412", "", ""), ("2", "Mort", "272", "", "")


@pytest.fixture
def loaded(tmp_path: Path) -> LedgerGraph:
    return LedgerGraph(tmp_path)


def book(loaded: LedgerGraph, key: str) -> Values:
    return loaded.graph[("entity", "Book", key)]


def event(loaded: LedgerGraph) -> Values:
    return loaded.graph[("interaction", "e")]


CITES: Thing = ("triple", "CITES", "1", "2")


def test_the_last_of_several_rows_has_its_way_even_when_it_repeats_the_first(loaded: LedgerGraph) -> None:
    loaded.load({"books.csv": [("1", "A", "", "", ""), ("1", "B", "", "", ""), ("1", "A", "", "", "")]}, removing=False)
    assert book(loaded, "1") == {"name": "A"}


def test_an_entity_that_is_only_named_keeps_what_its_own_row_said_before(loaded: LedgerGraph) -> None:
    """A file of today's changes that names yesterday's book says nothing about it."""
    loaded.load({"books.csv": [DUNE, ("2", "Mort", "272", "x", "")]}, removing=False)
    loaded.load({"books.csv": [("1", "Dune", "412", "", "2")]}, removing=False)
    assert book(loaded, "2") == {"name": "Mort", "pages": 272}
    assert ("triple", "WRITTEN_BY", "2", "x") in loaded.graph
    loaded.load({"books.csv": [("1", "Dune", "412", "", "2")]}, removing=True)
    assert book(loaded, "2") == {}
    assert ("triple", "WRITTEN_BY", "2", "x") not in loaded.graph


def test_in_one_load_the_later_file_of_the_mapping_has_its_way_whichever_was_seen_first(loaded: LedgerGraph) -> None:
    loaded.load({"notes.csv": [("1", "", "7")]}, removing=False)
    loaded.load({"books.csv": [("1", "", "8", "", "")], "notes.csv": [("1", "", "9")]}, removing=False)
    assert book(loaded, "1") == {"pages": 9}


def test_an_event_falls_back_to_what_another_file_says(loaded: LedgerGraph) -> None:
    reads, plays = [("e", "u", "1", "3", "100")], [("e", "v", "2", "5", "200")]
    loaded.load({"books.csv": [DUNE, MORT], "reads.csv": reads}, removing=False)
    loaded.load({"plays.csv": plays}, removing=False)
    assert event(loaded) == {"user": "v", "item": "2", "value": 5, "at": 200}
    loaded.load({"plays.csv": []}, removing=True)
    assert event(loaded) == {"user": "u", "item": "1", "value": 3, "at": 100}


def test_a_time_falls_back_to_what_another_file_says(loaded: LedgerGraph) -> None:
    loaded.load({"books.csv": [DUNE, MORT], "citations.csv": [("1", "2", "5")]}, removing=False)
    loaded.load({"more.csv": [("1", "2", "6")]}, removing=False)
    assert loaded.graph[CITES] == {"since": 6}
    loaded.load({"more.csv": []}, removing=True)
    assert loaded.graph[CITES] == {"since": 5}


def test_a_time_that_nobody_says_any_more_goes(loaded: LedgerGraph) -> None:
    loaded.load({"books.csv": [DUNE, MORT], "citations.csv": [("1", "2", "5")]}, removing=False)
    loaded.load({"more.csv": [("1", "2", "")]}, removing=False)
    assert loaded.graph[CITES] == {"since": 5}
    loaded.load({"citations.csv": []}, removing=True)
    assert loaded.graph[CITES] == {}


def test_a_row_that_is_refused_does_not_take_the_place_of_one_that_was_loaded(loaded: LedgerGraph) -> None:
    rows = [("e", "u", "1", "3", "100"), ("e", "u", "404", "3", "100")]
    loaded.load({"books.csv": [DUNE], "reads.csv": rows}, removing=False)
    assert loaded.refused() == {("reads.csv", 3)}
    assert event(loaded)["item"] == "1"


def test_of_two_rows_that_both_name_what_is_not_there_both_are_refused(loaded: LedgerGraph) -> None:
    rows = [("e", "u", "404", "3", "100"), ("e", "u", "405", "3", "100")]
    loaded.load({"reads.csv": rows}, removing=False)
    assert loaded.refused() == {("reads.csv", 2), ("reads.csv", 3)}
