"""The mapping language as a JSON Schema, for editors and for other programs: `docs/mapping.schema.json`.

It refuses what the models refuse, but for what needs more than the text: whether a pattern or a date format is one, and
whether the ontology has the names.
"""

from collections.abc import Iterator
from typing import Any

from kg.mapping import Mapping

Schema = dict[str, Any]


def mapping_schema() -> Schema:
    """The schema of a mapping file."""
    schema = _tidy(Mapping.model_json_schema(by_alias=True))
    definitions = schema["$defs"]
    for name, rules in _BETWEEN_KEYS.items():
        definitions[name]["allOf"] = rules
    for name, places in _RESTRICTED.items():
        for place, forbidden in places.items():
            properties = definitions[name]["properties"]
            properties[place] = {"allOf": [properties[place], _none_of(*forbidden)]}
    definitions["Cell"]["properties"]["template"]["pattern"] = r"^[^{}]*(\{[^{}]+\}[^{}]*)+$"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:kgrec:mapping",
        **schema,
        "title": "kgrec mapping",
        "description": "How the columns of catalog files become entities, triples and interactions: *.mapping.yaml",
    }


def _has(key: str) -> Schema:
    return {"required": [key]}


def _lists(key: str) -> Schema:
    """The key is there, and has something in it."""
    return {"required": [key], "properties": {key: {"minItems": 1}}}


def _none_of(*keys: str) -> Schema:
    return {"not": {"anyOf": [{"type": "object", "required": [key]} for key in keys]}}


_SAYS = [_has("entity"), _lists("triples"), _lists("interactions")]
_SKIPS = {"required": ["skip"], "properties": {"skip": {"const": True}}}
_WHEN = {"required": ["when"], "properties": {"when": {"minProperties": 1}}}
_HEADS = {
    "if": {"not": _has("entity")},
    "then": {"properties": {"triples": {"items": {"required": ["head"]}}}},
}
_BETWEEN_KEYS: dict[str, list[Schema]] = {
    "Cell": [
        {"oneOf": [_has("column"), _has("constant"), _has("template")]},
        {"if": _has("constant"), "then": {"maxProperties": 1}},
        {"not": {"required": ["unit", "format"]}},
    ],
    "Time": [{"oneOf": [_has("unit"), _has("format")]}],
    "OneOfRules": [{"oneOf": [{"anyOf": _SAYS}, _SKIPS]}, _HEADS],
    "FileRule": [{"oneOf": [{"anyOf": _SAYS}, _lists("rules")]}, {"not": {"allOf": [_lists("rules"), _WHEN]}}, _HEADS],
}
"""Definition -> what holds between its keys; the validators of the models say the same."""

_NUMBERS_AND_DATES = ("decimal", "factor", "unit", "format")
_RESTRICTED: dict[str, dict[str, tuple[str, ...]]] = {
    "EntityRule": {"key": _NUMBERS_AND_DATES},
    "Reference": {"key": _NUMBERS_AND_DATES},
    "InteractionRule": {
        "id": _NUMBERS_AND_DATES,
        "value": ("unit", "format"),
        "user": ("split", "create"),
        "item": ("split", "create"),
    },
}
"""Definition -> place in it -> the keys that are not for there."""


def _tidy(value: Any) -> Any:
    """Without titles, without defaults that say nothing, and without null: a key that is not needed is left out."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "anyOf" in value and {"type": "null"} in value["anyOf"]:
        rest = [branch for branch in value["anyOf"] if branch != {"type": "null"}]
        value = {**value, **rest[0]} if len(rest) == 1 else {**value, "anyOf": rest}
        if len(rest) == 1:
            del value["anyOf"]
    return dict(_tidy_keys(value))


def _tidy_keys(value: Schema) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if key in ("properties", "$defs"):
            yield key, {name: _tidy(schema) for name, schema in item.items()}
        elif key == "default" and isinstance(item, dict):
            # The default of a cell, with all that it does not say.
            yield key, {name: said for name, said in item.items() if said is not None}
        elif key != "title" and not (key == "default" and item is None):
            yield key, _tidy(item)
