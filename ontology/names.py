"""What things are called in the graph: labels CamelCase, relation types UPPER_SNAKE, never the same name."""

import re
from collections import Counter
from collections.abc import Iterable

from ontology.errors import InputError

_CLASS = re.compile(r"[A-Z][A-Za-z0-9]*")
_RELATION = re.compile(r"[a-z][A-Za-z0-9]*")
_PROPERTY = re.compile(r"[a-z][A-Za-z0-9_]*")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

RESERVED_PROPERTIES = frozenset({"id"})
"""An entity's key is stored as `id`."""
RESERVED_PREFIX = "kg_"
"""Where a statement comes from is stored under names that begin like this."""


def local_name(iri: str) -> str:
    """What stands after the last `#`, `/` or `:` of an IRI."""
    return re.split(r"[#/:]", iri)[-1]


def class_name(iri: str) -> str:
    """The label of a class in the graph, `Film`. Raises InputError when the local name is not CamelCase."""
    return _matching(_CLASS, iri, "class", "CamelCase, for example Film")


def relation_name(iri: str) -> str:
    """The type of a relation in the graph: `directedBy` is `DIRECTED_BY`. Raises InputError for other names."""
    name = _matching(_RELATION, iri, "relation", "camelCase, for example directedBy")
    return _WORD_START.sub("_", name).upper()


def property_name(iri: str) -> str:
    """The name of an attribute in the graph, `year`. Raises InputError for names the graph cannot hold."""
    name = _matching(_PROPERTY, iri, "property", "camelCase, for example releaseYear")
    if name in RESERVED_PROPERTIES:
        raise InputError(f"property <{iri}> cannot be called {name!r}: an entity's key is stored under that name")
    if name.startswith(RESERVED_PREFIX):
        raise InputError(
            f"property <{iri}> cannot be called {name!r}: names that begin with {RESERVED_PREFIX!r} are kept for where "
            "a statement comes from"
        )
    return name


def rule_name(iri: str) -> str:
    """What a rule marks its triples with, `coDirected`. Raises InputError for names the graph cannot hold."""
    return _matching(_PROPERTY, iri, "rule", "camelCase, for example coDirected")


def a_datatype(datatype: str) -> str:
    """A datatype in a sentence: "an integer"."""
    return f"an {datatype}" if datatype == "integer" else f"a {datatype}"


def check_distinct(classes: Iterable[str], relations: Iterable[str], properties: Iterable[str]) -> None:
    """Raise InputError when two things got one name. A class and a relation may not differ in case only."""
    for kind, names in (("classes", classes), ("relations", relations), ("properties", properties)):
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise InputError(f"two {kind} are called {twice[0]!r}; names have to differ without their namespace")
    folded = {name.casefold(): name for name in classes}
    for relation in sorted(relations):
        if relation.casefold() in folded:
            other = folded[relation.casefold()]
            raise InputError(f"class {other!r} and relation {relation!r} have the same name; rename one of them")


def _matching(pattern: re.Pattern[str], iri: str, kind: str, wanted: str) -> str:
    name = local_name(iri)
    if not pattern.fullmatch(name):
        raise InputError(f"{kind} <{iri}>: the local name {name!r} has to be {wanted}")
    return name
