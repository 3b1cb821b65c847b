"""What an analyst may not ask, whatever the database allows."""

import re

from ontology.errors import InputError

PROCEDURES = frozenset({"db.labels", "db.relationshiptypes", "db.propertykeys", "db.schema.visualization"})
"""The procedures that may be called, in lower case: they only describe the graph."""

_QUIET = re.compile(r"//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_LOAD_CSV = re.compile(r"\bLOAD\s+CSV\b", re.IGNORECASE)
_WRITE = re.compile(r"(?<![\w.:$`])(CREATE|MERGE|SET|DELETE|REMOVE|DROP|FOREACH)\b", re.IGNORECASE)
_CALL = re.compile(r"\bCALL\b\s*(\(|\{|[\w.`]+)?", re.IGNORECASE)


def check_query(cypher: str) -> None:
    """Refuse what writes, reads files, or calls procedures that are not on the list. Raises InputError.

    This is for the clear sentence, and one of three locks: the login or the access mode cannot write either, and a
    query's transaction is always rolled back.
    """
    bare = _QUIET.sub(" ", cypher)
    if _LOAD_CSV.search(bare):
        raise InputError("LOAD CSV reads files and is not allowed in a query; load files with `kg ingest`")
    if write := _WRITE.search(bare):
        raise InputError(f"a query may only read, and this one says {write.group(1).upper()}")
    for call in _CALL.finditer(bare):
        name = (call.group(1) or "").replace("`", "")
        if name in {"(", "{"}:
            continue  # a subquery; what it calls is found on its own
        if name.lower() not in PROCEDURES:
            raise InputError(f"procedure {name!r} is not allowed in a query; allowed: {', '.join(sorted(PROCEDURES))}")
