"""The routes. Each view is a thin skin: look up, ask the recommender, say it in the API's types."""

from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from time import perf_counter

import orjson
from flask import Blueprint, Response, g, request

from kg.journal import Journal
from ontology.errors import NotReadyError
from retrieval.answer import Answer, Query
from retrieval.filter_tree import FilterError
from service import answers, bundles, changes, conditions, events, metrics
from service.conditions import Condition
from service.edit_types import BatchDone, BatchRequest, EditedItem, ItemBody, ItemPatch
from service.endpoints import JSON, Api, Reply
from service.engine import Serving, engine, fresh
from service.openapi import document
from service.problems import RequestError
from service.types import (
    Acknowledgement,
    Catalog,
    EventsRequest,
    Health,
    HistoryQuery,
    Item,
    Items,
    Models,
    PageQuery,
    ProblemPart,
    RankRequest,
    Recommendations,
    RecommendationsQuery,
    RecommendationsRequest,
    SearchQuery,
    SimilarQuery,
    UserHistory,
    Users,
)
from service.writes import check_write

api = Api(Blueprint("api", __name__))


@api.get("/v1/users/<path:id>/recommendations", tag="recommendations", problems=(400, 503))
def recommend_to_user(id: str, query: RecommendationsQuery) -> Recommendations:
    """Recommend items to a user.

    A user who is not known is answered from `history`, or with what is popular (`cold` says so).
    """
    serving = fresh()
    _check(serving, query.history, parameter="history")
    _check(serving, query.exclude, parameter="exclude")
    _check_filter(serving, query.filter, parameter="filter")
    asked = Query(
        user=id,
        history=query.history,
        n=query.n,
        exclude=query.exclude,
        explain=query.explain,
        filter=query.filter,
    )
    return _answer(serving.recommender.recommend(asked))


@api.post("/v1/recommendations", tag="recommendations", problems=(400, 503))
def recommend_to_history(body: RecommendationsRequest) -> Recommendations:
    """Recommend items to somebody who liked these."""
    serving = fresh()
    _check(serving, body.history, pointer="/history")
    _check(serving, body.seen, pointer="/seen")
    _check(serving, body.exclude, pointer="/exclude")
    _check_filter(serving, body.filter, pointer="/filter")
    asked = Query(**dict(body))
    return _answer(serving.recommender.recommend(asked))


@api.post("/v1/rank", tag="recommendations", problems=(400, 503))
def rank(body: RankRequest) -> Recommendations:
    """Put given items in the order in which they suit a user or a history."""
    serving = fresh()
    _check(serving, body.items, pointer="/items")
    _check(serving, body.history, pointer="/history")
    _check(serving, body.seen, pointer="/seen")
    asked = Query(body.user, body.history, body.seen, explain=body.explain)
    return _answer(serving.recommender.rank(asked, body.items))


@api.get("/v1/items", tag="items", problems=(400, 503))
def search_items(query: SearchQuery) -> Items:
    """Search items by name, or list those that a filter matches."""
    serving = fresh()
    _check_filter(serving, query.filter, parameter="filter")
    start = int(query.page_token or 0)
    matching = None if query.filter is None else serving.recommender.filters.matching(query.filter)
    found = serving.catalog.search(query.q, start, query.n + 1, matching)
    return {
        "items": [{"id": item.key, "name": item.name} for item in found[: query.n]],
        "next_page_token": str(start + query.n) if len(found) > query.n else None,
    }


@api.get("/v1/items/<path:id>", tag="items", problems=(404, 503))
def item(id: str) -> Reply[Item]:
    """Describe an item, with what the graph says of it.

    Its `ETag`, sent as `If-Match` with an edit, has that done only if nobody else edited the item meanwhile.
    """
    described, headers = _item(id)
    return Reply(described, HTTPStatus.OK, headers)


@api.put(
    "/v1/items/<path:id>", tag="items", problems=(400, 403, 412, 503), statuses=(HTTPStatus.OK, HTTPStatus.CREATED)
)
def put_item(id: str, body: ItemBody) -> Reply[EditedItem]:
    """Write a whole item: create it (201), or replace it (200).

    What the body does not name is removed. The answer comes when the edit is on disk; it counts at the next request,
    of every worker. A new item is found, described, recommended and explained then, by what is said of it here.
    """
    serving, journal = writing()
    new, warnings = changes.put(serving, journal, id, body, Condition.of(request))
    described, headers = _item(id)
    return Reply({**described, "warnings": warnings}, HTTPStatus.CREATED if new else HTTPStatus.OK, headers)


@api.patch("/v1/items/<path:id>", tag="items", problems=(400, 403, 404, 412, 503))
def patch_item(id: str, body: ItemPatch) -> Reply[EditedItem]:
    """Change an item: what is not named stays.

    A property that is null is removed; a relation that is named is replaced as a whole.
    """
    warnings = changes.patch(*writing(), id, body, Condition.of(request))
    described, headers = _item(id)
    return Reply({**described, "warnings": warnings}, HTTPStatus.OK, headers)


@api.delete("/v1/items/<path:id>", tag="items", problems=(400, 403, 404, 412, 503))
def delete_item(id: str) -> Reply[None]:
    """Delete an item: it is neither found nor recommended any more.

    What users did with it stays in their history until the next training.
    """
    changes.delete(*writing(), id, Condition.of(request))
    return Reply(None, HTTPStatus.NO_CONTENT)


@api.post("/v1/items:batch", tag="items", problems=(400, 403, 503))
def edit_items(body: BatchRequest) -> BatchDone:
    """Write, change and delete up to 1000 items: all operations are done, or none."""
    return changes.batch(*writing(), body)


@api.get("/v1/items/<path:id>/similar", tag="items", problems=(400, 404, 503))
def similar_items(id: str, query: SimilarQuery) -> Recommendations:
    """Recommend items that are like this one."""
    serving = fresh()
    _check_filter(serving, query.filter, parameter="filter")
    return _answer(serving.recommender.similar(id, query.n, query.filter))


@api.get("/v1/users", tag="users", problems=(400, 503))
def search_users(query: PageQuery) -> Users:
    """List users that have a history, or search them by how their id begins."""
    start = int(query.page_token or 0)
    users = [u for u in fresh().recommender.live.users() if u.startswith(query.q)]
    more = len(users) > start + query.n
    return {
        "users": users[start : start + query.n],
        "next_page_token": str(start + query.n) if more else None,
    }


@api.get("/v1/users/<path:id>/history", tag="users", problems=(400, 503))
def user_history(id: str, query: HistoryQuery) -> UserHistory:
    """List what a user did, newest first, with what the journal got just now."""
    return answers.history(fresh().recommender, id, query)


@api.post("/v1/events", tag="events", problems=(400, 503), status=HTTPStatus.ACCEPTED)
def accept_events(body: EventsRequest) -> Acknowledgement:
    """Tell what users did: one event, or a list of up to 1000 of which all are accepted or none.

    The answer comes when the events are on disk. They count at the next request, of every worker.
    """
    found = engine()
    acknowledged = events.accept(body, fresh(), found.journal)
    metrics.EVENTS.labels("accepted").inc(acknowledged["accepted"])
    metrics.EVENTS.labels("duplicate").inc(acknowledged["duplicates"])
    return acknowledged


@api.get("/v1/catalog", tag="catalog", problems=(503,))
def catalog() -> Catalog:
    """Say what is recommended, to whom, and what users can do, in the words of the ontology."""
    return answers.catalog(fresh().recommender)


@api.get("/v1/models", tag="catalog", problems=(503,))
def models() -> Models:
    """List the trained bundles."""
    found = engine()
    return {"models": bundles.describe(found.workspace, found.version)}


@api.get("/livez", tag="operations")
def livez() -> Health:
    """Answer that the process runs."""
    return {"status": "alive"}


@api.get("/readyz", tag="operations", problems=(503,))
def readyz() -> Health:
    """Answer that requests can be answered: a bundle is open and warm."""
    engine().serving()
    return {"status": "ready"}


@api.get("/metrics", tag="operations", problems=(503,), media_type="text/plain")
def prometheus() -> Response:
    """Give the metrics of all workers, for Prometheus."""
    return metrics.exposition(engine())


@api.get("/openapi.json", tag="operations")
def openapi() -> Response:
    """Give this document (OpenAPI 3.1)."""
    return Response(_document(), mimetype=JSON)


@cache
def _document() -> bytes:
    return orjson.dumps(document(api.operations))


def writing() -> tuple[Serving, Journal]:
    """What a change is checked against, and where it goes. Raises ForbiddenError, NotReadyError."""
    found = engine()
    check_write(request, found.settings)
    try:
        return fresh(), found.journal
    except NotReadyError as error:
        raise NotReadyError(f"{error}; until then items come with files: POST /v1/ingest/jobs") from error


def _item(id: str) -> tuple[Item, dict[str, str]]:
    """The item, and the headers of an answer with it."""
    recommender = fresh().recommender
    found = recommender.item(id)
    return answers.item(recommender, found), conditions.headers(found)


def _answer(answer: Answer) -> Recommendations:
    metrics.RECOMMENDED.labels(str(answer.cold).lower()).inc()
    for part in answer.degraded:
        metrics.DEGRADED.labels(part).inc()
    return answers.recommendations(answer, perf_counter() - g.started)


def _check(serving: Serving, keys: Sequence[str], *, pointer: str = "", parameter: str = "") -> None:
    """Refuse keys that are no items, each at its place."""
    unknown = [(i, key) for i, key in enumerate(keys) if not serving.recommender.live.items.mentioned(key)]
    parts: list[ProblemPart] = []
    for i, key in unknown:
        detail = f"{key!r} is not an item of this catalog"
        parts.append(
            {"detail": detail, "pointer": f"{pointer}/{i}"} if pointer else {"detail": detail, "parameter": parameter}
        )
    if parts:
        raise RequestError(parts)


def _check_filter(serving: Serving, text: str | None, *, pointer: str = "", parameter: str = "") -> None:
    """Refuse a filter that is wrong, at its place."""
    try:
        if text is not None:
            serving.recommender.filters.compiled(text)
    except FilterError as error:
        place: ProblemPart = {"pointer": pointer} if pointer else {"parameter": parameter}
        raise RequestError([{"detail": str(error), **place}]) from error
