"""Writes relationships that may be there already, a batch at a time, without walking hubs once for every row.

MERGE looks for each row's relationship among all that a node has: on the embedded database, 100,000 interactions with
one popular item took ten minutes. So a batch first walks each of its nodes once, on the side where it has more nodes,
which have fewer relationships each, and then creates what it has not met.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from kg import cypher
from kg.cypher import Kind
from kg.triples import Interaction, Ref, Triple
from ontology.errors import InputError

BATCH = 5000
"""Rows of one transaction: more gain nothing, and very large transactions have broken connections."""

Rows = list[dict[str, Any]]
Run = Callable[[str, dict[str, Any]], Rows]
"""Runs one statement with parameters inside the transaction of the batch."""
K = TypeVar("K")
T = TypeVar("T")


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


def put_triples(run: Run, kind: Kind, triples: Sequence[Triple]) -> set[tuple[Ref, Ref]]:
    """Create the triples that are not there; give the (head, tail) of all that now are. Raises what `run` raises."""
    ends = list(dict.fromkeys((t.head, t.tail) for t in triples))
    from_head = _from_head(ends)
    wanted: dict[str, dict[str, int]] = defaultdict(dict)
    for number, (head, tail) in enumerate(ends):
        near, far = map(key_text, (head.key, tail.key) if from_head else (tail.key, head.key))
        wanted[near][far] = number
    run(cypher.LOCK, {"relation": kind.relation})
    found = run(cypher.find_triples(kind, from_head), {"keys": list(wanted), "wanted": wanted})
    there = {row["number"] for row in found}
    fresh = [{"head": h.key, "tail": t.key, "number": i} for i, (h, t) in enumerate(ends) if i not in there]
    if fresh:
        there.update(row["number"] for row in run(cypher.create_triples(kind), {"rows": fresh}))
    return {ends[number] for number in there}


def put_interactions(run: Run, kind: Kind, interactions: Sequence[Interaction]) -> set[Ref]:
    """Create or change interactions by id, the last of each id, where their item is there; give those items.

    Raises what `run` raises, such as a conflict when an id is there between another user and item.
    """
    said, items = _with_item(run, kind, interactions)
    rows = _interaction_rows(said)
    from_head = _from_head([(x.user, x.item) for x in said])
    keys = sorted({row["head" if from_head else "tail"] for row in rows.values()})
    run(cypher.LOCK, {"relation": kind.relation})
    there = {row["id"] for row in run(cypher.change_interactions(kind, from_head), {"keys": keys, "rows": rows})}
    if fresh := [row for id_, row in rows.items() if id_ not in there]:
        run(cypher.create_interactions(kind), {"rows": fresh})
    return items


def replace_interactions(run: Run, kind: Kind, interactions: Sequence[Interaction]) -> set[Ref]:
    """The same when ids have moved to another user or item: what had them is deleted first."""
    said, _ = _with_item(run, kind, interactions)
    run(cypher.delete_interactions(kind.relation), {"rows": _interaction_rows(said)})
    return put_interactions(run, kind, interactions)


def _with_item(run: Run, kind: Kind, interactions: Sequence[Interaction]) -> tuple[list[Interaction], set[Ref]]:
    """The interactions whose item is in the graph, and these items."""
    wanted = {key_text(x.item.key) for x in interactions}
    items = {Ref(kind.tail, row["id"]) for row in run(cypher.find_entities(kind.tail), {"keys": sorted(wanted)})}
    return [x for x in interactions if x.item in items], items


def _from_head(ends: Sequence[tuple[Ref, Ref]]) -> bool:
    """Whether there are more heads than tails, so that a head has fewer relationships to walk."""
    return len({head for head, _ in ends}) > len({tail for _, tail in ends})


def _interaction_rows(interactions: Sequence[Interaction]) -> dict[str, dict[str, Any]]:
    return {
        key_text(x.id): {
            "id": x.id,
            "head": key_text(x.user.key),
            "tail": key_text(x.item.key),
            "value": float(x.value),
            "at": x.at,
        }
        for x in interactions
    }
