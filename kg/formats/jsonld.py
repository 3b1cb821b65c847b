"""JSON-LD as small documents, one a node, with the context of schema.org from here. No other context is fetched."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kg.formats.jsontext import Element, JsonText
from kg.formats.limits import MAX_DEPTH
from kg.formats.source import Input
from ontology.errors import InputError

_SCHEMA_ORG = re.compile(r"(https?:)?//(www\.)?schema\.org(/(docs/jsonldcontext\.json(ld)?)?)?", re.IGNORECASE)
_CONTEXT = {
    "type": "@type",
    "id": "@id",
    "@vocab": "http://schema.org/",
    "schema": "http://schema.org/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""What the context at https://schema.org says, but for the types of its values: all of them are text here."""


@dataclass(frozen=True)
class Document:
    """A node with its context, as JSON-LD text; or why it is none (rule, reason). `record` counts from 1."""

    record: int
    text: str
    shown: str
    wrong: tuple[str, str] = ("", "")


class _RemoteContextError(ValueError):
    """Names a context that would have to be fetched."""


def documents(source: Input, encoding: str) -> Iterator[Document]:
    """The nodes of an array, of a @graph, or the only one. Raises InputError."""
    text = JsonText(source, encoding, exact=True)
    if text.next() == "[":
        for record, element in enumerate(text.elements(), 1):
            yield _document(record, element, None)
    else:
        yield from _of_object(text)
    text.end()


def _of_object(text: JsonText) -> Iterator[Document]:
    outer: dict[str, Any] = {}
    record = 0
    for key in text.members():
        if key == "@graph" and text.next() == "[" and not outer.keys() - {"@context"}:
            context = _local_of(text.source.name, outer.get("@context"))
            for record, element in enumerate(text.elements(), 1):
                yield _document(record, element, context)
        elif record and key == "@context":
            raise InputError(f"{text.source.name} has its @context behind its @graph; put it first")
        else:
            member = text.value()
            if member.wrong is not None:
                raise InputError(f"{text.source.name}: {member.wrong} at {key!r}")
            outer[key] = member.value
    if outer.keys() - {"@context"}:
        context = _local_of(text.source.name, outer.pop("@context", None))
        yield _document(record + 1, Element(outer, json.dumps(outer)), context)


def _local_of(file: str, context: Any) -> Any:
    try:
        return _local_context(context)
    except _RemoteContextError as error:
        raise InputError(f"{file} {error}") from error


def _document(record: int, element: Element, context: Any) -> Document:
    if element.wrong is not None:
        return Document(record, "", element.text, (element.wrong.rule, str(element.wrong)))
    if not isinstance(element.value, dict):
        return Document(record, "", element.text, ("not-an-object", "is not a JSON object"))
    try:
        value = _local(element.value, MAX_DEPTH)
    except _RemoteContextError as error:
        return Document(record, "", element.text, ("remote-context", str(error)))
    except RecursionError:
        return Document(record, "", element.text, ("nested-too-deep", f"is nested more than {MAX_DEPTH} deep"))
    whole = value if context is None else {"@context": context, "@graph": [value]}
    return Document(record, json.dumps(whole, ensure_ascii=False), element.text)


def _local(value: Any, depth: int) -> Any:
    """The same with every context from here."""
    if depth == 0:
        raise RecursionError
    if isinstance(value, dict):
        return {k: _local_context(v) if k == "@context" else _local(v, depth - 1) for k, v in value.items()}
    return [_local(item, depth - 1) for item in value] if isinstance(value, list) else value


def _local_context(context: Any) -> Any:
    if isinstance(context, list):
        return [_local_context(part) for part in context]
    if isinstance(context, str):
        if not _SCHEMA_ORG.fullmatch(context):
            raise _RemoteContextError(
                f"has the context {context!r}; none is ever fetched, and https://schema.org alone is known: "
                "put the terms of the context in the place of its address"
            )
        return _CONTEXT
    if isinstance(context, dict):
        if "@import" in context:
            return _local_context(str(context["@import"]))
        return {k: _local(v, MAX_DEPTH) if isinstance(v, dict) else v for k, v in context.items()}
    return context
