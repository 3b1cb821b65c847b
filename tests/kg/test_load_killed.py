"""A load that is killed at any moment comes to the same end as one that is not; no half of a book is ever in the graph.

KG_TEST_KILLS=100 kills so often on each database.
"""

import os
import random
import shutil
from pathlib import Path

import pytest

from kg.address import GraphAddress
from kg.ledger import Ledger
from kg.loading import LEDGER, STAGE
from tests.graphs import BOTH, clear
from tests.kg.load_child import Job
from tests.kg.load_following import followed, following
from tests.kg.load_kills import Killer, Reader, version
from tests.kg.load_ledger import LedgerGraph, write
from tests.kg.load_model import Model
from tests.kg.load_store import stored
from tests.kg.load_worlds import rules

KILLS = {"embedded_graph": 2, "neo4j_graph": 4}
"""The embedded database dies with its load, and takes some seconds to start."""
CLAIMS = """
SELECT k.head, k.relation, k.tail, key, '', s.name, properties::VARCHAR, row, '' FROM entity t
    JOIN kind k ON k.id = t.kind JOIN source s ON s.id = t.source
UNION ALL SELECT k.head, k.relation, k.tail, t.head, t.tail, s.name, since::VARCHAR, row, owned::VARCHAR FROM triple t
    JOIN kind k ON k.id = t.kind JOIN source s ON s.id = t.source WHERE s.name NOT LIKE '(%)'
UNION ALL SELECT k.head, k.relation, k.tail, t.id, t.head, s.name, t.tail, row, concat(value, ' ', happened)
    FROM interaction t JOIN kind k ON k.id = t.kind JOIN source s ON s.id = t.source ORDER BY 1, 2, 3, 4, 5, 6
"""


def claims(ledger: Path) -> list[tuple[object, ...]]:
    """All that a ledger holds, without when it came and what only follows."""
    with Ledger(ledger) as opened:
        return opened.tables.rows(CLAIMS)


class Rounds:
    """Loads of one version after the other, with an undisturbed ledger and a plain model beside them."""

    def __init__(self, folder: Path, server: GraphAddress | None) -> None:
        self.folder, self.scratch, self.server = folder / "library", folder, server
        rules(self.folder)
        self.ontology = following(self.folder)
        self.number = 0

    def begin(self) -> None:
        """Another graph with nothing in it, though the ledger thinks otherwise."""
        if self.server:
            clear(self.server)
        else:
            shutil.rmtree(self.folder / "graph", ignore_errors=True)
        self.model = Model()
        self.undisturbed = LedgerGraph(self.scratch / f"undisturbed-{self.number}")

    def job(self, bulk: bool) -> Job:
        """The next version, for the child to load."""
        self.rows, removing = version(self.number)
        write(self.folder, self.rows)
        self.model.load(self.rows, removing=removing)
        self.undisturbed.load(self.rows, removing=removing)
        server = [self.server.uri, self.server.login.user, self.server.login.password] if self.server else None
        return Job(str(self.folder), list(self.rows), removing, bulk, staying=True, server=server)

    def check(self) -> None:
        """The graph, the ledger and the rejects are those of an undisturbed run."""
        said = self.model.graph()
        address = Reader(self.folder).address() if self.server is None else self.server
        assert self.undisturbed.graph == said
        expected = said | {thing: {} for thing in followed(said, self.ontology)}
        assert stored(address) == expected
        assert claims(self.folder / "home" / LEDGER) == claims(self.undisturbed.folder / LEDGER)
        assert (self.folder / "home" / "rejects.jsonl").read_text(encoding="utf-8").count("\n") == 1
        assert not (self.folder / "home" / STAGE).exists()


@pytest.mark.parametrize("database", BOTH)
def test_killed_loads_end_in_the_same_graph(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> None:
    server = request.getfixturevalue(database) if database == "neo4j_graph" else None
    if server:
        clear(server, "MATCH (n) DETACH DELETE n", constraints=True)
    rounds, kills = Rounds(tmp_path, server), int(os.environ.get("KG_TEST_KILLS", KILLS[database]))
    pick = random.Random(os.environ.get("KG_TEST_SEED", "7"))
    killer = Killer(Job("", []), pick)
    reader = Reader(server or rounds.folder)
    with reader.reading():
        for bulk in (True, False):  # undisturbed, to see how many steps there are
            rounds.begin()
            killer.job = rounds.job(bulk=bulk)
            killer.run(killer.job, check=rounds.check)
            rounds.number += 1
        while killer.kills.total() < kills:
            if rounds.number % 4 == 0:
                rounds.begin()
            killer.job = rounds.job(bulk=rounds.number % 8 == 0)
            killer.until_done(min(6, kills - killer.kills.total()), rounds.check)
            rounds.number += 1
    print(rounds.number, "loads,", reader.seen, "readings,", dict(killer.kills))
    assert reader.bad == []
    assert reader.seen
