"""From the values of the recommender to what the API gives."""

from embed.bundle import Bundle
from ontology.model import ITEM, USER
from retrieval import answer as values
from retrieval.items import LiveItem
from retrieval.recommend import Recommender
from service.types import (
    Catalog,
    ClassLabel,
    Explanation,
    HistoryQuery,
    Item,
    Node,
    Recommendation,
    Recommendations,
    Step,
    UserHistory,
)


def recommendations(answer: values.Answer, took_s: float) -> Recommendations:
    """The answer to a question, and how long it took."""
    return {
        "recommendation_id": answer.recommendation_id,
        "items": [_recommendation(r) for r in answer.recommendations],
        "cold": answer.cold,
        "model": {"version": answer.bundle_version},
        "graph_version": answer.graph_version,
        "degraded": list(answer.degraded),
        "took_ms": round(1000 * took_s, 3),
    }


def item(recommender: Recommender, found: LiveItem) -> Item:
    """An item, with what is known of it."""
    return {
        "class": found.ref.cls,
        "id": found.ref.key,
        "name": found.name,
        "properties": dict(found.properties),
        "relations": [_step(s) for s in recommender.steps(found)],
        "recommendable": recommender.live.item_number(found.ref.key) is not None,
        "model": {"version": recommender.bundle.version},
    }


def history(recommender: Recommender, user: str, query: HistoryQuery) -> UserHistory:
    """What a user did, newest first."""
    found = [(key, liked) for key, liked in recommender.live.activity(user)[::-1] if liked or not query.liked]
    items = recommender.live.items
    return {
        "user": user,
        "items": [{"id": key, "name": items.label(key), "liked": liked} for key, liked in found[: query.n]],
        "n_items": len(found),
    }


def catalog(recommender: Recommender) -> Catalog:
    """What is recommended, to whom, and what users can do, in the words of the ontology."""
    bundle = recommender.bundle
    entities = bundle.catalog
    users = slice(entities.n_items, entities.n_items + entities.n_users)
    return {
        "item": _label(bundle, slice(0, entities.n_items), ITEM),
        "user": _label(bundle, users, USER),
        "events": [
            {"relation": r.name, "label": r.label, "positive_from": r.positive_from, "repeats": r.repeats}
            for r in bundle.ontology.interactions()
        ],
        "classes": {name: found.label for name, found in bundle.ontology.classes.items()},
        "relations": {name: found.label for name, found in bundle.ontology.relations.items()},
        "properties": {name: found.label for name, found in bundle.ontology.properties.items()},
        "n_items": recommender.live.items.count(),
        "n_users": entities.n_users,
        "model": {"version": bundle.version},
    }


def _label(bundle: Bundle, part: slice, otherwise: str) -> ClassLabel:
    """The class of a part of the entities when it is one class, otherwise the class that all of them are."""
    used = set(bundle.catalog.entity_class[part].tolist())
    name = bundle.catalog.classes[used.pop()] if len(used) == 1 else otherwise
    return {"class": name, "label": bundle.ontology.classes[name].label}


def _recommendation(value: values.Recommendation) -> Recommendation:
    return {
        "id": value.id,
        "name": value.name,
        "score": value.score,
        "rank": value.rank,
        "sources": list(value.sources),
        "properties": dict(value.properties),
        "explanation": None if value.explanation is None else _explanation(value.explanation),
    }


def _explanation(value: values.Explanation) -> Explanation:
    return {
        "text": value.text,
        "path": [_step(s) for s in value.path],
        "cypher": value.cypher,
        "parameters": dict(value.parameters),
    }


def _step(value: values.Step) -> Step:
    return {
        "start": _node(value.start),
        "relation": value.relation,
        "end": _node(value.end),
        "inverse": value.inverse,
        "label": value.label,
    }


def _node(value: values.Node) -> Node:
    return {"class": value.cls, "id": value.key, "name": value.name}
