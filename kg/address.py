"""Where a graph store is, and who asks. Passwords are never printed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ontology.errors import InputError

VARIABLES: Mapping[str, str] = {
    "KG_GRAPH": "The graph store, bolt://host:7687 or neo4j://…; empty: the embedded database.",
    "KG_GRAPH_USER": "Who logs in; neo4j when not set.",
    "KG_GRAPH_PASSWORD": "The password. Other processes of the same user can see it; a file is better.",
    "KG_GRAPH_PASSWORD_FILE": "A file with the password, which takes precedence.",
    "KG_GRAPH_DATABASE": "The database on that server; neo4j when not set.",
}
"""What is read from the environment, and what it is for."""


@dataclass(frozen=True)
class Login:
    """A user of the database."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class GraphAddress:
    """A database over Bolt. `reader` may only read; where there is none, reading is enforced by the access mode.

    Only the embedded database has these: `control` is the HTTP address at which it takes orders, `turns` the file
    that its writers lock one after the other.
    """

    uri: str
    login: Login
    reader: Login | None = None
    database: str = "neo4j"
    control: str | None = None
    turns: str | None = None


def address_from(env: Mapping[str, str] = os.environ) -> GraphAddress | None:
    """The server that KG_GRAPH names, or None where it is empty. Raises InputError."""
    uri = env.get("KG_GRAPH", "")
    if not uri:
        return None
    if not uri.startswith(("bolt://", "bolt+s://", "bolt+ssc://", "neo4j://", "neo4j+s://", "neo4j+ssc://")):
        raise InputError("KG_GRAPH must begin with bolt:// or neo4j:// (or be empty for the embedded database)")
    if "@" in uri:
        raise InputError("KG_GRAPH holds a password; put it into KG_GRAPH_PASSWORD or KG_GRAPH_PASSWORD_FILE")
    try:
        urlsplit(uri).port  # noqa: B018 looked at, because that is what raises
    except ValueError as error:
        raise InputError(f"KG_GRAPH {uri} has a port that is none: {error}") from error
    login = Login(env.get("KG_GRAPH_USER", "neo4j"), _password(env))
    return GraphAddress(uri, login, database=env.get("KG_GRAPH_DATABASE", "neo4j"))


def _password(env: Mapping[str, str]) -> str:
    file = env.get("KG_GRAPH_PASSWORD_FILE")
    if not file:
        return env.get("KG_GRAPH_PASSWORD", "")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(f"KG_GRAPH_PASSWORD_FILE {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InputError(f"KG_GRAPH_PASSWORD_FILE {file} is not UTF-8") from None  # the cause quotes the password
