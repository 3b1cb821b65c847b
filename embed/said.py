"""What is said of an item: all that its content vector is composed from. No interaction is part of it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from embed.adjacency import Adjacency
from kg.snapshot import Snapshot

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


def text_of(properties: Mapping[str, object], names: Iterable[str]) -> str:
    """The text of an item: its properties that are text, and the names of what it is joined to.

    An address (`https://…`) says where something is, not what.
    """
    own = (value for _, value in sorted(properties.items()) if isinstance(value, str) and "://" not in value)
    return " \n".join([*own, *sorted(names)[:NAMES]])


def said_in(snapshot: Snapshot, graph: Adjacency) -> Iterator[Said]:
    """What a snapshot says of each item, in order of their numbers."""
    for item in range(snapshot.n_items):
        neighbours, relations = graph.row(item)
        properties = json.loads(snapshot.properties[item])
        names = (snapshot.names[entity] for entity in neighbours.tolist())
        joined = tuple(dict.fromkeys(neighbours.tolist()))
        yield Said(properties, joined, Counter(relations.tolist()), text_of(properties, names))
