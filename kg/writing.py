"""Writes the difference of a load to the graph, batch by batch; what was written is noted, so that it can go on later.

Every batch is one transaction and can be repeated, so a load that was killed between a batch and its note, or in the
middle of a batch, comes to the same end as one that was not. What is withdrawn goes first where it makes room, and
entities go last, when nothing leads to them any more.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, islice
from typing import Any

from kg import upsert
from kg.bolt import Run, TakenError
from kg.cypher import Kind
from kg.difference import Difference, EntityChange
from kg.ledger import Ledger
from kg.progress import Progress
from kg.store import GraphStore
from kg.upsert import InteractionRow, Provenance, TripleRow, Triples

ENTITIES, RELATIONSHIPS = 5_000, 20_000
"""Of one batch. Each is made durable, which takes time; entities can have long texts, and a batch is one message."""
TABLES = {
    "entities": ("entity_todo", "entity WHERE alone"),
    "triples withdrawn": ("triple_gone",),
    "interactions withdrawn": ("interaction_gone",),
    "triples": ("triple_todo",),
    "interactions": ("interaction_todo",),
    "entities withdrawn": ("gone",),
}
"""Phase -> what it writes."""
WRITTEN = "written"
"""The note that counts the batches that are in the graph."""


@dataclass(frozen=True)
class Batch:
    """Rows of one kind, for one transaction."""

    phase: str
    kind: Kind
    rows: Sequence[Any]


@dataclass
class Changes:
    """How many were added, changed and removed, by the name of their class or relation."""

    added: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)

    def count(self, batch: Batch) -> None:
        """Count what a batch does."""
        name = batch.kind.relation or batch.kind.head
        if batch.phase.endswith("withdrawn"):
            self.removed[name] += len(batch.rows)
            return
        known = sum(bool(row[-1]) for row in batch.rows)
        self.changed[name] += known
        self.added[name] += len(batch.rows) - known

    def add(self, more: "Changes") -> None:
        """Count what others did as well."""
        self.added += more.added
        self.changed += more.changed
        self.removed += more.removed

    @classmethod
    def of(cls, batches: Iterable[Batch]) -> "Changes":
        """What batches do, without doing it."""
        changes = cls()
        for batch in batches:
            changes.count(batch)
        return changes

    def by_name(self) -> dict[str, dict[str, int]]:
        """Name -> added, changed, removed; without those of which nothing changes."""
        counts = {"added": self.added, "changed": self.changed, "removed": self.removed}
        names = sorted({name for counter in counts.values() for name, n in counter.items() if n})
        return {name: {what: counter[name] for what, counter in counts.items()} for name in names}


def batches(difference: Difference) -> Iterator[Batch]:
    """All that is to be written, in an order that is the same each time."""
    kinds = difference.ledger.kinds()
    yield from _cut("entities", kinds, difference.entity_changes())
    triple, interaction = "kind, head, tail", "kind, id, head, tail"
    yield from _cut("triples withdrawn", kinds, difference.rows("triple_gone", triple, by="ALL"))
    yield from _cut("interactions withdrawn", kinds, difference.rows("interaction_gone", interaction, by="ALL"))
    more = "file, row, since, until, known"
    yield from _cut("triples", kinds, difference.rows("triple_todo", f"{triple}, {more}", by=triple))
    more = "value, happened, file, row, known"
    yield from _cut("interactions", kinds, difference.rows("interaction_todo", f"{interaction}, {more}", by="kind, id"))
    yield from _cut("entities withdrawn", kinds, difference.rows("gone", "kind, key", by="ALL"))


def write(difference: Difference, store: GraphStore, progress: Progress, *, resumed: bool) -> Changes:
    """Write all batches that are not noted as written. While one is on its way, the next is made ready."""
    ledger = difference.ledger
    start, sizes = int(ledger.note(WRITTEN) or 0), totals(difference)
    put = _Put(store, Provenance(ledger.file_names(), difference.at), _Fresh(store, resumed))
    changes, done = Changes(), Counter[str]()
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[object] | None = None
        for number, batch in enumerate(batches(difference)):
            changes.count(batch)
            if number >= start:
                progress(f"write {batch.phase}", done[batch.phase], sizes[batch.phase])
                work = put.ready(batch)
                _finish(waiting, ledger, number)
                waiting = pool.submit(work)
            done[batch.phase] += len(batch.rows)
        _finish(waiting, ledger, None)
    return changes


def _finish(waiting: "Future[object] | None", ledger: Ledger, written: int | None) -> None:
    if waiting is not None:
        waiting.result()
        if written is not None:
            ledger.put_note(WRITTEN, str(written))


def totals(difference: Difference) -> dict[str, int]:
    """How many rows are written in each phase, at most: of some entities nothing turns out to differ."""
    return {
        phase: sum(next(difference.rows(table, "count(*)"))[0] for table in tables) for phase, tables in TABLES.items()
    }


def _cut(phase: str, kinds: dict[int, Kind], rows: Iterable[Any]) -> Iterator[Batch]:
    for kind, of_kind in groupby(rows, key=lambda row: row[0]):
        while batch := list(islice(of_kind, ENTITIES if phase == "entities" else RELATIONSHIPS)):
            yield Batch(phase, kinds[kind], batch)


class _Fresh:
    """Of which classes and relations the graph had nothing when this load began, so that there is nothing to find."""

    def __init__(self, store: GraphStore, resumed: bool) -> None:
        # First the turns: what others write later takes one that is not expected.
        self._turns = None if resumed else store.turns()
        self._held = store.counts()

    def cls(self, name: str) -> bool:
        """Whether it had nothing of a class."""
        return self._turns is not None and not self._held.get(name)

    def turn(self, relation: str) -> int | None:
        """The number of our next turn of a relation of which there was nothing, if nobody else takes one."""
        if self._turns is None or self._held.get(relation):
            return None
        self._turns[relation] = self._turns.get(relation, 0) + 1
        return self._turns[relation]


@dataclass(frozen=True)
class _Put:
    """Writes batches."""

    store: GraphStore
    said: Provenance
    fresh: _Fresh

    def ready(self, batch: Batch) -> Callable[[], object]:
        """What writes a batch, with all made ready that can be while the one before is on its way."""
        kind, rows = batch.kind, batch.rows
        match batch.phase:
            case "entities":
                return self._entities(kind.head, rows)
            case "triples":
                ready, turn = (
                    Triples.of([TripleRow(*row[1:]) for row in rows], self.said),
                    self.fresh.turn(kind.relation),
                )
                return self._run(partial(upsert.put_triples, kind=kind, batch=ready, fresh_at=turn))
            case "interactions":
                put = partial(self.store.put_interactions, fresh_at=self.fresh.turn(kind.relation))
                return partial(put, kind, [InteractionRow(*row[1:-1]) for row in rows], self.said)
            case "triples withdrawn":
                return self._run(partial(upsert.delete_triples, kind=kind, ends=[row[1:] for row in rows]))
            case "interactions withdrawn":
                return self._run(partial(upsert.delete_interactions, kind=kind, rows=[row[1:] for row in rows]))
            case "entities withdrawn":
                return partial(self.store.delete_entities, kind.head, [row[1] for row in rows])
            case _:
                raise AssertionError(batch.phase)

    def _entities(self, cls: str, changes: Sequence[EntityChange]) -> Callable[[], object]:
        rows: list[dict[str, Any]] = [
            {"id": change.key, "set": {**change.set, **self._origin(change)}} for change in changes
        ]
        if any(change.known for change in changes):
            # One that somebody else deleted comes back whole.
            for row, change in zip(rows, changes, strict=True):
                row["all"] = {**change.all, **self._origin(change)}
            return partial(self.store.change_entities, cls, rows)
        return partial(self._create if self.fresh.cls(cls) else self.store.put_entities, cls, rows)

    def _create(self, cls: str, rows: Sequence[Mapping[str, object]]) -> None:
        try:
            self.store.create_entities(cls, rows)
        except TakenError:  # somebody else made one of them meanwhile, such as a user who is known by an event
            self.store.put_entities(cls, rows)

    def _origin(self, change: EntityChange) -> dict[str, Any]:
        return {"kg_source": self.said.files[change.file], "kg_row": change.row, "kg_at": self.said.at}

    def _run(self, work: Callable[[Run], object]) -> Callable[[], object]:
        return partial(self.store.transaction, work)
