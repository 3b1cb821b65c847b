"""The text of a mapping file as plain values, and what is wrong with it as one sentence."""

from typing import Any

import yaml
from pydantic import ValidationError

from ontology.errors import InputError


def plain_yaml(text: str) -> object:
    """The value of a YAML text. Raises InputError: `, line 3: what is wrong`, to stand behind a file's name."""
    try:
        # _Loader is a SafeLoader: it makes plain values only.
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f", line {line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise InputError(f" is not YAML: {error}") from error


class _Loader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, not the loss of the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def sentence(error: ValidationError) -> str:
    """One problem, with its place as a person walks the YAML: `files / films.csv / entity / key`.

    An unknown key comes first, since a misspelt key is also a missing one; then the deepest place, since each
    branch of a union reports.
    """
    problem = min(error.errors(), key=lambda p: (p["type"] != "extra_forbidden", -len(p["loc"])))
    place = " / ".join(str(part) for part in problem["loc"] if part not in _UNION_BRANCHES)
    reason = _REASONS.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    return f"{place}: {reason}" if place else "the file has to be a mapping with the keys ontology and files"


_REASONS = {"extra_forbidden": "this key is not known", "missing": "this key is missing"}
# Pydantic puts the branch of a union into the place; a reader of the YAML knows nothing of it.
_UNION_BRANCHES = {"str", "int", "float", "bool", "ChosenRelation"}
