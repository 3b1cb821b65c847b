"""What a shape asks of the entities of a class, and how a whole column is asked for it at once.

A test takes a limit and values, none of them absent, and says whether all keep it. The loops are those of C, so that a
clean column costs next to nothing; which value breaks a constraint is only looked for when one does.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Literal

Severity = Literal["violation", "warning", "info"]
Value = str | int | float | bool


@dataclass(frozen=True)
class Constraint:
    """One thing asked of a property or relation. `message` is what the shape itself says when it is broken."""

    name: str
    rule: str
    limit: Any
    severity: Severity = "violation"
    message: str | None = None

    def kept(self, values: Sequence[Value]) -> bool:
        """Whether all of the values (for a relation: all of the numbers of tails) keep it."""
        return TESTS[self.rule](self.limit, values)

    def reason(self) -> str:
        """What is wrong with a value that breaks it, and what would work."""
        return self.message or REASONS[self.rule].format(limit=_shown(self.limit))


@dataclass(frozen=True)
class Shape:
    """What is asked of the entities of some classes and of their subclasses."""

    targets: tuple[str, ...]
    constraints: tuple[Constraint, ...]


def _texts(values: Sequence[Value]) -> Iterable[str]:
    """Strings as they are; integers as they are written, each once."""
    return values if values and type(values[0]) is str else map(str, set(values))  # type: ignore[return-value]


def _shown(limit: object) -> str:
    if isinstance(limit, re.Pattern):
        return repr(limit.pattern)
    if isinstance(limit, frozenset):
        return ", ".join(map(repr, sorted(limit)[:10])) + (", …" if len(limit) > 10 else "")
    return f"{limit.start} to {limit.stop - 1}" if isinstance(limit, range) else str(limit)


TESTS: Mapping[str, Callable[[Any, Sequence[Value]], bool]] = {
    "shape-datatype": lambda limit, values: limit is None or all(map(limit.__contains__, values)),
    "shape-pattern": lambda limit, values: all(map(limit.search, _texts(values))),
    "shape-min-length": lambda limit, values: all(map(limit.__le__, map(len, _texts(values)))),
    "shape-max-length": lambda limit, values: all(map(limit.__ge__, map(len, _texts(values)))),
    "shape-min-inclusive": lambda limit, values: all(map(operator.le, repeat(limit), values)),
    "shape-min-exclusive": lambda limit, values: all(map(operator.lt, repeat(limit), values)),
    "shape-max-inclusive": lambda limit, values: all(map(operator.ge, repeat(limit), values)),
    "shape-max-exclusive": lambda limit, values: all(map(operator.gt, repeat(limit), values)),
    "shape-in": lambda limit, values: limit.issuperset(values),
    "shape-min-count": lambda limit, counts: all(map(limit.__le__, counts)),
    "shape-max-count": lambda limit, counts: all(map(limit.__ge__, counts)),
    "functional": lambda limit, counts: all(map(limit.__ge__, counts)),
}
"""Rule -> test. Comparisons go through `operator`, so that a NaN keeps none of them."""

REASONS: Mapping[str, str] = {
    "shape-datatype": "is not of the datatype that the shape asks for, {limit}",
    "shape-pattern": "does not match the pattern {limit}",
    "shape-min-length": "is shorter than {limit} characters",
    "shape-max-length": "is longer than {limit} characters",
    "shape-min-inclusive": "is less than {limit}",
    "shape-min-exclusive": "is not more than {limit}",
    "shape-max-inclusive": "is more than {limit}",
    "shape-max-exclusive": "is not less than {limit}",
    "shape-in": "is none of the allowed values: {limit}",
    "shape-min-count": "is missing; at least {limit} has to be given",
    "shape-max-count": "is given too often; at most {limit} is allowed",
    "shape-class": "leads to an entity that is not a kind of {limit}",
    "functional": "is given too often: the relation is functional, so {limit} is allowed",
}
