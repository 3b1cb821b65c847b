"""Edits of items on their way into the journal."""

import time
from collections.abc import Sequence

from kg.edits import Asked, Tail, Wrong, checked_all, warnings
from kg.entries import Op
from kg.formats.encoding import shown
from kg.journal import Journal
from kg.triples import Ref
from ontology.errors import ConflictError
from service import metrics
from service.conditions import Condition
from service.edit_types import BatchDone, BatchRequest, DeleteOperation, EntityRef, ItemBody, ItemPatch
from service.engine import Serving
from service.problems import RequestError, pointer
from service.types import ProblemPart

TRIES = 10
"""So often an edit that has a condition is overtaken by others before it gives up."""


def put(
    serving: Serving, journal: Journal, id: str, body: ItemBody, condition: Condition
) -> tuple[bool, dict[str, int]]:
    """Write a whole item; give whether it is new, and warnings. Raises ConflictError, RequestError, StoreError."""
    new = serving.recommender.live.items.item_class(id) is None
    return new, _write_if(condition, serving, journal, _asked("put", id, body))


def patch(serving: Serving, journal: Journal, id: str, body: ItemPatch, condition: Condition) -> dict[str, int]:
    """Change an item; give warnings. Raises ConflictError, NotFoundError, RequestError, StoreError."""
    serving.recommender.item(id)
    return _write_if(condition, serving, journal, _asked("patch", id, body))


def delete(serving: Serving, journal: Journal, id: str, condition: Condition) -> None:
    """Delete an item. Raises ConflictError, NotFoundError, StoreError."""
    serving.recommender.item(id)
    _write_if(condition, serving, journal, Asked("delete", id))


def batch(serving: Serving, journal: Journal, body: BatchRequest) -> BatchDone:
    """Do all operations, or none. Raises RequestError, StoreError."""
    asked = [
        Asked("delete", one.id) if isinstance(one, DeleteOperation) else _asked(one.op, one.id, one)
        for one in body.operations
    ]
    items = serving.recommender.live.items
    there = {one.key for one in asked if items.item_class(one.key) is not None}
    warned = _write(serving, journal, asked, ("operations",))
    created = 0
    for one in asked:
        created += one.op == "put" and one.key not in there
        (there.discard if one.op == "delete" else there.add)(one.key)
    return {"done": len(asked), "created": created, "warnings": warned}


def _write_if(condition: Condition, serving: Serving, journal: Journal, asked: Asked) -> dict[str, int]:
    """Do an edit where its condition holds, which is looked at again when another edit of the item came before it."""
    if condition.holds_always:
        return _write(serving, journal, [asked])
    live = serving.recommender.live
    for _ in range(TRIES):
        seen = live.seq
        condition.check(asked.key, live.items.get(asked.key))
        try:
            return _write(serving, journal, [asked], seen=seen)
        except ConflictError:
            serving.recommender.refresh()
    raise ConflictError(f"item {shown(asked.key)!r} is being edited all the time; try again later")


def _write(
    serving: Serving,
    journal: Journal,
    asked: Sequence[Asked],
    place: tuple[str, ...] = (),
    seen: int | None = None,
) -> dict[str, int]:
    """Check the edits and write them: all of them, or none; give warnings.

    `place` leads to the list they are in, if any. With `seen`, they rest on the journal up to there.
    """
    recommender, now = serving.recommender, time.time_ns() // 1_000_000
    ontology = recommender.bundle.ontology
    edits, wrong = checked_all(asked, ontology, recommender.live.items, now)
    if wrong:
        raise RequestError([_part(part, (*place, position) if place else ()) for position, part in wrong])
    journal.edit(edits, seen=seen)
    for edit in edits:
        metrics.EDITS.labels(edit.op).inc()
    return warnings(edits, ontology)


def _part(wrong: Wrong, place: tuple[str | int, ...]) -> ProblemPart:
    if not place and wrong.place == ("id",):
        return {"detail": wrong.reason, "parameter": "id"}
    return {"detail": wrong.reason, "pointer": pointer((*place, *wrong.place))}


def _asked(op: Op, id: str, body: ItemBody | ItemPatch) -> Asked:
    relations = {name: [_tail(tail) for tail in tails or ()] for name, tails in body.relations.items()}
    return Asked(op, id, body.cls, body.properties, relations)


def _tail(tail: str | EntityRef) -> Tail:
    return tail if isinstance(tail, str) else Ref(tail.cls, tail.key)
