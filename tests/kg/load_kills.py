"""Kills loads at random moments and starts them again, while somebody reads."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from kg.address import GraphAddress, Login
from tests.graphs import driver
from tests.kg.load_child import Job
from tests.kg.loads import Rows

ASK = "MATCH (b:Book) RETURN b.id AS id, b.name AS name, b.pages AS pages, b.note AS note"


def version(number: int) -> tuple[Rows, bool]:
    """What the library says in each of its versions, and whether what it lacks is to go."""
    pick = random.Random(number)
    keys = [str(key) for key in range(40) if pick.random() < 0.8]
    books = [(k, f"v{number}", str(number), f"a{pick.randrange(25)}|a{pick.randrange(25)}", "") for k in keys]
    notes = [(k, f"n{number}", "") for k in keys if int(k) % 2 == 0]
    cites = [(pick.choice(keys), pick.choice(keys), str(number)) for _ in range(12)]
    reads = [
        (f"e{i}", f"u{pick.randrange(6)}", pick.choice(keys), "3", str(i)) for i in range(30) if pick.random() < 0.8
    ]
    reads.append(("bad", "u1", "nowhere", "3", "1"))
    return {"books.csv": books, "notes.csv": notes, "citations.csv": cites, "reads.csv": reads}, number % 3 > 0


def torn(row: neo4j.Record) -> bool:
    """Whether a reader sees a part of a book: all that it has is of one version."""
    said = (row["name"], row["pages"], row["note"])
    number = row["pages"]
    return said != (f"v{number}", number, f"n{number}" if int(row["id"]) % 2 == 0 else None)


@dataclass
class Reader:
    """Asks for the books all the time, wherever the database is."""

    server: GraphAddress | Path
    seen: int = 0
    bad: list[str] = field(default_factory=list)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read on a thread."""
        end = Event()
        thread = Thread(target=self._read, args=(end,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def _read(self, end: Event) -> None:
        while not end.wait(0.02):
            with (
                suppress(Neo4jError, DriverError, OSError, ValueError, KeyError, TypeError),
                driver(self.address()) as direct,
                direct.session() as session,
            ):
                while not end.wait(0.005):
                    rows = list(session.run(ASK))
                    self.seen += bool(rows)
                    self.bad += self._halves(session, rows)

    def _halves(self, session: neo4j.Session, rows: Sequence[neo4j.Record]) -> list[str]:
        """Books of which a part was written.

        Neo4j is read-committed for each property: of 12,571 readings beside writes of one statement, 42 had one that
        was from both sides of it (neo4j/neo4j#12250). None still had it when read again; half a write stays.
        """
        halves = [str(dict(row)) for row in rows if torn(row)]
        if halves and isinstance(self.server, GraphAddress):
            again = {str(dict(row)) for row in session.run(ASK)}
            return [half for half in halves if half in again]
        return halves

    def address(self) -> GraphAddress:
        """Where the database is now."""
        if isinstance(self.server, GraphAddress):
            return self.server
        found = json.loads((self.server / "graph" / "address.json").read_text(encoding="utf-8"))
        return GraphAddress(found["uri"], Login(**found["login"]))


class Moment(NamedTuple):
    """When to kill: at the so-manieth step of a phase."""

    phase: str
    number: int


_NUMBERS = re.compile("( [0-9]+| None)+$")
START = "start"
"""The phase before a load says anything."""


@dataclass
class Killer:
    """Runs jobs. `kills` counts at which phase one was killed, `steps` how many steps a phase had at most."""

    job: Job
    pick: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=lambda: Counter({START: 1}))

    def run(self, job: Job, at: Moment | None = None, check: Callable[[], None] = lambda: None) -> list[str]:
        """Run a job to its end (what it said), and check while its database is up; or kill it (nothing)."""
        with process_of(job) as process:
            if at and at.phase == START:
                time.sleep(self.pick.random() * 3)
                return self._kill(process, START)
            said: list[str] = []
            seen: Counter[str] = Counter()
            for line in process.stdout or ():
                said.append(line.strip())
                phase = ("then " if seen["settle"] else "") + _NUMBERS.sub("", said[-1])
                seen[phase] += 1
                if at and at.phase == phase and seen[phase] > at.number:
                    time.sleep(self.pick.random() * 0.03)
                    return self._kill(process, phase)
                if said[-1] == "done":
                    check()
                    break
            self.steps |= Counter(
                {phase: n for phase, n in seen.items() if not phase.endswith(("loaded", "done", "resumed"))}
            )
            return said

    def until_done(self, most: int, check: Callable[[], None]) -> None:
        """Load, killed and started again up to so many times, until it is over; then check."""
        before = self.kills.total()
        while self.kills.total() - before < most:
            phase = self.pick.choice(sorted(self.steps))
            at = Moment(phase, self.pick.randrange(self.steps[phase]))
            if said := self.run(replace(self.job, resuming=self.pick.random() < 0.5), at, check):
                assert said[-1] == "done", said[-3:]
                return
        said = self.run(replace(self.job, resuming=True), check=check)
        assert said[-1:] == ["done"], said[-3:]

    def _kill(self, process: "subprocess.Popen[str]", phase: str) -> list[str]:
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.kills[phase] += 1
        return []


@contextmanager
def process_of(job: Job) -> "Iterator[subprocess.Popen[str]]":
    """A process that runs a job, and ends with the block."""
    file = Path(job.folder) / f"{job.home}.json"
    file.write_text(json.dumps(asdict(job)), encoding="utf-8")
    command = [sys.executable, "-m", "tests.kg.load_child", str(file)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()
        process.wait()
