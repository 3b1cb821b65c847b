"""What is known of entities, column by column, so that a test of all of them is one step of numpy."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from kg.triples import Value
from ontology.model import Datatype
from retrieval.filter_tree import Operator
from retrieval.names import Names

Numbers = NDArray[np.integer]
Mask = NDArray[np.bool_]

TYPES: Mapping[Datatype, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "date": (int,),
}
"""What a value of a datatype is in a bundle; dates are epoch milliseconds."""
WORDS_KEPT = 32
_INT64 = 2**63
_ORDERED: Mapping[Operator, np.ufunc] = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


@dataclass(frozen=True)
class Column:
    """The values of a property: `entities` int (m,) has `values` int64 or float64 (m,).

    A text stands in `texts`, and its place there in `values`. `present` int are all entities that have something,
    also what is not of the property's datatype, which no test finds.
    """

    entities: Numbers
    values: NDArray[np.int64] | NDArray[np.float64]
    present: Numbers
    texts: tuple[str, ...] = ()

    def ordered(self, operator: Operator, value: float) -> Numbers:
        """The entities whose value is less or greater than the given one, as the operator says."""
        found: Mask = _ORDERED[operator](self.values, value)
        return self.entities[found]

    def among(self, values: Iterable[Value]) -> Numbers:
        """The entities whose value is one of the given."""
        if not len(self.values):
            return self.entities
        wanted = [self._places[v] for v in values if v in self._places] if self.texts else list(values)
        return self.entities[np.isin(self.values, np.array(wanted, self.values.dtype))]

    def containing(self, words: str) -> Numbers:
        """The entities whose text holds the words, whatever the case and accents."""
        return self._containing(words)

    @cached_property
    def _containing(self) -> Callable[[str], Numbers]:
        """Kept for the words that were looked for last: reading every text again after each edit is too slow."""

        def containing(words: str) -> Numbers:
            holds = np.zeros(len(self.texts), np.bool_)
            holds[np.fromiter(self._names.holding(words), np.int64)] = True
            return self.entities[holds[self.values.astype(np.int64)]]

        return lru_cache(WORDS_KEPT)(containing)

    @cached_property
    def _places(self) -> dict[Value, int]:
        return {text: place for place, text in enumerate(self.texts)}

    @cached_property
    def _names(self) -> Names:
        return Names(self.texts)


def column(datatype: Datatype, entities: Sequence[int], values: Sequence[object]) -> Column:
    """The column of a property from the entities that have it, and what they have."""
    types = TYPES[datatype]
    fitting = [(e, v) for e, v in zip(entities, values, strict=True) if _is(v, types)]
    having, present = np.array([e for e, _ in fitting], np.int64), np.array(entities, np.int64)
    if datatype == "string":
        return texts(having, [str(v) for _, v in fitting], present)
    found = [v for _, v in fitting]
    return Column(having, np.array(found, np.float64) if datatype == "number" else np.array(found, np.int64), present)


def texts(entities: Numbers, values: Sequence[str], present: Numbers | None = None) -> Column:
    """A column of texts, each different one kept once."""
    places: dict[str, int] = {}
    found = [places.setdefault(text, len(places)) for text in values]
    return Column(entities, np.array(found, np.int64), entities if present is None else present, tuple(places))


def _is(value: object, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool) or not isinstance(value, types):
        return isinstance(value, bool) and bool in types
    return not isinstance(value, int) or -_INT64 <= value < _INT64
