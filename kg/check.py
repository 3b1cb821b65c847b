"""Whether a mapping fits its ontology and the headers of the files: found out before anything is loaded."""

from collections.abc import Iterator

from kg.mapping import ChosenRelation, EntityRule, FileRule, InteractionRule, Mapping, Reference, TripleRule
from ontology.errors import InputError
from ontology.model import ITEM, USER, Ontology, Relation


def check_mapping(mapping: Mapping, ontology: Ontology) -> None:
    """Raise InputError at the first thing the mapping says that the ontology does not have: place, what would work."""
    for file, rule in mapping.files.items():
        _check_file(ontology, f"mapping: files / {file}", rule)


def used_columns(rule: FileRule) -> frozenset[str]:
    """The columns that a rule reads."""
    return frozenset(_columns(rule))


def _columns(rule: FileRule) -> Iterator[str]:
    if rule.entity:
        yield rule.entity.key
        yield from (cell.column for cell in rule.entity.properties.values() if cell.column)
    relations = [triple.relation for triple in rule.triples] + [i.relation for i in rule.interactions]
    yield from (chosen.column for chosen in relations if isinstance(chosen, ChosenRelation))
    for triple in rule.triples:
        yield from (r.key.column for r in (triple.head, triple.tail) if r and r.key.column)
    for interaction in rule.interactions:
        cells = (interaction.user.key, interaction.item.key, interaction.value)
        yield from (cell.column for cell in cells if cell.column)
        yield interaction.at.column
        if interaction.id:
            yield interaction.id


def _check_file(ontology: Ontology, place: str, rule: FileRule) -> None:
    if rule.entity:
        _check_entity(ontology, f"{place} / entity", rule.entity)
    for number, triple in enumerate(rule.triples):
        head = triple.head.cls if triple.head else rule.entity.cls if rule.entity else ""
        _check_triple(ontology, f"{place} / triples / {number}", triple, head)
    for number, interaction in enumerate(rule.interactions):
        _check_interaction(ontology, f"{place} / interactions / {number}", interaction)


def _check_entity(ontology: Ontology, place: str, rule: EntityRule) -> None:
    _check_class(ontology, f"{place} / class", rule.cls)
    for name in rule.properties:
        if name not in ontology.properties:
            known = ", ".join(sorted(ontology.properties))
            raise InputError(f"{place} / properties: {name!r} is not in the ontology; it has {known}")


def _check_triple(ontology: Ontology, place: str, rule: TripleRule, head: str) -> None:
    _check_ends(ontology, place, rule.relation, (head, rule.tail.cls), rule.head, rule.tail)
    for relation in _relations(ontology, place, rule.relation):
        if ontology.is_interaction(relation.name):
            raise InputError(f"{place}: {relation.name} is what a user does with an item; list it under interactions")


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
