"""The graph store: entities, triples and interactions in a graph database, Neo4j or the embedded one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from time import sleep, time
from typing import Any, Self, TypeVar

from kg import cypher, upsert
from kg.address import GraphAddress
from kg.bolt import Bolt, QueryResult, Run, TakenError
from kg.cypher import Kind
from kg.migration import migrate
from kg.triples import Entity, Interaction, Ref, Triple
from kg.upsert import InteractionRow, Provenance, TripleRow, Triples, batches
from ontology.model import Ontology

LOADS = 5
"""How many of the last loads are told."""
OURS = "kg_"
"""So begin the properties in which the graph keeps where something is from."""
TRIES, AGAIN_S = 3, 1.0
SERVICE = "events"
"""What the graph names as the source of what came in through the service."""
T = TypeVar("T")


@dataclass(frozen=True)
class Load:
    """One load, for the record. `at` is epoch milliseconds."""

    id: str
    source: str
    at: int
    read: int
    loaded: int
    refused: int


class GraphStore:
    """A connection to one graph. Usable as a context manager; every failure of the store is a StoreError."""

    def __init__(self, address: GraphAddress) -> None:
        """Connect and verify. Raises StoreError."""
        self.address = address
        self._bolt = Bolt(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._bolt.close()

    def migrate(self, ontology: Ontology) -> list[str]:
        """Add the constraints that this graph lacks, record each as (:Migration {id, at}), and give their ids."""
        return migrate(self._bolt, ontology)

    def upsert_entities(self, entities: Iterable[Entity]) -> int:
        """Create or change entities by class and key; give how many were written. Properties not named stay."""
        written = 0
        for cls, batch in batches(entities, lambda entity: entity.cls):
            self.put_entities(cls, [{"id": upsert.key_text(e.key), "set": dict(e.properties)} for _, e in batch])
            written += len(batch)
        return written

    def put_entities(self, cls: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Create or change a batch of one class: rows of id and set, in which None removes a property.

        On the embedded database, a write whose connection was cut may still be going on, and then creates what this
        one does not find: tried again, it does.
        """
        for _ in range(TRIES - 1):
            try:
                self._bolt.write(cypher.put_entities(cls), rows=rows)
            except TakenError:
                sleep(AGAIN_S)
            else:
                return
        self._bolt.write(cypher.put_entities(cls), rows=rows)

    def change_entities(self, cls: str, rows: Sequence[Mapping[str, object]]) -> None:
        """The same, with `all` that each has, for those that are not there any more."""
        self._bolt.write(cypher.change_entities(cls), rows=rows)

    def create_entities(self, cls: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Create a batch of one class. Raises TakenError when one of them is there, and creates none."""
        self._bolt.write(cypher.create_entities(cls), rows=rows)

    def delete_entities(self, cls: str, keys: Sequence[str]) -> None:
        """Delete entities of one class, and all that leads to them."""
        self._bolt.write(cypher.delete_entities(cls), keys=keys)

    def upsert_triples(self, triples: Iterable[Triple]) -> list[int]:
        """Create what is not there yet; give the positions whose head or tail does not exist, in order."""
        missing: list[int] = []
        for kind, batch in batches(triples, lambda t: Kind(t.head.cls, t.relation, t.tail.cls)):
            rows = [TripleRow(triple.head.key, triple.tail.key) for _, triple in batch]
            ready = Triples.of(rows, _by_service())
            there = self.transaction(partial(upsert.put_triples, kind=kind, batch=ready))
            missing += [position for position, t in batch if (t.head.key, t.tail.key) not in there]
        return sorted(missing)

    def upsert_interactions(self, interactions: Iterable[Interaction]) -> list[int]:
        """Create or change interactions by id, and their users; give the positions whose item does not exist."""
        missing: list[int] = []
        for kind, batch in batches(interactions, lambda x: Kind(x.user.cls, x.relation, x.item.cls)):
            rows = [InteractionRow(x.id, x.user.key, x.item.key, x.value, x.at) for _, x in batch]
            there = self.put_interactions(kind, rows, _by_service())
            missing += [position for position, x in batch if x.item.key not in there]
        return sorted(missing)

    def put_interactions(
        self, kind: Kind, rows: Sequence[InteractionRow], said: Provenance, *, fresh_at: int | None = None
    ) -> set[str]:
        """Create or change a batch of one kind by id, and their users; give the items that exist."""
        try:
            return self.transaction(
                partial(upsert.put_interactions, kind=kind, rows=rows, said=said, fresh_at=fresh_at)
            )
        except TakenError:
            return self.transaction(partial(upsert.replace_interactions, kind=kind, rows=rows, said=said))

    def existing(self, refs: Iterable[Ref]) -> set[Ref]:
        """Those of the entities that are in the graph."""
        found: set[Ref] = set()
        for cls, batch in batches(refs, lambda ref: ref.cls):
            keys = [ref.key for _, ref in batch]
            rows = self._bolt.read(cypher.find_entities(cls), keys=keys)
            found.update(Ref(cls, key) for row in rows for key in row["found"])
        return found

    def entities(self, cls: str) -> Iterator[Entity]:
        """Stream all entities of a class, without its subclasses."""
        for row in self._bolt.read(cypher.all_entities(cls)):
            said = {
                name: value for name, value in row["properties"].items() if name != "id" and not name.startswith(OURS)
            }
            yield Entity(cls, row["id"], said)

    def triples(self, relation: str) -> Iterator[tuple[str, str, str, str]]:
        """Stream all triples of a relation: head class, head key, tail class, tail key."""
        for row in self._bolt.read(cypher.all_relationships(relation)):
            yield row["head"], row["head_id"], row["tail"], row["tail_id"]

    def interactions(self, relation: str) -> Iterator[Interaction]:
        """Stream all interactions of a kind."""
        for row in self._bolt.read(cypher.all_relationships(relation)):
            user, item, said = Ref(row["head"], row["head_id"]), Ref(row["tail"], row["tail_id"]), row["properties"]
            yield Interaction(said["id"], user, relation, item, said["value"], said["at"])

    def counts(self) -> dict[str, int]:
        """How many nodes of each label, and relationships of each type, there are."""
        return self.count_nodes() | self.count_relationships()

    def count_nodes(self) -> dict[str, int]:
        """How many nodes of each label there are."""
        rows = self._bolt.read("MATCH (n) RETURN labels(n)[0] AS name, count(*) AS n ORDER BY name")
        return {row["name"]: row["n"] for row in rows}

    def count_relationships(self) -> dict[str, int]:
        """How many relationships of each type there are."""
        rows = self._bolt.read("MATCH ()-[r]->() RETURN type(r) AS name, count(*) AS n ORDER BY name")
        return {row["name"]: row["n"] for row in rows}

    def turns(self) -> dict[str, int]:
        """How often each relation was written to: relation -> turns."""
        return {row["relation"]: row["turn"] for row in self._bolt.read(cypher.TURNS)}

    def knows(self, ledger: str) -> bool:
        """Whether a ledger was loaded into this graph."""
        return any(self._bolt.read("MATCH (l:Ledger {id: $id}) RETURN l.id AS id", id=ledger))

    def remember(self, ledger: str) -> None:
        """Note the ledger that is loaded into this graph."""
        self._bolt.write("MERGE (l:Ledger {id: $id})", id=ledger)

    def record_load(self, load: Load) -> None:
        """Remember a load."""
        self._bolt.write("UNWIND $rows AS row MERGE (l:Load {id: row.id}) SET l += row", rows=[asdict(load)])

    def loads(self) -> list[Load]:
        """The last loads, newest first."""
        found = self._bolt.read(f"MATCH (l:Load) RETURN properties(l) AS load ORDER BY l.at DESC LIMIT {LOADS}")
        return [Load(**row["load"]) for row in found]

    def read(self, statement: str, parameters: Mapping[str, object]) -> Iterator[Mapping[str, Any]]:
        """Stream the rows of a statement of our own that only reads."""
        return self._bolt.read(statement, **parameters)

    def transaction(self, work: Callable[[Run], T]) -> T:
        """Run several statements as one transaction, tried again after conflicts. Raises TakenError, StoreError."""
        return self._bolt.transaction(work)

    def query(
        self, text: str, parameters: Mapping[str, object], *, timeout_s: float = 10.0, max_rows: int = 1000
    ) -> QueryResult:
        """Ask as an analyst: read-only, at most so many seconds and rows. Raises InputError."""
        return self._bolt.query(text, parameters, timeout_s=timeout_s, max_rows=max_rows)


def _by_service() -> Provenance:
    return Provenance({0: SERVICE}, int(time() * 1000))
