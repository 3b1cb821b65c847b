"""A plan as text: the mapping in YAML and the ontology in Turtle, as a person would write them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from kg.infer.catalog import Catalog
from kg.infer.plan import CORE_CLASSES, Chosen, End, EntityPlan, FilePlan, InteractionPlan, Relation, TriplePlan
from kg.infer.tables import Reading
from kg.infer.typed import TYPE
from ontology.model import ITEM, Datatype

_PLAIN = re.compile(r"[^\W\d][\w./-]*( [\w./-]+)*")
_WORDS_OF_YAML = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
_XSD: Mapping[Datatype, str] = {
    "string": "string",
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "date": "dateTime",
}
_PREFIXES = """@prefix :     <https://catalog.example/#> .
@prefix kg:   <https://kgrec.example/core#> .
@prefix owl:  <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd:  <http://www.w3.org/2001/XMLSchema#> .
"""


def mapping_yaml(found: Catalog, ontology: str) -> str:
    """The mapping; `ontology` is the name of the ontology's file."""
    lines = [
        "# A first mapping, made by looking at the files. Read it, and change what you know better: comments say why",
        "# something was taken for what it is. The format is described in kg/mapping.py.",
        "",
        f"ontology: {quoted(ontology)}",
        "",
        "files:",
    ]
    for file, plans in groupby(found.files, key=lambda plan: plan.file):
        lines += _file(file, tuple(plans))
    return "\n".join(lines).rstrip() + "\n"


def ontology_turtle(found: Catalog) -> str:
    """The ontology."""
    words = found.words
    parts = ["# A first ontology, made by looking at the files: what the mapping beside it says.", _PREFIXES]
    parts += ["# --- Classes ---\n", *_classes(found)]
    if words.datatypes:
        parts += ["# --- Properties; an entity's name is kg:name ---\n"]
        parts += [_property(name, label, datatype) for name, (label, datatype) in words.datatypes.items()]
    if words.relations:
        parts += ["# --- Relations: the label reads from head to tail, the inverse label from tail to head ---\n"]
        parts += [_relation(relation) for relation in words.relations.values()]
    return "\n".join(parts)


def quoted(text: str) -> str:
    """A text as YAML: plain where that is the same."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return text if plain else _text(text)


def _file(file: str, plans: Sequence[FilePlan]) -> Iterator[str]:
    """The entry of a file; several plans are its rules."""
    if not any(plan.says_something for plan in plans):
        notes = (note for plan in plans for note in _notes(plan))
        yield from (f"  {note}" for note in (f"# {quoted(file)}:", *notes))
    elif len(plans) == 1:
        yield f"  {quoted(file)}:"
        yield from (f"    {line}" for line in _rule(plans[0]))
    else:
        yield f"  {quoted(file)}:"
        yield "    rules:"
        for plan in plans:
            first, *rest = _rule(plan)
            yield f"      - {first}"
            yield from (f"        {line}" for line in rest)
    yield ""


def _rule(plan: FilePlan) -> Iterator[str]:
    """What rows say, and which rows."""
    if plan.kind is not None:
        yield f"when: {{{quoted(TYPE)}: {quoted(plan.kind)}}}"
    yield from _notes(plan)
    if plan.entity:
        yield from _entity(plan.entity)
    if plan.triples:
        yield "triples:"
        for triple in plan.triples:
            yield from _triple(triple)
    if plan.interactions:
        yield "interactions:"
        for interaction in plan.interactions:
            yield from _interaction(interaction)
    if not plan.says_something:
        yield "skip: true"


def _notes(plan: FilePlan) -> Iterator[str]:
    return (f"# {_comment(note)}" for note in plan.notes)


def _entity(plan: EntityPlan) -> Iterator[str]:
    yield "entity:"
    yield f"  class: {quoted(plan.cls)}"
    yield _with(f"  key: {quoted(plan.key)}", plan.why)
    if plan.properties:
        yield "  properties:"
    for one in plan.properties:
        yield _with(f"    {quoted(one.name)}: {_cell(one.column, one.reading)}", one.why)


def _triple(plan: TriplePlan) -> Iterator[str]:
    first = "  - "
    if plan.why:
        yield f"  # {_comment(plan.why)}"
    if plan.head:
        yield f"{first}head: {_end(plan.head)}"
        first = "    "
    yield from _relation_lines(first, plan.relation)
    yield f"    tail: {_end(plan.tail)}"


def _interaction(plan: InteractionPlan) -> Iterator[str]:
    if plan.why:
        yield f"  # {_comment(plan.why)}"
    yield from _relation_lines("  - ", plan.relation)
    yield f"    user: {_end(plan.user)}"
    yield f"    item: {_end(plan.item)}"
    if plan.value:
        yield f"    value: {quoted(plan.value)}"
    column, reading = plan.at
    how = reading.keys or (("unit", "iso"),)
    yield f"    at: {{column: {quoted(column)}{_keys(how)}}}"
    if plan.id:
        yield f"    id: {quoted(plan.id)}"


def _relation_lines(indent: str, relation: str | Chosen) -> Iterator[str]:
    if isinstance(relation, str):
        yield f"{indent}relation: {quoted(relation)}"
        return
    yield f"{indent}relation:"
    yield f"      column: {quoted(relation.column)}"
    yield "      values:"
    yield from (f"        {quoted(text)}: {quoted(name)}" for text, name in relation.relations.items())


def _end(end: End) -> str:
    more = f", split: {quoted(end.split)}" if end.split else ""
    return f"{{class: {quoted(end.cls)}, key: {quoted(end.column)}{more}{', create: true' if end.create else ''}}}"


def _cell(column: str, reading: Reading) -> str:
    if not (reading.keys or reading.empty):
        return quoted(column)
    empty = f", empty: [{', '.join(map(quoted, reading.empty))}]" if reading.empty else ""
    return f"{{column: {quoted(column)}{empty}{_keys(reading.keys)}}}"


def _keys(keys: Sequence[tuple[str, str]]) -> str:
    return "".join(f", {key}: {quoted(value)}" for key, value in keys)


def _with(line: str, why: str) -> str:
    return f"{line}  # {_comment(why)}" if why else line


def _classes(found: Catalog) -> Iterator[str]:
    for name, label in found.words.labels.items():
        if name in CORE_CLASSES:
            continue
        lines = [f":{name} a owl:Class ;", f"    rdfs:label {_text(label)}"]
        if found.words.parents.get(name) in CORE_CLASSES - {name}:
            lines[-1] += " ;"
            lines.append(f"    rdfs:subClassOf kg:{found.words.parents[name]}")
        guess = name == found.guessed_item
        note = f"# Most is said of it, so it was taken for what is recommended: a kind of kg:{ITEM}.\n" if guess else ""
        yield note + "\n".join(lines) + " .\n"


def _property(name: str, label: str, datatype: Datatype) -> str:
    return f":{name} a owl:DatatypeProperty ;\n    rdfs:label {_text(label)} ;\n    rdfs:range xsd:{_XSD[datatype]} .\n"


def _relation(relation: Relation) -> str:
    liked = "# Who gave 7 of 10 or more liked it.\n" if relation.positive_from is not None else ""
    lines = [
        f":{relation.local} a owl:ObjectProperty ;",
        f"    rdfs:label {_text(relation.label)} ;",
        f"    kg:inverseLabel {_text(relation.inverse)} ;",
        f"    rdfs:domain {_class(relation.domain)} ;",
        f"    rdfs:range {_class(relation.range)}",
    ]
    if relation.positive_from is not None:
        lines[-1] += " ;"
        lines.append(f"    kg:positiveFrom {relation.positive_from:g}")
    return liked + "\n".join(lines) + " .\n"


def _class(name: str) -> str:
    return f"kg:{name}" if name in CORE_CLASSES else f":{name}"


def _text(text: str) -> str:
    """A text between quotes, as YAML and Turtle both write it; what does not print becomes its number."""
    return '"' + "".join(map(_letter, text)) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 1 << 16 else f"\\U{ord(letter):08x}"


def _comment(text: str) -> str:
    """A text in one line."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
