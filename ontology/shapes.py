"""Which entities break the shapes of an ontology: whole columns are checked at once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ontology.constraints import Constraint, Severity, Value
from ontology.model import Datatype, Ontology

TYPES: Mapping[Datatype, frozenset[type]] = {
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({float, int}),
    "boolean": frozenset({bool}),
    "date": frozenset({int}),
}
"""What a value of each datatype is. A date is epoch milliseconds."""


@dataclass(frozen=True)
class Broken:
    """An entity that breaks a constraint: its row, and the property or relation (`name`) that does.

    A `severity` of "violation" refuses the row; "warning" and "info" are only counted.
    """

    row: int
    name: str
    rule: str
    reason: str
    severity: Severity


def constraints_of(ontology: Ontology, cls: str) -> dict[str, list[Constraint]]:
    """Property or relation -> all that is asked of it in a class: by its own shapes, and those of its ancestors."""
    found: defaultdict[str, list[Constraint]] = defaultdict(list)
    classes = frozenset(ontology.ancestors(cls))
    for shape in ontology.shapes:
        if classes.intersection(shape.targets):
            for constraint in shape.constraints:
                found[constraint.name].append(constraint)
    for name, relation in ontology.relations.items():
        if relation.functional and relation.domain in classes:
            found[name].append(Constraint(name, "functional", 1))
    return found


def broken(
    ontology: Ontology,
    cls: str,
    columns: Mapping[str, Sequence[Value | None]],
    counts: Mapping[str, Sequence[int]],
    n: int,
    *,
    whole: bool = True,
) -> list[Broken]:
    """What is broken among `n` entities of a class, sorted by row, name and rule.

    `columns` are their properties, None where absent; `counts` the numbers of tails of the relations that the rows
    state. A property without a column is absent from every row if the rows are `whole`, and not asked about if not.
    A relation without counts is not asked about.
    """
    found: list[Broken] = []
    for name, constraints in constraints_of(ontology, cls).items():
        if name in ontology.relations:
            found += _counted(constraints, counts[name]) if name in counts else ()
        elif name in columns or whole:
            column = columns.get(name, [None] * n)
            found += _column(constraints, name, column, TYPES[ontology.properties[name].datatype])
    return sorted(found, key=lambda b: (b.row, b.name, b.rule, b.reason))


def broken_tail(ontology: Ontology, head: str, relation: str, tail: str) -> list[Broken]:
    """What every triple of a relation between two classes breaks (`sh:class`); `row` is 0."""
    asked = constraints_of(ontology, head).get(relation, ())
    return [_broken(0, c) for c in asked if c.rule == "shape-class" and not ontology.is_a(tail, c.limit)]


def _column(
    constraints: Sequence[Constraint], name: str, column: Sequence[Value | None], types: frozenset[type]
) -> Iterator[Broken]:
    """Rows with a value of a wrong type are told first; nothing more is asked of them."""
    if wrong := set(map(type, column)) - {type(None), *types}:
        yield from (Broken(row, name, "shape-datatype", _of_type(types), "violation") for row in _rows(column, wrong))
        column = [None if type(value) in wrong else value for value in column]
    absent = wrong or None in column
    present = [value for value in column if value is not None] if absent else column
    for constraint in constraints:
        if constraint.rule in {"shape-min-count", "shape-max-count"}:
            if absent or constraint.limit < 1:
                yield from _counted([constraint], [int(value is not None) for value in column])
        elif not constraint.kept(present):  # type: ignore[arg-type]  # none of those present is None
            rows = ((row, value) for row, value in enumerate(column) if value is not None)
            yield from (_broken(row, constraint) for row, value in rows if not constraint.kept([value]))


def _counted(constraints: Sequence[Constraint], counts: Sequence[int]) -> Iterator[Broken]:
    for constraint in constraints:
        if constraint.rule != "shape-class" and not constraint.kept(counts):
            yield from (_broken(row, constraint) for row, count in enumerate(counts) if not constraint.kept([count]))


def _rows(column: Sequence[Value | None], wrong: set[type]) -> list[int]:
    return [row for row, value in enumerate(column) if type(value) in wrong]


def _of_type(types: frozenset[type]) -> str:
    return f"is not of type {' or '.join(sorted(t.__name__ for t in types))}"


def _broken(row: int, constraint: Constraint) -> Broken:
    return Broken(row, constraint.name, constraint.rule, constraint.reason(), constraint.severity)
