r"""The text of a filter -> its tree. docs/filters.md has the grammar, and what it means.

Keywords may be written in any case, names in any case and with or without `_`. A text stands in double or single
quotes; in it `\` takes the next character as it is.
"""

import math
import re
from dataclasses import dataclass
from typing import cast

from kg.formats.encoding import shown
from ontology.letters import MARKS
from retrieval.filter_tree import (
    Among,
    And,
    Compared,
    Constant,
    Contains,
    FilterError,
    Has,
    IsA,
    Name,
    Not,
    Operator,
    Or,
    Test,
    Tree,
)

MOST_CHARACTERS = 10_000
MOST_TESTS = 100
MOST_CONTAINS = 10
"""Each of them reads the texts of all that was edited, and until the next edit those of the bundle."""
MOST_VALUES = 1000
"""Of all lists together, as many as the API takes keys elsewhere."""
DEEPEST = 30
"""Of parentheses and `not`, one in the other."""
LONGEST_PATH = 4
LONGEST_NAME = 200

KEYWORDS = frozenset({"and", "or", "not", "has", "in", "contains", "is_a", "true", "false"})
_TOKEN = re.compile(
    rf"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*') | (?P<open>["'].*)
      | (?P<number>[+-]?(?:\d++(?:\.\d++)?+|\.\d++)(?:e[+-]?\d++)?+(?![\w.])) | (?P<operator>!=|<=|>=|=|<|>)
      | (?P<word>[^\W\d][\w{MARKS}]*) | (?P<sign>[()\[\],.]) | (?P<other>\d[\w.]*+|\S)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
# A number that is none, and a text without an end, are one token: so no text is scanned twice.
_ELSEWHERE = {"=": "one =", "&": "and", "|": "or", "!": "not", "~": "contains", ":": "="}
"""What other languages write, and what it is here."""
_AFTER_A_NAME = "=, !=, <, <=, >, >=, in, contains or is_a"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def keyword(self) -> str:
        """What stands here for the grammar: a keyword or a sign; "" for a name or value."""
        if self.kind == "word":
            return self.text.lower() if self.text.lower() in KEYWORDS else ""
        return self.text if self.kind in {"sign", "operator"} else ""


def parse(text: str) -> Tree:
    """The tree of a filter. Raises FilterError."""
    if len(text) > MOST_CHARACTERS:
        raise FilterError(
            MOST_CHARACTERS + 1, f"a filter has at most {MOST_CHARACTERS:,} characters, not {len(text):,}"
        )
    reader = _Reader(text)
    tree = reader.either(DEEPEST)
    if not reader.ended:
        raise reader.unexpected("and, or, or the end")
    return tree


class _Reader:
    """Walks over the tokens of a text, one method for each line of the grammar."""

    def __init__(self, text: str) -> None:
        found = _TOKEN.finditer(text)
        self._tokens = [_Token(one.lastgroup or "", one.group(), one.start() + 1) for one in found]
        self._tokens.append(_Token("end", "", len(text) + 1))
        self._position = self._tests = self._contains = self._values = 0

    @property
    def ended(self) -> bool:
        return self._here.kind == "end"

    @property
    def _here(self) -> _Token:
        return self._tokens[self._position]

    def either(self, depth: int) -> Tree:
        parts = [self._both(depth)]
        while self._took("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self, depth: int) -> Tree:
        parts = [self._single(depth)]
        while self._took("and"):
            parts.append(self._single(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _single(self, depth: int) -> Tree:
        if not depth:
            raise FilterError(self._here.at, f"a filter is at most {DEEPEST} deep in parentheses and not")
        if self._took("not"):
            return Not(self._single(depth - 1))
        if self._took("("):
            tree = self.either(depth - 1)
            self._take(")", "and, or, or )")
            return tree
        return self._test()

    def _test(self) -> Tree:
        self._tests += 1
        if self._tests > MOST_TESTS:
            raise FilterError(self._here.at, f"a filter has at most {MOST_TESTS} tests")
        if self._here.keyword == "has" and self._tokens[self._position + 1].kind == "word":
            self._position += 1
            return Has(self._path())
        path = self._path()
        if self._here.kind == "operator":
            operator = cast(Operator, self._next().text)
            return Compared(path, operator, self._constant())
        if self._took("not"):
            return Not(self._said(path, "in, contains or is_a"))
        return self._said(path, _AFTER_A_NAME)

    def _said(self, path: tuple[Name, ...], wanted: str) -> Test:
        if self._took("in"):
            return Among(path, self._list())
        if self._took("contains"):
            self._contains += 1
            if self._contains > MOST_CONTAINS:
                raise FilterError(path[0].at, f"a filter has at most {MOST_CONTAINS} tests with contains")
            return Contains(path, self._text())
        if self._took("is_a"):
            return IsA(path, self._name("a class") if self._here.kind == "word" else self._text())
        raise self.unexpected(wanted)

    def _path(self) -> tuple[Name, ...]:
        names = [self._name("a property or a relation")]
        while self._took("."):
            names.append(self._name("a name after the dot"))
        if len(names) > LONGEST_PATH:
            raise FilterError(names[LONGEST_PATH].at, f"a path has at most {LONGEST_PATH} names")
        return tuple(names)

    def _name(self, wanted: str) -> Name:
        if self._here.kind != "word":
            raise self.unexpected(wanted)
        token = self._next()
        if len(token.text) > LONGEST_NAME:
            raise FilterError(token.at, f"a name has at most {LONGEST_NAME} characters, not {len(token.text):,}")
        return Name(token.text, token.at)

    def _list(self) -> tuple[Constant, ...]:
        self._take("[", "a list: [1990, 1991]")
        constants = [self._constant()]
        while self._took(","):
            constants.append(self._constant())
        self._take("]", ", or ]")
        self._values += len(constants)
        if self._values > MOST_VALUES:
            raise FilterError(constants[0].at, f"the lists of a filter have at most {MOST_VALUES:,} values together")
        return tuple(constants)

    def _constant(self) -> Constant:
        here = self._here
        if here.kind == "text":
            return self._text()
        if here.kind == "number":
            self._next()
            return Constant(_number(here), here.at)
        if here.keyword in {"true", "false"}:
            self._next()
            return Constant(here.keyword == "true", here.at)
        raise self.unexpected("a value: a text in quotes, a number, true or false")

    def _text(self) -> Constant:
        if self._here.kind != "text":
            raise self.unexpected("a text in quotes")
        token = self._next()
        return Constant(re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL), token.at)

    def _take(self, keyword: str, wanted: str) -> None:
        if not self._took(keyword):
            raise self.unexpected(wanted)

    def _took(self, keyword: str) -> bool:
        took = self._here.keyword == keyword
        self._position += took
        return took

    def _next(self) -> _Token:
        self._position += 1
        return self._tokens[self._position - 1]

    def unexpected(self, wanted: str) -> FilterError:
        here = self._here
        if here.kind == "open":
            return FilterError(here.at, f"the text that begins with {here.text[0]} has no end")
        if here.kind == "end":
            return FilterError(here.at, f"the filter ends where {wanted} is expected")
        found = f"found {shown(repr(here.text))}, expected {wanted}"
        hint = _ELSEWHERE.get(here.text)
        return FilterError(here.at, f"{found}; write {hint}" if hint else found)


def _number(token: _Token) -> int | float:
    if re.fullmatch(r"[+-]?\d+", token.text):
        if len(token.text) > 20:
            raise FilterError(token.at, f"{token.text[:20]}… is not an integer of 64 bits")
        return int(token.text)
    value = float(token.text)
    if not math.isfinite(value):
        raise FilterError(token.at, f"{token.text} is too large for a number")
    return value
