"""Edits that are done only where an item is as their client knows it: `If-Match` and `If-None-Match` (RFC 9110, 13.1).

The tag of an item is that of what `PUT` writes: its class, its properties, and what it says of others. Where it can be
recommended, or what others say of it, is not part of it: an edit does not rest on that.
"""

import hashlib
from dataclasses import dataclass
from typing import Self

import orjson
from flask import Request
from werkzeug.datastructures import ETags

from kg.formats.encoding import shown
from ontology.errors import ConflictError
from retrieval.items import LiveItem


@dataclass(frozen=True)
class Condition:
    """What has to hold for an edit; None where nothing is asked."""

    match: ETags | None = None
    none_match: ETags | None = None

    @classmethod
    def of(cls, request: Request) -> Self:
        """The conditions of a request. A header without a tag that can be read is one that never holds."""
        return cls(
            request.if_match if "If-Match" in request.headers else None,
            request.if_none_match if "If-None-Match" in request.headers else None,
        )

    @property
    def holds_always(self) -> bool:
        """Whether nothing is asked."""
        return self.match is None and self.none_match is None

    def check(self, key: str, item: LiveItem | None) -> None:
        """Raise ConflictError unless an edit of the item with this key, None where there is none, may be done."""
        if self.match is not None and not (item and tag(item) in self.match):
            found = "was changed since it was read" if item else "is not there any more"
            raise ConflictError(f"item {shown(key)!r} {found}; get it again, and decide anew")
        if self.none_match is not None and item and self.none_match.contains_weak(tag(item)):
            raise ConflictError(f"item {shown(key)!r} is there already; get it, and decide whether to replace it")


def tag(item: LiveItem) -> str:
    """What changes with what the item says; the same in every worker."""
    said = {
        "class": item.ref.cls,
        "properties": dict(item.properties),
        "relations": {name: sorted(map(list, tails)) for name, tails in item.relations.items() if tails},
    }
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def headers(item: LiveItem) -> dict[str, str]:
    """Those of an answer that describes an item."""
    return {"ETag": f'"{tag(item)}"'}
