"""The statements of the graph store: one text for both databases.

Labels and relation types cannot be parameters of a statement; they come from an `Ontology`, which has checked that
they are plain names, and are checked again here. Everything else is a parameter.
"""

import re
from typing import NamedTuple

from ontology.errors import InputError
from ontology.model import Ontology

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
RECORDS = ("Ledger", "Load", "Lock", "Migration")
"""The labels of what the store notes down for itself."""


class Kind(NamedTuple):
    """What relationships of one statement have in common: the classes of both ends, and the relation."""

    head: str
    relation: str
    tail: str


def migrations(ontology: Ontology) -> dict[str, str]:
    """Migration id -> statement: the id of a node is unique in its class, that of an interaction in its relation."""
    nodes = {f"unique_{name}_id": f"FOR (x:{plain(name)})" for name in (*RECORDS, *sorted(ontology.classes))}
    events = {f"unique_{r.name}_id": f"FOR ()-[x:{plain(r.name)}]-()" for r in ontology.interactions()}
    wanted = {**nodes, **events}
    return {id_: f"CREATE CONSTRAINT {id_} IF NOT EXISTS {on} REQUIRE x.id IS UNIQUE" for id_, on in wanted.items()}


def put_entities(cls: str) -> str:
    """Create or change $rows: {id, set}."""
    return f"UNWIND $rows AS row MERGE (n:{plain(cls)} {{id: row.id}}) SET n += row.set"


def change_entities(cls: str) -> str:
    """Change those of $rows that are there: {id, set, all}; create the others with all they have."""
    merge = f"UNWIND $rows AS row MERGE (n:{plain(cls)} {{id: row.id}})"
    return f"{merge} ON CREATE SET n += row.all ON MATCH SET n += row.set"


def create_entities(cls: str) -> str:
    """Create $rows: {id, set}, none of which may be there."""
    return f"UNWIND $rows AS row CREATE (n:{plain(cls)} {{id: row.id}}) SET n += row.set"


def delete_entities(cls: str) -> str:
    """Delete those of $keys that are there, and all their relationships."""
    return f"UNWIND $keys AS key MATCH (n:{plain(cls)} {{id: key}}) DETACH DELETE n"


def find_entities(cls: str) -> str:
    """Those of $keys that are there, as one list: a driver takes a list faster than as many rows."""
    return f"UNWIND $keys AS key MATCH (n:{plain(cls)} {{id: key}}) RETURN collect(n.id) AS found"


def all_entities(cls: str) -> str:
    """Everything of a class: id, properties."""
    return f"MATCH (n:{plain(cls)}) RETURN n.id AS id, properties(n) AS properties"


def all_relationships(relation: str) -> str:
    """Everything of a relation: head, head_id, tail, tail_id, properties. A node has one label."""
    return (
        f"MATCH (h)-[x:{plain(relation)}]->(t) RETURN labels(h)[0] AS head, h.id AS head_id, "
        "labels(t)[0] AS tail, t.id AS tail_id, properties(x) AS properties"
    )


LOCK = "MERGE (l:Lock {id: $relation}) SET l.turn = coalesce(l.turn, 0) + 1 RETURN l.turn AS turn"
"""Writers of one relation take turns: Neo4j lets the second wait here. For the embedded database see kg/turns.py."""
TURNS = "MATCH (l:Lock) RETURN l.id AS relation, l.turn AS turn"


def find_triples(kind: Kind, from_head: bool) -> str:
    """Those of $wanted that are there, their numbers as one list.

    $wanted: near key -> far key -> number; $keys are the near keys.
    """
    far = "t" if from_head else "h"
    known = f"WITH $wanted[key][{far}.id] AS number WHERE number IS NOT NULL"
    return f"{_walk(kind, from_head)} {known} RETURN collect(number) AS found"


def create_triples(kind: Kind, *, dated: bool = False) -> str:
    """Create $rows whose ends are there; give their numbers as one list.

    A row is [number, head, tail, file, row], and since and until where it is `dated`; a file is a position in $files.
    """
    head, relation, tail = map(plain, kind)
    return (
        f"UNWIND $rows AS row MATCH (h:{head} {{id: row[1]}}) MATCH (t:{tail} {{id: row[2]}}) "
        f"CREATE (h)-[x:{relation} {{kg_source: $files[row[3]], kg_row: row[4], kg_at: $at}}]->(t)"
        f"{_DATES if dated else ''} RETURN collect(row[0]) AS found"
    )


_DATES = " SET x.since = row[5], x.until = row[6]"


def date_triples(kind: Kind, from_head: bool) -> str:
    """Say when those of $wanted hold: near key -> far key -> a row as above; $keys are the near keys."""
    far = "t" if from_head else "h"
    return (
        f"{_walk(kind, from_head)} WITH x, $wanted[key][{far}.id] AS row WHERE row IS NOT NULL "
        f"SET x.kg_source = $files[row[3]], x.kg_row = row[4], x.kg_at = $at, x.since = row[5], x.until = row[6]"
    )


def delete_triples(kind: Kind, from_head: bool) -> str:
    """Delete those of $wanted that are there: near key -> far key -> anything; $keys are the near keys."""
    far = "t" if from_head else "h"
    return f"{_walk(kind, from_head)} WITH x, $wanted[key][{far}.id] AS row WHERE row IS NOT NULL DELETE x"


def change_interactions(kind: Kind, from_head: bool) -> str:
    """Change those of $rows that are there: id -> row; give their ids as one list. $keys: the near keys.

    A row is [id, head, tail, value, at, file, row]; a file is a position in $files.
    """
    return (
        f"{_walk(kind, from_head)} WITH h, x, t, $rows[x.id] AS row WHERE row[1] = h.id AND row[2] = t.id "
        "SET x.value = row[3], x.at = row[4], x.kg_source = $files[row[5]], x.kg_row = row[6], x.kg_at = $at "
        "RETURN collect(x.id) AS found"
    )


def create_interactions(kind: Kind) -> str:
    """Create $rows, as above, whose items are there, and their users."""
    head, relation, tail = map(plain, kind)
    return (
        f"UNWIND $rows AS row MATCH (t:{tail} {{id: row[2]}}) MERGE (h:{head} {{id: row[1]}}) "
        f"CREATE (h)-[:{relation} {{id: row[0], value: row[3], at: row[4], "
        f"kg_source: $files[row[5]], kg_row: row[6], kg_at: $at}}]->(t)"
    )


def delete_interactions(relation: str) -> str:
    """Delete the interactions whose ids are the keys of $rows, whoever had them. Reads the whole relation."""
    return f"MATCH ()-[x:{plain(relation)}]->() WHERE $rows[x.id] IS NOT NULL DELETE x"


def delete_between(kind: Kind, from_head: bool) -> str:
    """Delete the interactions of the near $keys whose ids are the keys of $ids."""
    return f"{_walk(kind, from_head)} WITH x WHERE $ids[x.id] IS NOT NULL DELETE x"


def plain(name: str) -> str:
    """A label or type that is safe as part of a statement. Raises InputError for others."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a plain name of a class or relation")
    return name


def _walk(kind: Kind, from_head: bool) -> str:
    head, relation, tail = map(plain, kind)
    if from_head:
        return f"UNWIND $keys AS key MATCH (h:{head} {{id: key}})-[x:{relation}]->(t:{tail})"
    return f"UNWIND $keys AS key MATCH (t:{tail} {{id: key}})<-[x:{relation}]-(h:{head})"
