"""A filter as a tree, and the tree as text again. `at` is where in the text something stands, from 1."""

from dataclasses import dataclass, field
from typing import Literal

from ontology.errors import InputError

Value = str | int | float | bool
Operator = Literal["=", "!=", "<", "<=", ">", ">="]
ORDERED: frozenset[Operator] = frozenset({"<", "<=", ">", ">="})


class FilterError(InputError):
    """A filter that is wrong, and where."""

    def __init__(self, at: int, reason: str) -> None:
        """Begin the sentence with the place."""
        super().__init__(f"filter, character {at}: {reason}")
        self.at = at


@dataclass(frozen=True)
class Name:
    """A name as it is written."""

    text: str
    at: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Constant:
    """A value as it is written."""

    value: Value
    at: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Has:
    """Whether there is something: `has year`."""

    path: tuple[Name, ...]


@dataclass(frozen=True)
class Compared:
    """`year >= 1990`."""

    path: tuple[Name, ...]
    operator: Operator
    constant: Constant


@dataclass(frozen=True)
class Among:
    """`year in [1990, 1991]`."""

    path: tuple[Name, ...]
    constants: tuple[Constant, ...]


@dataclass(frozen=True)
class Contains:
    """`name contains "star"`."""

    path: tuple[Name, ...]
    text: Constant


@dataclass(frozen=True)
class IsA:
    """`genre is_a "Crime"`, by a hierarchy of entities; `item is_a Film`, by that of the classes."""

    path: tuple[Name, ...]
    kind: Constant | Name


@dataclass(frozen=True)
class Not:
    """What `part` does not match."""

    part: "Tree"


@dataclass(frozen=True)
class And:
    """What all parts, two or more, match."""

    parts: "tuple[Tree, ...]"


@dataclass(frozen=True)
class Or:
    """What one of the parts, two or more, matches."""

    parts: "tuple[Tree, ...]"


Test = Has | Compared | Among | Contains | IsA
Tree = Or | And | Not | Test


def written(tree: Tree) -> str:
    """The tree as a text that is read as the same tree."""
    match tree:
        case Or(parts):
            return " or ".join(_inside(part, Or) for part in parts)
        case And(parts):
            return " and ".join(_inside(part, Or, And) for part in parts)
        case Not(part):
            return f"not {_inside(part, Or, And)}"
        case _:
            return f"has {dotted(tree.path)}" if isinstance(tree, Has) else f"{dotted(tree.path)} {_said(tree)}"


def dotted(path: tuple[Name, ...]) -> str:
    """A path as it is written."""
    return ".".join(name.text for name in path)


def _said(test: Compared | Among | Contains | IsA) -> str:
    match test:
        case Compared(_, operator, constant):
            return f"{operator} {_constant(constant)}"
        case Among(_, constants):
            return f"in [{', '.join(map(_constant, constants))}]"
        case Contains(_, text):
            return f"contains {_constant(text)}"
        case IsA(_, kind):
            return f"is_a {kind.text if isinstance(kind, Name) else _constant(kind)}"


def _inside(tree: Tree, *looser: type) -> str:
    return f"({written(tree)})" if isinstance(tree, looser) else written(tree)


def _constant(constant: Constant) -> str:
    value = constant.value
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value).lower() if isinstance(value, bool) else repr(value)
