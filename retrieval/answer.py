"""What is asked and what is answered: each step of the way makes a new value."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Query:
    """Who asks and for how much. `history` are keys of liked items, newest last; it is used when the user has none.

    `seen` are those of all items that were met, liked or not, newest last; what is in `history` alone counts as newer.
    Where an interaction `repeats`, what is in `history` may come back, and is named there as often as it was met.

    `filter` is a text (docs/filters.md): only what matches it comes back.
    """

    user: str | None = None
    history: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    n: int = 10
    exclude: tuple[str, ...] = ()
    explain: bool = True
    filter: str | None = None


@dataclass(frozen=True)
class Node:
    """An entity as a person reads it."""

    cls: str
    key: str
    name: str


@dataclass(frozen=True)
class Step:
    """One triple of a path. It is walked from `start` to `end`; the triple's head is `start` unless `inverse`."""

    start: Node
    relation: str
    end: Node
    inverse: bool
    label: str
    """The relation in words, read from `start` to `end`."""


@dataclass(frozen=True)
class Explanation:
    """Why an item was recommended: a path of triples from the history to the item that exists in the graph.

    An item without such a path has an empty `path` and no `cypher`, and `text` says so.
    `cypher` with `parameters` returns the same path from the graph store.
    """

    text: str
    path: tuple[Step, ...] = ()
    cypher: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Recommendation:
    """An item, its place, and why. `sources` are the candidate sources that found it."""

    id: str
    name: str
    rank: int
    score: float
    sources: tuple[str, ...]
    properties: Mapping[str, object]
    explanation: Explanation | None = None


@dataclass(frozen=True)
class Answer:
    """Recommendations, best first. `cold` says that they rest on no history; `degraded` names what was missing."""

    recommendation_id: str
    recommendations: tuple[Recommendation, ...]
    bundle_version: str
    graph_version: str
    cold: bool = False
    degraded: tuple[str, ...] = ()
