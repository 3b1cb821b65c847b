"""The content teacher as columns: arrays for safetensors, and names as a table of two columns of text."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embed.content import Content
from embed.content_measures import Measures
from embed.content_text import Vocabulary

_PLAIN = ("entity_row", "entity", "word", "waves", "wave", "constant", "items", "fold_in")
_MEASURED = ("knots", "relations", "centre", "scale")
_NAMED = ("word", "number", "property")


def content_arrays(content: Content) -> dict[str, NDArray[Any]]:
    """All arrays by name."""
    measured = {name: getattr(content.measures, name) for name in _MEASURED}
    return {name: getattr(content, name) for name in _PLAIN} | measured | {"idf": content.vocabulary.idf}


def content_names(content: Content) -> dict[str, list[str]]:
    """The words, numbers and properties, each with its kind, in their order."""
    names = (content.vocabulary.words, content.measures.numbers, content.measures.properties)
    return {
        "kind": [kind for kind, some in zip(_NAMED, names, strict=True) for _ in some],
        "name": [name for some in names for name in some],
    }


def content_from(arrays: Mapping[str, NDArray[Any]], names: Mapping[str, Sequence[str]]) -> Content:
    """The teacher that was taken apart by the two above."""
    listed: dict[str, list[str]] = {kind: [] for kind in _NAMED}
    for kind, name in zip(names["kind"], names["name"], strict=True):
        listed[kind].append(name)
    words, numbers, properties = (tuple(listed[kind]) for kind in _NAMED)
    return Content(
        Vocabulary(words, np.asarray(arrays["idf"])),
        Measures(numbers, properties, *(arrays[name] for name in _MEASURED)),
        *(arrays[name] for name in _PLAIN),
    )
