"""What refused rows were about: the classes and relations of which they would have said something."""

from collections import Counter
from collections.abc import Collection, Iterator

from kg.blocks import Block
from kg.cells import Cells
from kg.mapping import FileRule, RowRule
from kg.statements import fitted

UNKNOWN = "(unknown)"
"""In the place of a class, of rows that could not be read or that no rule takes, where they could be of several."""


def concerned(rule: FileRule, block: Block, lines: Collection[int]) -> Counter[str]:
    """Class or relation -> how many of these lines were about it.

    A row is about the class of its entity, and about a relation where it names what that leads to.
    """
    part = block.part([i for i, line in enumerate(block.lines) if line in lines])
    cells = Cells(part, {})
    found: Counter[str] = Counter()
    left = len(lines)
    for row_rule, rows in fitted(rule, part):
        left -= len(rows)
        for i in rows:
            found.update(set(_names(row_rule, cells, i)))
    if left:
        found[_class_of(rule)] += left
    return found


def _names(rule: RowRule, cells: Cells, row: int) -> Iterator[str]:
    if rule.entity:
        yield rule.entity.cls
    named = [triple for triple in rule.triples if cells.texts(triple.tail.key)[row]]
    for relation in (*(triple.relation for triple in named), *(its.relation for its in rule.interactions)):
        if isinstance(relation, str):
            yield relation
        elif chosen := relation.values.get(cells.column(relation.column)[row]):
            yield chosen


def _class_of(rule: FileRule) -> str:
    """What all rows of a file are about, where that is one."""
    names = {row_rule.entity.cls if row_rule.entity else _only_relation(row_rule) for row_rule in rule.row_rules}
    return names.pop() if len(names) == 1 else UNKNOWN


def _only_relation(rule: RowRule) -> str:
    relations = (*(triple.relation for triple in rule.triples), *(its.relation for its in rule.interactions))
    names = {relation if isinstance(relation, str) else UNKNOWN for relation in relations}
    return names.pop() if len(names) == 1 else UNKNOWN
