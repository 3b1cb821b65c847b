"""What the API takes and gives: the one source for validation and for the OpenAPI document.

Requests are strict models: an unknown field or a number in quotes is an error. Answers are typed dictionaries, which
cost nothing at run time; the tests hold the running server to them.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, with_config
from typing_extensions import TypedDict

documented = with_config(use_attribute_docstrings=True)
"""The docstrings of fields become descriptions in the OpenAPI document."""
MAX_KEYS = 1000
YEAR_9999_MS = 253_402_300_799_999

Key = Annotated[str, Field(min_length=1, max_length=512)]
Keys = Annotated[tuple[Key, ...], Field(max_length=MAX_KEYS)]
WholeHistory = Annotated[tuple[Key, ...], Field(max_length=10_000)]
"""As much as somebody does in a lifetime; a body is bounded by KG_MAX_BODY besides."""
Count = Annotated[int, Field(ge=1, le=200)]
Filter = Annotated[str, Field(examples=['genre is_a "Crime" and year >= 1990'])]
"""Read by `retrieval/filter_text.py`, which says what is wrong with one and where."""


class QueryString(BaseModel):
    """Parameters after the question mark; a list is given by repeating its name."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Body(BaseModel):
    """A JSON body, taken literally: no conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class RecommendationsQuery(QueryString):
    """How many, and what not."""

    n: Count = 10
    """How many items to recommend; fewer come only where fewer exist."""
    exclude: Keys = ()
    """Items that must not be recommended."""
    explain: bool = True
    """Whether to explain each recommendation."""
    history: Keys = ()
    """Items that a user who is not known yet liked, newest last; not used for a known one.

    `POST /v1/recommendations` takes what was seen and not liked, too.
    """
    filter: Filter | None = None
    """What the recommended items have to be like, as `genre is_a "Crime" and year >= 1990`.

    docs/filters.md has the grammar.
    """


class SimilarQuery(QueryString):
    """How many, and of which."""

    n: Count = 10
    """How many similar items to give."""
    filter: Filter | None = None
    """What the items have to be like, as `genre is_a "Crime" and year >= 1990`.

    docs/filters.md has the grammar.
    """


class HistoryQuery(QueryString):
    """How much of it."""

    n: Count = 20
    """How many items to give, the newest."""
    liked: bool = False
    """Whether to give liked items only."""


class PageQuery(QueryString):
    """A search, and which page of it."""

    q: Annotated[str, Field(max_length=200)] = ""
    """What to look for; case and accents do not matter."""
    n: Count = 20
    """How many to give at most."""
    page_token: Annotated[str, Field(pattern=r"^\d{0,9}$")] = ""
    """`next_page_token` of the answer before."""


class SearchQuery(PageQuery):
    """A search among items that are like this."""

    filter: Filter | None = None
    """What the items have to be like, as `genre is_a "Crime" and year >= 1990`.

    docs/filters.md has the grammar.
    """


class RecommendationsRequest(Body):
    """Recommendations for a history."""

    history: WholeHistory = ()
    """Items that were liked, newest last."""
    seen: WholeHistory = ()
    """All items that were met, liked or not, newest last: with `history`, they say what is liked next.

    None of them comes back, unless `history` has it, too, and the ontology has an interaction that repeats. What is in
    `history` alone counts as newer than all of these.
    """
    n: Count = 10
    """How many items to recommend."""
    exclude: WholeHistory = ()
    """Items that must not be recommended."""
    explain: bool = True
    """Whether to explain each recommendation."""
    filter: Filter | None = None
    """What the recommended items have to be like, as `genre is_a "Crime" and year >= 1990`.

    docs/filters.md has the grammar.
    """


class RankRequest(Body):
    """Items to put in the order in which they suit a user."""

    items: Annotated[tuple[Key, ...], Field(min_length=1, max_length=MAX_KEYS)]
    """The items to rank, each at most once."""
    user: Key | None = None
    """Whom the order is for."""
    history: WholeHistory = ()
    """Items that were liked, newest last; used, as is `seen`, when the user is not given or not known."""
    seen: WholeHistory = ()
    """All items that were met, liked or not, newest last; what is in `history` alone counts as newer."""
    explain: bool = True
    """Whether to explain each place."""


class EventRequest(Body):
    """Something that a user did with an item."""

    user: Key
    """Who did it; a new user is welcome."""
    item: Key
    """With which item."""
    relation: Key | None = None
    """What was done (see `/v1/catalog`); may be left out where only one thing can be done."""
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """How much, for example the stars of a rating; left out: as much as a liking needs."""
    at: Annotated[int, Field(ge=0, le=YEAR_9999_MS)] | None = None
    """When, in milliseconds since 1970 (UTC); left out: now."""
    id: Key | None = None
    """Your own id makes a retry harmless: an id that is there already is counted as a duplicate."""


ONE, MANY = "(one)", "(many)"
"""Tags of the two forms of a body; in parentheses, so that a JSON pointer leaves them out."""

EventsRequest = Annotated[
    Annotated[EventRequest, Tag(ONE)]
    | Annotated[list[EventRequest], Field(min_length=1, max_length=MAX_KEYS), Tag(MANY)],
    Discriminator(lambda body: MANY if isinstance(body, list) else ONE),
]
"""One event, or a list of events of which all are accepted or none."""


@documented
class Node(TypedDict("_Node", {"class": str})):
    """An entity of the graph."""

    id: str
    name: str


@documented
class Step(TypedDict):
    """One triple, walked from `start` to `end`; the triple's head is `start` unless `inverse`."""

    start: Node
    relation: str
    end: Node
    inverse: bool
    label: str
    """The relation in words, read from `start` to `end`."""


@documented
class Explanation(TypedDict):
    """Why: a path of triples from the history to the item. It is empty where none exists, and `text` says so."""

    text: str
    path: list[Step]
    cypher: str | None
    """The query that returns the same path from the graph store, with `parameters`."""
    parameters: dict[str, str]


@documented
class Recommendation(TypedDict):
    """An item, its place, and why."""

    id: str
    name: str
    score: float
    """Larger is better; comparable within one answer only."""
    rank: int
    """From 1."""
    sources: list[str]
    """The candidate sources that found it."""
    properties: dict[str, object]
    explanation: Explanation | None


@documented
class Model(TypedDict):
    """The bundle that answered."""

    version: str


@documented
class Recommendations(TypedDict):
    """Recommendations, best first."""

    recommendation_id: str
    items: list[Recommendation]
    cold: bool
    """Whether they rest on no history: then they are what is popular with everybody."""
    model: Model
    graph_version: str
    """The snapshot of the graph that the model was trained on."""
    degraded: list[str]
    """What was missing while this was answered; empty when all is well."""
    took_ms: float


@documented
class Item(TypedDict("_Item", {"class": str})):
    """An item, and what the graph says of it."""

    id: str
    name: str
    properties: dict[str, object]
    relations: list[Step]
    """The triples that it is part of, each walked from the item."""
    recommendable: bool
    """Whether it can be recommended. A new item can at once: the model composes it from what is said of it."""
    model: Model


class ItemName(TypedDict):
    """An item by id and name."""

    id: str
    name: str


@documented
class Items(TypedDict):
    """Items whose name holds what was searched for: names that begin with it first."""

    items: list[ItemName]
    next_page_token: str | None
    """Give it as `page_token` for more; null when there are no more."""


@documented
class Users(TypedDict):
    """Users whose id begins with what was searched for."""

    users: list[str]
    next_page_token: str | None
    """Give it as `page_token` for more; null when there are no more."""


class Liked(TypedDict):
    """An item of a history."""

    id: str
    name: str
    liked: bool


@documented
class UserHistory(TypedDict):
    """What a user did, as it stands now."""

    user: str
    items: list[Liked]
    """Newest first, each item once."""
    n_items: int
    """How many there are in all; 0 for a user who is not known."""


@documented
class Acknowledgement(TypedDict):
    """What is on disk now, and counts at the next request."""

    accepted: int
    duplicates: int
    """Events whose id was there already; nothing was changed by them."""
    ids: list[str]
    """The events' ids, in the order of the request."""


@documented
class TrainingDescription(TypedDict):
    """A training that made a bundle: what it took."""

    began: str
    seconds: float
    """Of its phases, without what was lost by a kill."""
    peak_mib: int
    """The most memory of the process, in MiB."""
    resumed: int
    """How often it was killed and gone on with."""
    device: str


@documented
class ModelDescription(TypedDict):
    """A trained bundle."""

    version: str
    current: bool
    """Whether it answers now."""
    graph_version: str
    metrics: dict[str, object]
    """What it scored when it was trained, as its manifest says."""
    settings: dict[str, object]
    """The options of training, by the names that `kg train --set` knows."""
    libraries: dict[str, str]
    """The versions of what learned."""
    trainings: list[TrainingDescription]
    """Those of this workspace that made it, the last one first."""


class Models(TypedDict):
    """The bundles of the workspace, the current one first."""

    models: list[ModelDescription]


class ClassLabel(TypedDict("_ClassLabel", {"class": str})):
    """A class of the ontology, in words."""

    label: str


@documented
class RelationLabel(TypedDict):
    """Something that a user can do with an item, in words."""

    relation: str
    label: str
    positive_from: float | None
    """From which value on it is a liking; null: always."""
    repeats: bool
    """Whether what is liked by it may be recommended again."""


@documented
class Catalog(TypedDict):
    """What this service recommends, to whom, in the words of its ontology."""

    item: ClassLabel
    user: ClassLabel
    events: list[RelationLabel]
    classes: dict[str, str]
    """The label of every class by its name."""
    relations: dict[str, str]
    """The label of every relation by its name, read from head to tail."""
    properties: dict[str, str]
    """The label of every property by its name."""
    n_items: int
    n_users: int
    model: Model


class Health(TypedDict):
    """A sign of life."""

    status: str


class ProblemPart(TypedDict, total=False):
    """One thing that is wrong, and where: `pointer` into the body (RFC 6901), or the `parameter`'s name."""

    detail: str
    pointer: str
    parameter: str


@documented
class Problem(TypedDict, total=False):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemPart]
    """All that is wrong with the request, each with its place."""
