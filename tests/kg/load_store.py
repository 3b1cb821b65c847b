"""Loads of a library into a real graph database, and all that is in it, found past our own code and from all sides."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kg.address import GraphAddress
from kg.ingest import ingest
from kg.loading import Options
from kg.store import GraphStore
from tests.graphs import clear, driver
from tests.kg.load_ledger import write
from tests.kg.load_model import Thing, Values
from tests.kg.load_worlds import rules
from tests.kg.loads import Rows

NODES = "MATCH (n) WHERE n.id IS NOT NULL RETURN labels(n) AS labels, properties(n) AS said"
EDGES = (
    "MATCH (h:{head})-[x:{relation}]->(t:{tail}) RETURN h.id AS head, t.id AS tail, properties(x) AS said",
    "UNWIND $keys AS key MATCH (h:{head} {{id: key}})-[x:{relation}]->(t:{tail}) "
    "RETURN h.id AS head, t.id AS tail, properties(x) AS said",
    "UNWIND $keys AS key MATCH (t:{tail} {{id: key}})<-[x:{relation}]-(h:{head}) "
    "RETURN h.id AS head, t.id AS tail, properties(x) AS said",
)
"""All of a relation; from its heads; from its tails: a torn edge shows on one side only."""
KINDS = (
    ("Book", "WRITTEN_BY", "Author"),
    ("Book", "CITES", "Book"),
    ("Reader", "READ", "Book"),
    ("Book", "NEAR_TO", "Book"),
)
OURS = ("Ledger", "Load", "Lock", "Migration")


class StoreGraph:
    """A folder of files, their workspace, and the graph as it is in a database."""

    def __init__(self, folder: Path, store: GraphStore) -> None:
        self.folder, self.store, self.home = folder, store, folder / "home"
        self.mapping, self.ontology = rules(folder)

    def load(
        self, rows: Rows, *, removing: bool, dry_run: bool = False, bulk: bool = True
    ) -> Mapping[str, Mapping[str, int]]:
        """Load files; give what changes."""
        options = Options(delete_missing=removing, dry_run=dry_run, bulk=bulk)
        paths = write(self.folder, rows)
        report = ingest(paths, self.mapping, self.ontology, self.store, home=self.home, options=options)
        self.read, self.refused_rows, self.derived = report.read, report.refused, report.derived
        return report.changes

    @property
    def graph(self) -> dict[Thing, Values]:
        """All that is in the database."""
        return stored(self.store.address)

    def refused(self) -> set[tuple[str, int]]:
        """The refused rows by file and line."""
        lines = (self.home / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
        return {(Path(found["file"]).name, found["line"]) for found in map(json.loads, lines)}

    def wipe(self) -> None:
        """Empty the database, but for its constraints."""
        clear(self.store.address)


def stored(address: GraphAddress, *, origin: bool = False) -> dict[Thing, Values]:
    """All that is in a library's database, each once and the same from all sides; with its `origin`: file and row."""
    with driver(address) as direct:
        found: dict[Thing, Values] = {}
        for node in direct.execute_query(NODES).records:
            (label,) = node["labels"]
            if label not in OURS:
                assert _new(found, ("entity", label, node["said"].pop("id")), node["said"])
        for head, relation, tail in KINDS:
            keys = {cls: [thing[2] for thing in found if thing[:2] == ("entity", cls)] for cls in (head, tail)}
            names = {"head": head, "relation": relation, "tail": tail}
            asked = [direct.execute_query(EDGES[0].format(**names)).records]
            asked += [
                direct.execute_query(ask.format(**names), {"keys": keys[near]}).records
                for ask, near in ((EDGES[1], head), (EDGES[2], tail))
            ]
            one, *others = (sorted(map(_edge, [relation] * len(rows), rows), key=repr) for rows in asked)
            assert [one, one] == others, "an edge is not the same from its head and its tail"
            for thing, said in one:
                assert _new(found, thing, said), f"{thing} is there twice"
    return found if origin else {thing: _without_origin(said) for thing, said in found.items()}


def _new(found: dict[Thing, Values], thing: Thing, said: Values) -> bool:
    new = thing not in found
    found[thing] = said
    return new


def _edge(relation: str, row: Any) -> tuple[Thing, Values]:
    said = dict(row["said"])
    if relation != "READ":
        return ("triple", relation, row["head"], row["tail"]), said
    return ("interaction", said.pop("id")), {"user": row["head"], "item": row["tail"], **said}


def _without_origin(said: Values) -> Values:
    return {name: value for name, value in said.items() if not name.startswith("kg_") and value is not None}
