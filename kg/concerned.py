"""What refused rows were about: the classes and relations of which they would have said something."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence

from kg.blocks import Block
from kg.cells import Cells
from kg.mapping import ChosenRelation, FileRule, RowRule
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
        about: dict[str, set[int]] = defaultdict(set)
        for name, its in _about(row_rule, cells, rows):
            about[name].update(its)
        found.update({name: len(its) for name, its in about.items() if its})
    if left:
        found[_class_of(rule)] += left
    return found


def _about(rule: RowRule, cells: Cells, rows: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """Class or relation, and those of the rows that are about it; a relation may come several times."""
    if rule.entity:
        yield rule.entity.cls, rows
    for triple in rule.triples:
        tails = cells.texts(triple.tail.key)
        yield from _chosen(triple.relation, cells, [i for i in rows if tails[i]])
    for interaction in rule.interactions:
        yield from _chosen(interaction.relation, cells, rows)


def _chosen(relation: str | ChosenRelation, cells: Cells, rows: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    if isinstance(relation, str):
        yield relation, rows
        return
    texts = cells.column(relation.column)
    for text, name in relation.values.items():
        yield name, [i for i in rows if texts[i] == text]


def _class_of(rule: FileRule) -> str:
    """What all rows of a file are about, where that is one."""
    names = {row_rule.entity.cls if row_rule.entity else _only_relation(row_rule) for row_rule in rule.row_rules}
    return names.pop() if len(names) == 1 else UNKNOWN


def _only_relation(rule: RowRule) -> str:
    relations = (*(triple.relation for triple in rule.triples), *(its.relation for its in rule.interactions))
    names = {relation if isinstance(relation, str) else UNKNOWN for relation in relations}
    return names.pop() if len(names) == 1 else UNKNOWN
