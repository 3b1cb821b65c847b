"""The statements of the graph store: one text for both databases.

Labels and relation types cannot be parameters of a statement; they come from an `Ontology`, which has checked that
they are plain names, and are checked again here. Everything else is a parameter.
"""

import re
from typing import NamedTuple

from ontology.errors import InputError
from ontology.model import Ontology

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
RECORDS = ("Load", "Lock", "Migration")
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


def find_entities(cls: str) -> str:
    """Those of $keys that are there: id."""
    return f"UNWIND $keys AS key MATCH (n:{plain(cls)} {{id: key}}) RETURN n.id AS id"


def all_entities(cls: str) -> str:
    """Everything of a class: id, properties."""
    return f"MATCH (n:{plain(cls)}) RETURN n.id AS id, properties(n) AS properties"


def all_relationships(relation: str) -> str:
    """Everything of a relation: head, head_id, tail, tail_id, properties. A node has one label."""
    return (
        f"MATCH (h)-[x:{plain(relation)}]->(t) RETURN labels(h)[0] AS head, h.id AS head_id, "
        "labels(t)[0] AS tail, t.id AS tail_id, properties(x) AS properties"
    )


LOCK = "MERGE (l:Lock {id: $relation}) SET l.turn = coalesce(l.turn, 0) + 1"
"""Writers of one relation take turns: Neo4j lets the second wait here. For the embedded database see kg/turns.py."""


def find_triples(kind: Kind, from_head: bool) -> str:
    """Those of $wanted that are there: number. $wanted: near key -> far key -> number; $keys are the near keys."""
    far = "t" if from_head else "h"
    return f"{_walk(kind, from_head)} WITH $wanted[key][{far}.id] AS number WHERE number IS NOT NULL RETURN number"


def create_triples(kind: Kind) -> str:
    """Create $rows: {head, tail, number} whose ends are there; give their numbers."""
    head, relation, tail = map(plain, kind)
    return (
        f"UNWIND $rows AS row MATCH (h:{head} {{id: row.head}}) MATCH (t:{tail} {{id: row.tail}}) "
        f"CREATE (h)-[:{relation}]->(t) RETURN row.number AS number"
    )


def change_interactions(kind: Kind, from_head: bool) -> str:
    """Change those of $rows that are there: id -> {head, tail, value, at}; give their ids. $keys: the near keys."""
    return (
        f"{_walk(kind, from_head)} WITH h, x, t, $rows[x.id] AS row WHERE row.head = h.id AND row.tail = t.id "
        "SET x.value = row.value, x.at = row.at RETURN x.id AS id"
    )


def create_interactions(kind: Kind) -> str:
    """Create $rows: {id, head, tail, value, at}, whose items are there, and their users."""
    head, relation, tail = map(plain, kind)
    return (
        f"UNWIND $rows AS row MATCH (t:{tail} {{id: row.tail}}) MERGE (h:{head} {{id: row.head}}) "
        f"CREATE (h)-[:{relation} {{id: row.id, value: row.value, at: row.at}}]->(t)"
    )


def delete_interactions(relation: str) -> str:
    """Delete the interactions whose ids are the keys of $rows, whoever had them. Reads the whole relation."""
    return f"MATCH ()-[x:{plain(relation)}]->() WHERE $rows[x.id] IS NOT NULL DELETE x"


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
