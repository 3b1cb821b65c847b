"""What the API takes and gives where items are changed (see service/types.py)."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema
from typing_extensions import TypedDict

from service.types import MAX_KEYS, Body, Item, Key, documented


def _operation_form(operation: Any) -> str:
    """Which form an operation of a batch has; one that is none is told what a put needs."""
    op = operation.get("op") if isinstance(operation, dict) else getattr(operation, "op", None)
    return f"({op})" if op in ("put", "patch", "delete") else "(put)"


Scalar = Annotated[Any, WithJsonSchema({"type": ["string", "number", "boolean"]})]
Nullable = Annotated[Any, WithJsonSchema({"type": ["string", "number", "boolean", "null"]})]
"""Checked against the ontology, which knows more than this document: what is wrong is said in its words."""


class EntityRef(Body):
    """An entity by class and key."""

    cls: Key = Field(alias="class")
    """Its class in the ontology."""
    key: Key
    """Its key in that class."""


KEY, ENTITY = "(key)", "(entity)"
Tail = Annotated[
    Annotated[Key, Tag(KEY)] | Annotated[EntityRef, Tag(ENTITY)],
    Discriminator(lambda tail: ENTITY if isinstance(tail, dict) else KEY),
]
"""What a relation leads to: a key, where the ontology leaves one class for it, or an object with class and key."""
Tails = Annotated[list[Tail], Field(max_length=MAX_KEYS)]


class ItemBody(Body):
    """A whole item: what is not named is removed."""

    cls: Key | None = Field(default=None, alias="class")
    """Its class; may be left out where the ontology has one class of items, or where the item exists."""
    properties: dict[str, Scalar] = Field(default_factory=dict)
    """Its properties by name; numbers and booleans as such, dates as ISO 8601 texts."""
    relations: dict[str, Tails] = Field(default_factory=dict)
    """What it is joined to: relation -> entities that exist."""


class ItemPatch(Body):
    """What changes of an item (a JSON merge patch): what is not named stays."""

    cls: Key | None = Field(default=None, alias="class")
    """Its class, which cannot be changed."""
    properties: dict[str, Nullable] = Field(default_factory=dict)
    """Properties to set; null removes one."""
    relations: dict[str, Tails | None] = Field(default_factory=dict)
    """Relations to replace, each as a whole; null or an empty list removes all of it."""


class PutOperation(ItemBody):
    """Write a whole item."""

    op: Literal["put"]
    id: str
    """Its key."""


class PatchOperation(ItemPatch):
    """Change an item."""

    op: Literal["patch"]
    id: str
    """Its key."""


class DeleteOperation(Body):
    """Delete an item."""

    op: Literal["delete"]
    id: str
    """Its key."""


class BatchRequest(Body):
    """Operations that are done in this order: all of them, or none. Each may rest on those before it."""

    operations: Annotated[
        list[
            Annotated[
                Annotated[PutOperation, Tag("(put)")]
                | Annotated[PatchOperation, Tag("(patch)")]
                | Annotated[DeleteOperation, Tag("(delete)")],
                Discriminator(_operation_form),
            ]
        ],
        Field(min_length=1, max_length=MAX_KEYS),
    ]
    """What to do; `op` is put, patch or delete."""


@documented
class EditedItem(Item):
    """An item as it is after an edit."""

    warnings: dict[str, int]
    """What shapes of the ontology warn of, as the report of a load has it: `Class.name rule` -> how often."""


@documented
class BatchDone(TypedDict):
    """What is on disk now, and counts at the next request."""

    done: int
    """How many operations."""
    created: int
    """How many of them made an item."""
    warnings: dict[str, int]
    """What shapes of the ontology warn of, as the report of a load has it: `Class.name rule` -> how often."""
