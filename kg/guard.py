"""What an analyst may not ask, whatever the database allows."""

import re

from ontology.errors import InputError

PROCEDURES = frozenset({"db.labels", "db.relationshiptypes", "db.propertykeys", "db.schema.visualization"})
"""The procedures that may be called, in lower case: they only describe the graph."""
NAMESPACES = frozenset({"date", "datetime", "duration", "localdatetime", "localtime", "point", "time"})
"""Functions with a dot in their name are known by what stands before it: built in, and free of effects."""
STARTS = frozenset({"CALL", "MATCH", "OPTIONAL", "RETURN", "UNWIND", "WITH", "EXPLAIN", "PROFILE"})
"""What a query may begin with: so no administration, whatever the database calls it."""

_TOKEN = re.compile(
    r"""//[^\n\r]*|/\*.*?\*/|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:``|[^`])*`""",
    re.DOTALL,
)
_WRITES = "CREATE|MERGE|SET|DELETE|REMOVE|DROP|FOREACH|INSERT|USE|TERMINATE|SHOW|ALTER"
_WRITE = re.compile(rf"(?<![\w.:$`|&!])({_WRITES})\b(?!\s*:)", re.IGNORECASE)
"""As a word of its own: not a label, property, parameter or quoted name, nor the key of a map."""
_LOAD = re.compile(r"\bLOAD\s+CSV\b", re.IGNORECASE)
_CALL = re.compile(r"(?<![\w.:$`])CALL\b\s*([^\s({;]*)", re.IGNORECASE)
_FUNCTION = re.compile(r"((?:[\w`']+\s*\.\s*)+[\w`']+)\s*\(")


def check_query(cypher: str) -> None:
    """Refuse what writes, reads files, or calls procedures that are not on the list. Raises InputError.

    This is for the clear sentence, and for procedures, which no database can hold back from a reader. It is one of
    three locks: the login or the access mode cannot write either, and a query's transaction is always rolled back.
    """
    if re.search(r"\\+u", cypher):
        # Neo4j replaces \u0041 before it reads anything, so it could spell what is looked for here.
        raise InputError("\\u escapes are not allowed in a query; write the character itself, or use a parameter")
    bare = _TOKEN.sub(_hidden, cypher).strip()
    _check_start(bare)
    if _LOAD.search(bare):
        raise InputError("LOAD CSV reads files and is not allowed in a query; load files with `kg ingest`")
    if write := _WRITE.search(bare):
        word = write.group(1)
        raise InputError(f"a query may only read, and this one says {word.upper()}; a name like that needs `backticks`")
    for call in _CALL.finditer(bare):
        name = re.sub(r"[`']", "", call.group(1))
        if name and name.lower() not in PROCEDURES:  # without a name it is a subquery: what that calls is found itself
            raise InputError(f"procedure {name!r} is not allowed in a query; allowed: {', '.join(sorted(PROCEDURES))}")
    for function in _FUNCTION.finditer(bare):
        _check_function(re.sub(r"[\s`']", "", function.group(1)))


def _check_start(bare: str) -> None:
    first = re.match(r"\w*", bare)
    word = first.group().upper() if first else ""
    if word not in STARTS:
        begins = ", ".join(sorted(STARTS))
        raise InputError(f"a query has to begin with one of {begins}; this one begins with {word or bare[:10]!r}")


def _check_function(name: str) -> None:
    if name.partition(".")[0].lower() not in NAMESPACES and name.lower() not in PROCEDURES:
        raise InputError(f"function {name!r} is not allowed in a query; allowed are the built-in ones")


def _hidden(token: re.Match[str]) -> str:
    """Comments and texts say nothing; a quoted name is one word, whatever it holds.

    It ends in another character than it began, since a word that follows it is not quoted.
    """
    text = token.group()
    return "`" + re.sub(r"[^\w.]", "_", text[1:-1]) + "'" if text.startswith("`") else " "
