"""What is said of an item: all that its content vector is composed from. No interaction is part of it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from embed.adjacency import Adjacency
from kg.snapshot import Snapshot
from ontology.model import ITEM, Ontology

Kinds = Mapping[str, str]
"""What each class of items says of them."""

NAMES = 200
"""So many names of what an item is joined to count as its text: an item that joins everything is about nothing."""


@dataclass(frozen=True)
class Said:
    """`joined` are the numbers of the entities that triples join the item to, in either direction, each once.

    `relations` says how many triples there are of each signed relation (see Adjacency).
    """

    properties: Mapping[str, object]
    joined: tuple[int, ...]
    relations: Mapping[int, int]
    text: str


def text_of(properties: Mapping[str, object], names: Iterable[str], kind: str = "") -> str:
    """The text of an item: its properties that are text, what its class says, and the names of what it is joined to.

    An address (`https://…`) says where something is, not what.
    """
    own = (value for _, value in sorted(properties.items()) if isinstance(value, str) and "://" not in value)
    return " \n".join([*own, *([kind] if kind else []), *sorted(names)[:NAMES]])


def kinds_of(ontology: Ontology, classes: Sequence[str], entity_class: NDArray[np.int16]) -> Kinds:
    """The labels of each class of items and of all that it is a kind of; items int16 (I,) have these of the `classes`.

    What all of those are a kind of says nothing of an item, and is left out.
    """
    above = {cls: ontology.ancestors(cls) for cls in ontology.kinds_of(ITEM)}
    every = set.intersection(*(set(above[classes[cls]]) for cls in np.unique(entity_class)))
    return {
        cls: " ".join(ontology.classes[name].label for name in names if name not in every)
        for cls, names in above.items()
    }


def said_in(snapshot: Snapshot, graph: Adjacency, kinds: Kinds = MappingProxyType({})) -> Iterator[Said]:
    """What a snapshot says of each item, in order of their numbers; classes that are not in `kinds` say nothing."""
    for item in range(snapshot.n_items):
        neighbours, relations = graph.row(item)
        properties = json.loads(snapshot.properties[item])
        names = (snapshot.names[entity] for entity in neighbours.tolist())
        joined = tuple(dict.fromkeys(neighbours.tolist()))
        kind = kinds.get(snapshot.classes[snapshot.entity_class[item]], "")
        yield Said(properties, joined, Counter(relations.tolist()), text_of(properties, names, kind))
