"""Refuses the rows of a block whose entities break the shapes of the ontology."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kg.blocks import Block, EntityColumns, Said
from kg.formats.encoding import shown
from kg.mapping import FileRule
from kg.rows_said import without
from kg.statements import fitted
from kg.triples import Refusal
from ontology.model import Ontology
from ontology.shapes import Broken, broken


def shaped(said: Said, rule: FileRule, block: Block, ontology: Ontology) -> tuple[Said, Counter[str]]:
    """What is left of what the rows say, and how many warnings there were, by what they are about.

    Only what a rule gives is asked about: another file may give the rest of an entity.
    """
    warnings: Counter[str] = Counter()
    bad: dict[int, tuple[str, Broken]] = {}
    given = _given(rule, block) if _asks(ontology) else {}
    for entities in said.entities:
        for found in _broken(entities, said, given, ontology):
            row = entities.origin.rows[found.row]
            if found.severity == "violation":
                bad.setdefault(row, (entities.cls, found))
            else:
                warnings[f"{entities.cls}.{found.name} {found.rule}"] += 1
    if not bad:
        return said, warnings
    columns = _columns_of(rule)
    refused = [_refusal(block, row, columns, *what) for row, what in sorted(bad.items())]
    return (
        Said(
            [without(part, bad) for part in said.entities],
            [without(part, bad) for part in said.triples],
            [without(part, bad) for part in said.interactions],
            [*said.refused, *refused],
        ),
        warnings,
    )


def _asks(ontology: Ontology) -> bool:
    return bool(ontology.shapes) or any(relation.functional for relation in ontology.relations.values())


def _broken(
    entities: EntityColumns, said: Said, given: Mapping[int, Mapping[str, bool]], ontology: Ontology
) -> Iterable[Broken]:
    if not entities.described or not given or not entities.keys:
        return ()
    relations = given.get(entities.origin.rows[0], {})
    counts = {relation: _counts(relation, entities, said) for relation in relations}
    found = broken(ontology, entities.cls, entities.properties, counts, len(entities.keys), whole=False)
    return [each for each in found if relations.get(each.name, True) or counts[each.name][each.row]]


def _given(rule: FileRule, block: Block) -> dict[int, Mapping[str, bool]]:
    """Row -> the relations that its rule gives its entity, and whether each row does, or only if a column says so."""
    given: dict[int, Mapping[str, bool]] = {}
    for row_rule, rows in fitted(rule, block):
        relations: dict[str, bool] = {}
        for named in (triple.relation for triple in row_rule.triples if triple.head is None):
            always = isinstance(named, str)
            relations |= dict.fromkeys([named] if isinstance(named, str) else named.values.values(), always)
        given |= dict.fromkeys(rows, relations)
    return given


def _counts(relation: str, entities: EntityColumns, said: Said) -> Sequence[int]:
    """How many tails the row of each entity gives a relation."""
    number: Counter[int] = Counter()
    for triples in said.triples:
        if triples.owned and triples.kind.relation == relation and triples.kind.head == entities.cls:
            number.update(triples.origin.rows)
    return [number[row] for row in entities.origin.rows]


def _columns_of(rule: FileRule) -> dict[str, str]:
    """Property or relation -> the column that gives it."""
    columns: dict[str, str] = {}
    for row_rule in rule.row_rules:
        if row_rule.entity:
            columns |= {name: cell.column or "" for name, cell in row_rule.entity.properties.items()}
        for triple in row_rule.triples:
            if isinstance(triple.relation, str):
                columns[triple.relation] = triple.tail.key.column or ""
    return columns


def _refusal(block: Block, row: int, columns: Mapping[str, str], cls: str, found: Broken) -> Refusal:
    cells = block.row(row)
    column = columns.get(found.name, "")
    reason = f"{found.reason} ({cls}.{found.name})"
    return Refusal(block.file, block.lines[row], column, shown(cells.get(column, "")), reason, found.rule, cells)
