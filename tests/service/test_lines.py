"""Progress where there is no terminal: enough lines to see how far it is, and on standard error alone."""

import json
import time
from pathlib import Path
from threading import Event

from kg.progress import Pace
from service.lines import Lines, line
from tests.service.test_cli import SHOP, run


def test_a_phase_is_named_once_and_told_of_while_it_goes_on():
    said: list[str] = []
    told = Event()

    def show(text: str) -> None:
        said.append(text)
        if text.startswith("sort:"):
            told.set()

    with Lines(show, every_s=0.01) as lines:
        for phase in ("read", "write", "read", "sort"):
            lines(phase, 0, None)
        assert told.wait(30), "also of one that counts nothing"
    assert [text for text in said if ":" not in text] == ["read", "write", "sort"]
    ended = len(said)
    time.sleep(0.05)
    assert len(said) == ended


def test_a_line_says_what_is_known():
    assert line(Pace("sort", 0, None, 0, 0.0, 0.0), 75.2) == "sort: 0:01:15"
    assert line(Pace("derive", 500, None, 0, 0.0, 2.0), 2.0) == "derive: 0:00:02, 500, 250/s"
    assert line(Pace("epochs", 3, None, 0, 0.0, 8.0), 8.0) == "epochs: 0:00:08, 3, 0.38/s"
    said = "write triples: 0:00:10, 2,000 of 8,000, 200/s, about 0:00:30 left"
    assert line(Pace("write triples", 2000, 8000, 0, 0.0, 10.0), 10.0) == said


def test_a_load_tells_its_phases_on_standard_error_and_its_report_on_standard_output(tmp_path: Path):
    done = run(tmp_path / "kg", "ingest", SHOP, "-m", SHOP / "shop.mapping.yaml", "--json")
    assert json.loads(done.stdout)["read"] == 477
    expected = ["open the graph", "read", "sort", "compare"]
    expected += ["write entities", "write triples", "write interactions", "settle"]
    phases = [text.strip() for text in done.stderr.splitlines() if ":" not in text]
    assert phases == expected
