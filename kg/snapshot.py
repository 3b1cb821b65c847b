"""The graph as arrays: what everything is learned from. A snapshot is named by the digest of what it holds."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kg.progress import Progress, silent
from kg.triples import Entity, Interaction
from ontology.errors import NotReadyError
from ontology.model import ITEM, USER, Ontology


@dataclass(frozen=True)
class Interactions:
    """What users did, sorted by user, time, item: parallel arrays of length m.

    `user` int32 counts from 0 among the users, `item` int32 is the item's entity number, `kind` int16 numbers the
    ontology's interaction relations in order of name, `value` float32, `at` int64 epoch milliseconds,
    `positive` bool.
    """

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    kind: NDArray[np.int16]
    value: NDArray[np.float32]
    at: NDArray[np.int64]
    positive: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.user)

    def where(self, mask: NDArray[np.bool_]) -> "Interactions":
        """The interactions that the bool mask of length m selects."""
        return Interactions(**{name: array[mask] for name, array in vars(self).items()})


@dataclass(frozen=True)
class Snapshot:
    """Entities in the order items, users, all others; each part is sorted by class and key.

    `entity_class` int16 (n,) numbers `classes`; `triples` int32 (t, 3) holds head, relation, tail: the knowledge,
    without the interactions; `relations` are its relation names.
    """

    classes: tuple[str, ...]
    entity_class: NDArray[np.int16]
    keys: tuple[str, ...]
    names: tuple[str, ...]
    properties: tuple[str, ...]
    n_items: int
    n_users: int
    relations: tuple[str, ...]
    triples: NDArray[np.int32]
    interactions: Interactions
    digest: str


class Readable(Protocol):
    """The part of a graph store that a snapshot reads."""

    def entities(self, cls: str) -> Iterator[Entity]:
        """All entities of exactly this class."""

    def triples(self, relation: str) -> Iterator[tuple[str, str, str, str]]:
        """All triples of a relation: head class, head key, tail class, tail key."""

    def interactions(self, relation: str) -> Iterator[Interaction]:
        """All interactions of a kind."""


def snapshot(store: Readable, ontology: Ontology, progress: Progress = silent) -> Snapshot:
    """Read the whole graph, one class and one relation at a time; only the columns are kept in memory.

    Raises NotReadyError if the graph holds no items.
    """
    progress("read entities", 0, 3)
    classes, entities, n_items, n_users = _read_entities(store, ontology)
    if not n_items:
        raise NotReadyError("the graph holds no items: load a catalog with `kg ingest` first")
    number = {(e[0], e[1]): i for i, e in enumerate(entities)}
    relations = tuple(r.name for r in ontology.knowledge())
    progress("read triples", 1, 3)
    triples = _read_triples(store, relations, number)
    progress("read interactions", 2, 3)
    interactions = _read_interactions(store, ontology, number, n_items)
    class_number = {c: i for i, c in enumerate(classes)}
    columns: dict[str, Any] = {
        "classes": classes,
        "entity_class": np.array([class_number[e[0]] for e in entities], np.int16),
        "keys": tuple(e[1] for e in entities),
        "names": tuple(e[2] for e in entities),
        "properties": tuple(e[3] for e in entities),
        "n_items": n_items,
        "n_users": n_users,
        "relations": relations,
        "triples": triples,
        "interactions": interactions,
    }
    return Snapshot(**columns, digest=_digest(columns))


def digest_of(snapshot: Snapshot) -> str:
    """What its digest has to be by what it holds."""
    return _digest({name: value for name, value in vars(snapshot).items() if name != "digest"})


EntityRow = tuple[str, str, str, str]  # class, key, display name, properties as JSON


def _read_entities(store: Readable, ontology: Ontology) -> tuple[tuple[str, ...], list[EntityRow], int, int]:
    items, users = set(ontology.kinds_of(ITEM)), set(ontology.kinds_of(USER))
    classes = tuple(sorted(ontology.classes))

    def part(chosen: Iterable[str]) -> list[EntityRow]:
        return sorted(_entity_row(e) for cls in chosen for e in store.entities(cls))

    item_rows, user_rows = part(items), part(users)
    others = part(c for c in classes if c not in items | users)
    return classes, item_rows + user_rows + others, len(item_rows), len(user_rows)


def _entity_row(entity: Entity) -> EntityRow:
    properties = {k: v for k, v in entity.properties.items() if k != "id"}
    text = json.dumps(properties, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return entity.cls, entity.key, str(properties.get("name", entity.key)), text


def _read_triples(store: Readable, relations: tuple[str, ...], number: dict[tuple[str, str], int]) -> NDArray[np.int32]:
    parts = [np.empty((0, 3), np.int32)]
    for r, relation in enumerate(relations):
        rows = ((number[hc, hk], r, number[tc, tk]) for hc, hk, tc, tk in store.triples(relation))
        flat = np.fromiter((x for row in rows for x in row), np.int32)
        parts.append(np.unique(flat.reshape(-1, 3), axis=0))
    triples = np.concatenate(parts)
    return triples[np.lexsort((triples[:, 2], triples[:, 0], triples[:, 1]))]


_INTERACTION = np.dtype(
    [("user", "i4"), ("item", "i4"), ("kind", "i2"), ("value", "f4"), ("at", "i8"), ("positive", "?")]
)


def _read_interactions(
    store: Readable, ontology: Ontology, number: dict[tuple[str, str], int], n_items: int
) -> Interactions:
    parts = [np.empty(0, _INTERACTION)]
    for kind, relation in enumerate(ontology.interactions()):
        threshold = -np.inf if relation.positive_from is None else relation.positive_from
        rows = (
            (number[i.user] - n_items, number[i.item], kind, i.value, i.at, i.value >= threshold)
            for i in store.interactions(relation.name)
        )
        parts.append(np.fromiter(rows, _INTERACTION))
    rows_ = np.concatenate(parts)
    rows_.sort(order=["user", "at", "item", "kind"])
    return Interactions(**{name: np.ascontiguousarray(rows_[name]) for name in _INTERACTION.names or ()})


def _digest(columns: dict[str, Any]) -> str:
    """SHA-256 over every column in a fixed order, as 64 hexadecimal digits."""
    sha = hashlib.sha256()
    for name, value in columns.items():
        sha.update(name.encode())
        if isinstance(value, np.ndarray):
            sha.update(value.tobytes())
        elif isinstance(value, Interactions):
            for array in vars(value).values():
                sha.update(array.tobytes())
        else:
            sha.update(json.dumps(value, ensure_ascii=False).encode())
    return sha.hexdigest()
