"""Writes relationships that may be there already, a batch at a time, without walking hubs once for every row.

MERGE looks for each row's relationship among all that a node has: on the embedded database, 100,000 interactions with
one popular item took ten minutes. So a batch first walks each of its nodes once, on the side where it has more nodes,
which have fewer relationships each, and then creates what it has not met. Where nothing of a relation can be there yet,
it creates at once: until its turn `fresh_at`, if nobody else takes a turn before.

Each function runs inside one transaction, and raises what `run` raises.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from kg import cypher
from kg.bolt import Rows, Run
from kg.cypher import Kind
from ontology.errors import InputError

BATCH = 5000
"""Rows of one transaction: more gain nothing, and very large transactions have broken connections."""
K = TypeVar("K")
T = TypeVar("T")


class TripleRow(NamedTuple):
    """One triple of a batch, and which row of which file says it; `since` and `until` in epoch milliseconds.

    `known` ones were said before, with other dates.
    """

    head: str
    tail: str
    file: int = 0
    row: int | None = None
    since: int | None = None
    until: int | None = None
    known: bool = False

    @property
    def dated(self) -> bool:
        """Whether it says when the triple holds, or may have said so before."""
        return self.known or self.since is not None or self.until is not None


class InteractionRow(NamedTuple):
    """One interaction of a batch, as `TripleRow`; `at` is when it happened."""

    id: str
    user: str
    item: str
    value: float
    at: int
    file: int = 0
    row: int | None = None


@dataclass(frozen=True)
class Provenance:
    """Where a batch is from: the names of its files by number, and when its load began, in epoch milliseconds."""

    files: Mapping[int, str]
    at: int

    def of(self, rows: Sequence[TripleRow] | Sequence[InteractionRow]) -> tuple[dict[int, int], dict[str, Any]]:
        """File number -> position in the parameter `files`, and the parameters."""
        used = {number: i for i, number in enumerate(dict.fromkeys(row.file for row in rows))}
        return used, {"files": [self.files[number] for number in used], "at": self.at}


def batches(items: Iterable[T], kind: Callable[[T], K]) -> Iterator[tuple[K, list[tuple[int, T]]]]:
    """Gather items of one kind, each with its position, so that a batch is one statement. Holds one batch a kind."""
    waiting: dict[K, list[tuple[int, T]]] = defaultdict(list)
    for position, item in enumerate(items):
        key = kind(item)
        waiting[key].append((position, item))
        if len(waiting[key]) == BATCH:
            yield key, waiting.pop(key)
    yield from waiting.items()


def key_text(key: str) -> str:
    """The key, if it is one. Raises InputError: the databases do not agree on what a null key means."""
    if not isinstance(key, str):
        raise InputError(f"{key!r} is not a key: a key is a text")
    return key


@dataclass(frozen=True)
class Triples:
    """A batch made ready: positions by (head, tail), the last of each; the rows as they are sent."""

    ends: Mapping[tuple[str, str], int]
    rows: list[list[Any]]
    dated: bool
    parameters: Mapping[str, Any]

    @classmethod
    def of(cls, rows: Sequence[TripleRow], said: Provenance) -> "Triples":
        """Make a batch ready."""
        files, parameters = said.of(rows)
        dated = any(row.dated for row in rows)
        sent: list[list[Any]] = [[i, x.head, x.tail, files[x.file], x.row] for i, x in enumerate(rows)]
        if dated:
            sent = [[*row, x.since, x.until] for row, x in zip(sent, rows, strict=True)]
        ends = {(key_text(row.head), key_text(row.tail)): i for i, row in enumerate(rows)}
        return cls(ends, sent, dated, parameters)


def put_triples(run: Run, kind: Kind, batch: Triples, *, fresh_at: int | None = None) -> set[tuple[str, str]]:
    """Create the triples that are not there, and date those that have dates; give the ends of all that now are."""
    fresh, sent = _turn(run, kind) == fresh_at, batch.rows
    there: set[int] = set()
    if not fresh:
        from_head, wanted = _wanted(batch.ends)
        found = run(cypher.find_triples(kind, from_head), {"keys": list(wanted), "wanted": wanted})
        there = _listed(found)
        if batch.dated and there:
            only = {near: {far: sent[i] for far, i in its.items() if i in there} for near, its in wanted.items()}
            run(cypher.date_triples(kind, from_head), {"keys": list(wanted), "wanted": only, **batch.parameters})
    if new := [sent[i] for i in batch.ends.values() if i not in there]:
        there |= _listed(run(cypher.create_triples(kind, dated=batch.dated), {"rows": new, **batch.parameters}))
    return {pair for pair, i in batch.ends.items() if i in there}


def delete_triples(run: Run, kind: Kind, ends: Sequence[tuple[str, str]]) -> None:
    """Delete those triples that are there."""
    _turn(run, kind)
    from_head, wanted = _wanted({pair: i for i, pair in enumerate(ends)})
    run(cypher.delete_triples(kind, from_head), {"keys": list(wanted), "wanted": wanted})


def put_interactions(
    run: Run, kind: Kind, rows: Sequence[InteractionRow], said: Provenance, *, fresh_at: int | None = None
) -> set[str]:
    """Create or change interactions by id, the last of each id, where their item is there; give those items.

    Where an id is there between another user and item, a constraint forbids it: then `replace_interactions` does it.
    """
    fresh = _turn(run, kind) == fresh_at
    items = _items(run, kind, rows)
    files, parameters = said.of(rows)
    sent: dict[str, list[Any]] = {
        key_text(x.id): [x.id, key_text(x.user), x.item, float(x.value), x.at, files[x.file], x.row]
        for x in rows
        if x.item in items
    }
    there: set[str] = set()
    if not fresh:
        from_head = _from_head([(row[1], row[2]) for row in sent.values()])
        keys = sorted({row[1 if from_head else 2] for row in sent.values()})
        found = run(cypher.change_interactions(kind, from_head), {"keys": keys, "rows": sent, **parameters})
        there = _listed(found)
    if new := [row for id_, row in sent.items() if id_ not in there]:
        run(cypher.create_interactions(kind), {"rows": new, **parameters})
    return items


def replace_interactions(run: Run, kind: Kind, rows: Sequence[InteractionRow], said: Provenance) -> set[str]:
    """The same when ids have moved to another user or item: what had them is deleted first."""
    items = _items(run, kind, rows)
    run(cypher.delete_interactions(kind.relation), {"rows": {x.id: True for x in rows if x.item in items}})
    return put_interactions(run, kind, rows, said)


def delete_interactions(run: Run, kind: Kind, rows: Sequence[tuple[str, str, str]]) -> None:
    """Delete interactions by id, user and item, where they are there."""
    _turn(run, kind)
    from_head, wanted = _wanted({(user, item): i for i, (_, user, item) in enumerate(rows)})
    ids = {id_: True for id_, _, _ in rows}
    run(cypher.delete_between(kind, from_head), {"keys": list(wanted), "ids": ids})


def _turn(run: Run, kind: Kind) -> int:
    """Wait for the other writers of a relation; give the number of this turn."""
    return int(run(cypher.LOCK, {"relation": kind.relation})[0]["turn"])


def _listed(rows: Rows) -> set[Any]:
    """What a statement gives as one list."""
    return {one for row in rows for one in row["found"]}


def _items(run: Run, kind: Kind, rows: Sequence[InteractionRow]) -> set[str]:
    """Those of the items that are in the graph."""
    wanted = sorted({key_text(row.item) for row in rows})
    return _listed(run(cypher.find_entities(kind.tail), {"keys": wanted}))


def _wanted(ends: Mapping[tuple[str, str], int]) -> tuple[bool, dict[str, dict[str, int]]]:
    """From which side to walk, and near key -> far key -> number."""
    from_head = _from_head(list(ends))
    wanted: dict[str, dict[str, int]] = defaultdict(dict)
    for (head, tail), number in ends.items():
        near, far = (head, tail) if from_head else (tail, head)
        wanted[near][far] = number
    return from_head, wanted


def _from_head(ends: Sequence[tuple[str, str]]) -> bool:
    """Whether there are more heads than tails, so that a head has fewer relationships to walk."""
    return len({head for head, _ in ends}) > len({tail for _, tail in ends})
