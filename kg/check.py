"""Whether a mapping fits its ontology and the headers of the files: found out before anything is loaded."""

from collections.abc import Collection, Iterable

from kg.mapping import ChosenRelation, EntityRule, FileRule, InteractionRule, Mapping, Reference, RowRule, TripleRule
from ontology.errors import InputError
from ontology.model import ITEM, USER, Datatype, Ontology, Relation
from ontology.shapes import broken_tail


def check_mapping(mapping: Mapping, ontology: Ontology) -> None:
    """Raise InputError at the first thing the mapping says that the ontology does not have: place, what would work."""
    for file, rule in mapping.files.items():
        _check_file(ontology, f"mapping: files / {file}", rule)


def unknown_columns(rule: FileRule, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the columns that the mapping does not read, in their order."""
    used = rule.columns
    return tuple(name for name in names if name not in used)


def check_columns(file: str, rule: FileRule, names: Collection[str]) -> None:
    """Raise InputError where a file lacks a column that the mapping reads, or has one that it does not and refuses."""
    has = f"it has {', '.join(names)}"
    if missing := sorted(rule.columns - set(names)):
        raise InputError(f"{file} has no column {missing[0]!r}, which the mapping reads; {has}")
    if rule.unknown_columns == "refuse" and (unknown := unknown_columns(rule, names)):
        wanted = "name it there, or set unknown_columns: ignore"
        raise InputError(f"{file} has the column {unknown[0]!r}, which the mapping does not read; {wanted}")


def _check_file(ontology: Ontology, place: str, rule: FileRule) -> None:
    for number, row_rule in enumerate(rule.rules):
        _check_rule(ontology, f"{place} / rules / {number}", row_rule)
    _check_rule(ontology, place, rule)


def _check_rule(ontology: Ontology, place: str, rule: RowRule) -> None:
    if rule.entity:
        _check_entity(ontology, f"{place} / entity", rule.entity)
    for number, triple in enumerate(rule.triples):
        head = triple.head.cls if triple.head else rule.entity.cls if rule.entity else ""
        _check_triple(ontology, f"{place} / triples / {number}", triple, head)
    for number, interaction in enumerate(rule.interactions):
        _check_interaction(ontology, f"{place} / interactions / {number}", interaction)


def _check_entity(ontology: Ontology, place: str, rule: EntityRule) -> None:
    _check_class(ontology, f"{place} / class", rule.cls)
    for name, cell in rule.properties.items():
        if name not in ontology.properties:
            known = ", ".join(sorted(ontology.properties))
            raise InputError(f"{place} / properties: {name!r} is not in the ontology; it has {known}")
        datatype = ontology.properties[name].datatype
        if wrong := [key for key, fits in _DATATYPES.items() if key in cell.model_fields_set and datatype != fits]:
            found = f"{wrong[0]} is for a {_DATATYPES[wrong[0]]}, but {name} is a {datatype} in the ontology"
            raise InputError(f"{place} / properties / {name}: {found}")


def _check_triple(ontology: Ontology, place: str, rule: TripleRule, head: str) -> None:
    _check_ends(ontology, place, rule.relation, (head, rule.tail.cls), rule.head, rule.tail)
    for relation in _relations(ontology, place, rule.relation):
        if ontology.is_interaction(relation.name):
            raise InputError(f"{place}: {relation.name} is what a user does with an item; list it under interactions")
        for broken in broken_tail(ontology, head, relation.name, rule.tail.cls):
            if broken.severity == "violation":
                raise InputError(f"{place}: {head}.{relation.name} {broken.reason}; the tail is {rule.tail.cls}")


def _check_interaction(ontology: Ontology, place: str, rule: InteractionRule) -> None:
    _check_ends(ontology, place, rule.relation, (rule.user.cls, rule.item.cls), rule.user, rule.item)
    for relation in _relations(ontology, place, rule.relation):
        if not ontology.is_interaction(relation.name):
            raise InputError(f"{place}: {relation.name} does not go from a {USER} to an {ITEM}; list it under triples")


def _check_ends(
    ontology: Ontology,
    place: str,
    chosen: str | ChosenRelation,
    classes: tuple[str, str],
    *references: Reference | None,
) -> None:
    for reference in references:
        if reference:
            _check_class(ontology, f"{place} / class", reference.cls)
    for relation in _relations(ontology, place, chosen):
        for cls, end, name in zip(classes, (relation.domain, relation.range), ("head", "tail"), strict=True):
            if not ontology.is_a(cls, end):
                raise InputError(f"{place}: the {name} of {relation.name} has to be {end}; {cls} is not a kind of it")


def _relations(ontology: Ontology, place: str, chosen: str | ChosenRelation) -> list[Relation]:
    names = [chosen] if isinstance(chosen, str) else list(chosen.values.values())
    if unknown := [name for name in names if name not in ontology.relations]:
        known = ", ".join(sorted(ontology.relations))
        raise InputError(f"{place} / relation: {unknown[0]!r} is not in the ontology; it has {known}")
    return [ontology.relations[name] for name in names]


def _check_class(ontology: Ontology, place: str, cls: str) -> None:
    if cls not in ontology.classes:
        raise InputError(f"{place}: {cls!r} is not in the ontology; it has {', '.join(sorted(ontology.classes))}")


_DATATYPES: dict[str, Datatype] = {"decimal": "number", "factor": "number", "unit": "date", "format": "date"}
"""Key of a cell -> the datatype that it reads."""
