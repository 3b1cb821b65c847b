r"""The text of a rule -> `Rule`. A text is sentences with a dot between them:

    ?a directedBy ?p          a triple; the relation as in Turtle, or as in the graph (DIRECTED_BY)
    ?a a Film                 the class of an entity, or one of its subclasses
    ?a != ?b                  not the same entity
    ?a.year >= 1990           a property and a constant: = != < <= > >=; ?a.id is the key

A constant is a number, true or false, or a text in quotes; a date is a text, '2024-05-01'. Numbers and dates have an
order, others are only equal or not. What follows (`kg:then`) is triples alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ontology.constraints import Value
from ontology.errors import InputError
from ontology.model import Datatype, Ontology
from ontology.names import a_datatype, relation_name
from ontology.rules import KEY, Compared, Condition, Different, OfClass, Pattern
from ontology.times import iso_milliseconds

_TOKEN = re.compile(
    r"""(?P<asked>\?[A-Za-z]\w*\.[A-Za-z]\w*) | (?P<variable>\?[A-Za-z]\w*) | (?P<operator>!=|<=|>=|=|<|>)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*') | (?P<number>[+-]?\d+(?:\.\d+)?(?!\w)) | (?P<word>[A-Za-z]\w*)
      | (?P<dot>\.) | (?P<other>\S)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_EQUALITY = frozenset({"=", "!="})
_COMPARISONS = frozenset({"asked operator text", "asked operator number", "asked operator word"})
_FORMS = "'?a relation ?b', '?a a Class', '?a != ?b' or '?a.property >= 1990'"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def read_conditions(text: str, ontology: Ontology, where: str) -> tuple[list[Pattern], list[Condition]]:
    """What `kg:if` says. Raises InputError, which begins with `where`."""
    patterns: list[Pattern] = []
    conditions: list[Condition] = []
    for sentence in _sentences(text, where):
        said = _sentence(sentence, ontology, where)
        if isinstance(said, Pattern):
            patterns.append(said)
        else:
            conditions.append(said)
    return patterns, conditions


def read_conclusions(text: str, ontology: Ontology, where: str) -> list[Pattern]:
    """What `kg:then` says. Raises InputError, which begins with `where`."""
    conclusions: list[Pattern] = []
    for sentence in _sentences(text, where):
        said = _sentence(sentence, ontology, where)
        if not isinstance(said, Pattern):
            raise InputError(
                f"{where}: {_shown(sentence)} cannot follow from a rule; only triples can: '?a relation ?b'"
            )
        conclusions.append(said)
    return conclusions


def _sentences(text: str, where: str) -> Iterator[list[_Token]]:
    tokens = [_Token(found.lastgroup or "", found.group()) for found in _TOKEN.finditer(text)]
    found = False
    while tokens:
        end = next((i for i, token in enumerate(tokens) if token.kind == "dot"), len(tokens))
        if tokens[:end]:
            found = True
            yield tokens[:end]
        tokens = tokens[end + 1 :]
    if not found:
        raise InputError(f"{where} is empty; it has to say something like {_FORMS}")


def _sentence(tokens: Sequence[_Token], ontology: Ontology, where: str) -> Pattern | Condition:
    kinds = " ".join(token.kind for token in tokens)
    texts = [token.text.removeprefix("?") if token.kind == "variable" else token.text for token in tokens]
    if kinds == "variable word variable" and texts[1] != "a":
        return Pattern(texts[0], _relation(texts[1], ontology, where), texts[2])
    if kinds == "variable word word" and texts[1] == "a":
        if texts[2] not in ontology.classes:
            raise InputError(f"{where}: class {texts[2]!r} is not in the ontology; {_known(ontology.classes)}")
        return OfClass(texts[0], ontology.kinds_of(texts[2]))
    if kinds == "variable operator variable" and texts[1] == "!=":
        return Different(texts[0], texts[2])
    if kinds in _COMPARISONS:
        return _compared(tokens, ontology, where)
    raise InputError(f"{where}: {_shown(tokens)} is not understood; a sentence is {_FORMS}")


def _relation(word: str, ontology: Ontology, where: str) -> str:
    name = relation_name(word) if word[0].islower() and word.isalnum() else word
    if name not in ontology.relations:
        raise InputError(f"{where}: relation {word!r} is not in the ontology; {_known(ontology.relations)}")
    return name


def _compared(tokens: Sequence[_Token], ontology: Ontology, where: str) -> Compared:
    variable, _, name = tokens[0].text.removeprefix("?").partition(".")
    if name != KEY and name not in ontology.properties:
        raise InputError(f"{where}: property {name!r} is not in the ontology; {_known(ontology.properties)}, {KEY}")
    datatype = "string" if name == KEY else ontology.properties[name].datatype
    said, kind = _shown(tokens), a_datatype(datatype)
    if datatype in {"string", "boolean"} and tokens[1].text not in _EQUALITY:
        raise InputError(f"{where}: {said}: {kind} has no order here; it can be = or != something")
    try:
        value = _constant(tokens[2], datatype)
    except (ValueError, KeyError):
        raise InputError(f"{where}: {said}: {name!r} is {kind}, and {tokens[2].text} is none") from None
    return Compared(variable, name, tokens[1].text, value)


def _constant(token: _Token, datatype: Datatype) -> Value:
    """The constant as a value of the datatype. Raises ValueError or KeyError."""
    if datatype in {"string", "date"}:
        if token.kind != "text":
            raise ValueError(token.text)
        text = re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        return iso_milliseconds(text) if datatype == "date" else text
    if datatype == "boolean":
        return {"true": True, "false": False}[token.text]
    return float(token.text) if "." in token.text else int(token.text)


def _shown(tokens: Sequence[_Token]) -> str:
    return repr(" ".join(token.text for token in tokens))


def _known(names: Iterable[str]) -> str:
    return f"it has {', '.join(sorted(names))}"
