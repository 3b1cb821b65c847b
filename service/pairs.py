"""Options of training as `NAME=VALUE` pairs: `ranker.dropout=0.1`, `transe.epochs=50`, `ranker.hidden=[64,32]`,
`also=als,fpmc`."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from ontology.errors import InputError

T = TypeVar("T")
LEFT_OUT = frozenset({"seed", "device", "holdout", "split", "from_bundle"})
"""These hold for all parts, and are options of their own."""
Path = tuple[str, ...]


def known(options: Any) -> dict[str, object]:
    """Every name that can be set, with its value."""
    return {_name(path): value for path, value in _leaves(options)}


def tuned(options: T, pairs: Iterable[str]) -> T:
    """The options with some values changed. Raises InputError that names the pair, and what would work."""
    paths = {_name(path): path for path, _ in _leaves(options)}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in paths:
            raise InputError(f"--set {pair}: give NAME=VALUE, where NAME is one of {', '.join(paths)}")
        options = _with(options, paths[name], pair, text)
    return options


def _leaves(options: Any) -> Iterator[tuple[Path, object]]:
    for field in fields(options):
        value = getattr(options, field.name)
        if is_dataclass(value):
            yield from (((field.name, *rest), leaf) for rest, leaf in _leaves(value))
        elif field.name not in LEFT_OUT:
            yield (field.name,), value


def _name(path: Path) -> str:
    """How a person names it: that the teachers are one part of the options says nothing."""
    return ".".join(path).removeprefix("teachers.")


def _with(options: Any, path: Path, pair: str, text: str) -> Any:
    first, *rest = path
    if rest:
        value = _with(getattr(options, first), tuple(rest), pair, text)
    else:
        value = _parsed(get_type_hints(type(options), include_extras=True)[first], pair, text)
    return replace(options, **{first: value})


def _parsed(type_: Any, pair: str, text: str) -> Any:
    if type_ == tuple[str, ...] and text[:1] != "[":
        return tuple(text.split(","))  # words may stand bare
    if type_ is str and text[:1] != '"':
        return text  # and so may a path
    try:
        return TypeAdapter(type_).validate_json(text)
    except ValidationError as error:
        raise InputError(f"--set {pair}: {error.errors()[0]['msg']}") from error
