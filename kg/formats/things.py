"""Things without an IRI, as schema.org publishes them in others: a director who has a name is a row of its own."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

SCHEMA = "http://schema.org/"
IDENTITY = tuple(SCHEMA + name for name in ("url", "sameAs", "sku", "name"))
"""What identifies a thing that has no IRI; the first that it has counts."""
_VALUES = re.compile(
    r"(Action|Address|Amount|Audience|BreadcrumbList|Coordinates|Counter|Demand|Details|ImageObject|Information|ItemList"
    r"|ListItem|MediaObject|Offer|Point|Policy|Quantity|Rating|Region|Review|Shape|Specification|Time|Value)$"
)
"""Types of schema.org that say something of what they stand in, as AggregateRating does, and are shared by nobody.

They are dotted columns there, even with a url: that of an Offer is the page of its product.
"""


class Thing(NamedTuple):
    """A thing by its type, the last part of the IRI, and by what identifies it."""

    cls: str
    key: str


def thing_of(types: Sequence[str], identity: Mapping[str, Sequence[str]]) -> Thing | None:
    """The thing that a node without an IRI is, by its types and what it says of `IDENTITY`; None where it is none."""
    if not types or any(map(_VALUES.search, types)):
        return None
    keys = (identity[predicate][0] for predicate in IDENTITY if identity.get(predicate))
    return next((Thing(types[0], key) for key in keys), None)
