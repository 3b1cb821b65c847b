"""A rule as a question to the graph database, in plain openCypher: all that it concludes from what is stored."""

import re
from collections.abc import Iterator

from ontology.constraints import Value
from ontology.errors import InputError
from ontology.model import Ontology
from ontology.rule_check import classes_of
from ontology.rules import Condition, Different, OfClass, Rule, steps

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_OPERATORS = {"!=": "<>"}


def cypher(rule: Rule, ontology: Ontology) -> tuple[str, dict[str, object]]:
    """A read statement and its parameters.

    A row has four columns for each conclusion, in their order: `head_0` (class), `head_id_0`, `tail_0`, `tail_id_0`,
    `head_1` and so on. A rule that builds on its own conclusions is asked again once they are stored.
    """
    lines: list[str] = []
    parameters: dict[str, object] = {}
    classes = classes_of(rule, ontology)
    named: set[str] = set()

    def node(variable: str) -> str:
        """A variable, with its class where it first stands and can only be one: that is what an index needs."""
        label = f":{_plain(*classes[variable])}" if variable not in named and len(classes[variable]) == 1 else ""
        named.add(variable)
        return f"(v_{_plain(variable)}{label})"

    # One MATCH for each pattern: within one, Cypher would not let two patterns meet the same relationship.
    for step in steps(rule):
        pattern = step.pattern
        if pattern is None:
            lines.append(f"MATCH {node(*step.conditions[0].variables)}")
        else:
            lines.append(f"MATCH {node(pattern.head)}-[:{_plain(pattern.relation)}]->{node(pattern.tail)}")
        if step.conditions:
            lines.append(f"WHERE {' AND '.join(_asked(condition, parameters) for condition in step.conditions)}")
    lines.append(f"RETURN DISTINCT {', '.join(_columns(rule))}")
    return " ".join(lines), parameters


def _asked(condition: Condition, parameters: dict[str, object]) -> str:
    """A condition; what is no name goes into the parameters."""

    def parameter(value: Value | list[str]) -> str:
        name = f"p_{len(parameters)}"
        parameters[name] = value
        return f"${name}"

    if isinstance(condition, Different):
        return f"v_{_plain(condition.one)} <> v_{_plain(condition.other)}"
    variable = f"v_{_plain(condition.variable)}"
    if isinstance(condition, OfClass):
        return f"labels({variable})[0] IN {parameter(list(condition.kinds))}"
    compared = _OPERATORS.get(condition.operator, condition.operator)
    return f"{variable}.{_plain(condition.name)} {compared} {parameter(condition.value)}"


def _columns(rule: Rule) -> Iterator[str]:
    for i, conclusion in enumerate(rule.conclusions):
        for end, variable in (("head", conclusion.head), ("tail", conclusion.tail)):
            yield f"labels(v_{variable})[0] AS {end}_{i}, v_{variable}.id AS {end}_id_{i}"


def _plain(name: str) -> str:
    """A name that is safe as part of a statement. Raises InputError for others."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a plain name of a class, relation, property or variable")
    return name
