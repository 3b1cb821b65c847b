"""Events on their way into the journal."""

import time
import uuid

from kg.journal import Journal
from kg.triples import Interaction, Ref
from ontology.model import Ontology, Relation
from service.engine import Serving
from service.problems import RequestError
from service.types import Acknowledgement, EventRequest, ProblemPart

LIKING = 1.0
"""The value of an event whose relation counts at any value."""


def accept(body: EventRequest | list[EventRequest], serving: Serving, journal: Journal) -> Acknowledgement:
    """Check the events and write them: all of them, or none.

    Raises RequestError that points at each wrong part, StoreError when the journal cannot be written.
    """
    requests = body if isinstance(body, list) else [body]
    parts = [part for i, r in enumerate(requests) for part in _wrong(r, f"/{i}" * isinstance(body, list), serving)]
    if parts:
        raise RequestError(parts)
    now = time.time_ns() // 1_000_000
    interactions = [_interaction(r, serving, now) for r in requests]
    appended = journal.append(interactions)
    return {
        "accepted": appended.accepted,
        "duplicates": appended.duplicates,
        "ids": [interaction.id for interaction in interactions],
    }


def _wrong(request: EventRequest, place: str, serving: Serving) -> list[ProblemPart]:
    parts: list[ProblemPart] = []
    if serving.recommender.live.items.item_class(request.item) is None:
        parts.append({"detail": f"{request.item!r} is not an item of this catalog", "pointer": f"{place}/item"})
    relations = [r.name for r in serving.recommender.bundle.ontology.interactions()]
    if request.relation is None and len(relations) > 1:
        parts.append({"detail": f"say which relation: {', '.join(relations)}", "pointer": f"{place}/relation"})
    if request.relation is not None and request.relation not in relations:
        detail = f"{request.relation!r} is nothing a user can do; there is {', '.join(relations)}"
        parts.append({"detail": detail, "pointer": f"{place}/relation"})
    return parts


def _interaction(request: EventRequest, serving: Serving, now: int) -> Interaction:
    relation = _relation(request, serving.recommender.bundle.ontology)
    liking = LIKING if relation.positive_from is None else relation.positive_from
    return Interaction(
        id=request.id or uuid.uuid4().hex,
        user=Ref(serving.user_class(request.user, relation), request.user),
        relation=relation.name,
        item=serving.recommender.item(request.item).ref,
        value=liking if request.value is None else request.value,
        at=now if request.at is None else request.at,
    )


def _relation(request: EventRequest, ontology: Ontology) -> Relation:
    return ontology.relations[request.relation] if request.relation else ontology.interactions()[0]
