"""The graph database that needs no server: ArcadeDB, a server on loopback, spoken to over Bolt.

It runs as long as any process of the workspace uses it: the others find its address in a file and join. Files say who
does what: `lock` is held by its keeper, `users` by all that use it (kg/keeper.py).
"""

import base64
import fcntl
import hashlib
import json
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from kg import java
from kg.address import GraphAddress, Login
from kg.child import free_ports, spawn
from kg.keeper import ANNOUNCEMENT, SIGNALLED, STOP_S, USERS, kept
from ontology.errors import StoreError

DATABASE = "neo4j"
START_S = 60.0
LEARN_S = 120.0
COMMAND_S = 1800
"""No statement runs longer. This counts for loads and for reading everything, too; analysts have their own limit."""
MESSAGE_BYTES = 256 * 1024 * 1024
"""A batch of entities with long texts is one message."""
BULK_BYTES = 4 * 1024 * 1024 * 1024
"""A bulk load streams through; it is never held as a whole."""
STARTED = "ArcadeDB Server started"
FAILED = 'Exception in thread "main"'
PASSING = ("is locked by another process", "Unable to listen")
"""Reasons not to start that go away: the last one is just ending, or somebody else took the port."""
_PBKDF2_ROUNDS = 65_536
_GROUPS = {
    "admin": (["updateSecurity", "updateSchema", "updateDatabaseSettings"], ["create", "read", "update", "delete"]),
    "reader": ([], ["read"]),
    "*": ([], []),
}


@contextmanager
def embedded(folder: Path, *, learn: Path | None = None) -> Iterator[GraphAddress]:
    """The database whose files are in `folder`: started here, or joined where it runs already.

    It ends with the last one who uses it, who waits until it has; with `learn` it then writes down there what makes the
    next one start faster. Raises StoreError if it does not start.
    """
    folder = folder.resolve()
    _make_private(folder)
    for name in ("lock", "turns", USERS):
        (folder / name).touch(0o600)
    with (folder / USERS).open("w") as users:
        keeper, address = _use(folder, users, learn)
        try:
            yield address
        finally:
            _leave(folder, users)
            if keeper:
                keeper.poll()  # it is our child, whose end somebody has to take note of


def _use(folder: Path, users: IO[str], learn: Path | None) -> tuple[subprocess.Popen[bytes] | None, GraphAddress]:
    """Join the database, or start it: its keeper where we did, and its address. It has us as a user from now on.

    Another process may be starting or stopping it at this moment.
    """
    deadline = monotonic() + START_S + STOP_S
    with (folder / "lock").open("w") as lock:  # of the keeper
        while not _locked(lock):
            if address := _joined(folder, users):
                return None, address
            if monotonic() > deadline:
                raise StoreError(
                    f"another process holds the graph in {folder} and does not answer; end it, then try again"
                )
            sleep(0.1)
        try:
            return _start(folder, lock, users, learn)
        except OSError as error:
            raise StoreError(f"the embedded graph database in {folder} did not start: {error}") from error


def _joined(folder: Path, users: IO[str]) -> GraphAddress | None:
    """Become a user of the database that runs; None where there is none yet, or its keeper is stopping it."""
    if not _locked(users, fcntl.LOCK_SH):
        return None
    if (address := _announced(folder)) and _answers(address):
        return address
    fcntl.flock(users, fcntl.LOCK_UN)
    return None


def _leave(folder: Path, users: IO[str]) -> None:
    """Use it no longer; whoever is the last to do so waits until its keeper has stopped it, which is bounded."""
    with (folder / "lock").open("w") as lock:
        while not _locked(lock):
            if _locked(users):  # nobody else uses it, and its keeper has not noticed yet
                fcntl.flock(users, fcntl.LOCK_UN)
            elif _locked(users, fcntl.LOCK_SH):  # others do
                return
            sleep(0.01)


def _locked(file: IO[str], how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _announcement(folder: Path) -> Path:
    return folder / ANNOUNCEMENT


def _announced(folder: Path) -> GraphAddress | None:
    try:
        found = json.loads(_announcement(folder).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    login, reader = Login(**found.pop("login")), Login(**found.pop("reader"))
    return GraphAddress(login=login, reader=reader, **found)


def _answers(address: GraphAddress) -> bool:
    host, _, port = address.uri.removeprefix("bolt://").partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _start(
    folder: Path, lock: IO[str], users: IO[str], learn: Path | None
) -> tuple[subprocess.Popen[bytes], GraphAddress]:
    """Start the database with its keeper, who holds `lock`, and announce where it is."""
    _announcement(folder).unlink(missing_ok=True)  # of one that was killed
    deadline = monotonic() + START_S
    log = folder / "server.log"
    while True:
        port, http_port = free_ports(2)
        admin, reader = Login("root", secrets.token_urlsafe(24)), Login("reader", secrets.token_urlsafe(24))
        uri, control = f"bolt://127.0.0.1:{port}", f"http://127.0.0.1:{http_port}"
        address = GraphAddress(uri, admin, reader, DATABASE, control, str(folder / "turns"))
        _write_security(folder / "config", admin, reader)
        _write_private(folder / "java.args", "\n".join(_arguments(port, http_port)))
        command = kept(java.command(learn), LEARN_S if learn else STOP_S)
        fcntl.flock(users, fcntl.LOCK_SH)
        keeper = spawn(command, folder, log, pass_fds=[lock.fileno()])
        if _has_started(keeper, log, deadline):
            _write_private(_announcement(folder), json.dumps(asdict(address)))
            return keeper, address
        crashed = (keeper.poll() or 0) > SIGNALLED
        fcntl.flock(users, fcntl.LOCK_UN)
        keeper.wait()
        said = log.read_text(encoding="utf-8", errors="replace")
        passing = any(reason in said for reason in PASSING) or (crashed and java.forget())
        if monotonic() > deadline or not passing:
            raise StoreError(f"the embedded graph database did not start; {log} says why")
        sleep(0.2)


def _has_started(keeper: subprocess.Popen[bytes], log: Path, deadline: float) -> bool:
    """Wait until it has started (True) or failed. After some failures its process stays: the log tells."""
    while monotonic() < deadline and keeper.poll() is None:
        said = log.read_text(encoding="utf-8", errors="replace")
        if STARTED in said:
            return True
        if FAILED in said:
            return False
        sleep(0.05)
    return False


def _arguments(port: int, http_port: int) -> Iterator[str]:
    """What the child is told, by a file that only its owner can read. Settings in another form are ignored."""
    settings = {
        # Seen from the folder, in which it runs: it would replace a ${…} in the name of one.
        "server.rootPath": ".",
        "server.databaseDirectory": "databases",
        "server.logsDirectory": "log",
        "server.defaultDatabases": f"{DATABASE}[root]",
        "server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        "bolt.host": "127.0.0.1",
        "bolt.port": port,
        "bolt.maxMessageSize": MESSAGE_BYTES,
        "server.httpIncomingHost": "127.0.0.1",
        "server.httpIncomingPort": http_port,
        "server.httpBodyContentMaxSize": BULK_BYTES,
        "opencypher.loadCsv.allowFileUrls": "false",
        "opencypher.loadCsv.allowRemoteUrls": "false",
        # In this mode, unlike in production, errors keep their text; what it switches off is switched on here.
        "server.mode": "development",
        "txWalFlush": 2,
        "command.timeout": COMMAND_S * 1000,
    }
    yield "-Djava.awt.headless=true"
    yield from (f'"-Darcadedb.{name}={value}"' for name, value in settings.items())
    yield "com.arcadedb.server.ArcadeDBServer"


def _write_security(config: Path, admin: Login, reader: Login) -> None:
    """Both logins are new at every start, so that none is worth keeping, and none can be locked out for long."""
    _make_private(config)
    groups = {
        name: {
            "resultSetLimit": -1,
            "readTimeout": -1,
            "access": access,
            "types": {"*": {"access": [f"{right}Record" for right in records]}},
        }
        for name, (access, records) in _GROUPS.items()
    }
    _write_private(config / "server-groups.json", json.dumps({"databases": {"*": {"groups": groups}}, "version": 2}))
    users = [_user(admin, "admin"), _user(reader, "reader")]
    _write_private(config / "server-users.jsonl", "\n".join(json.dumps(user) for user in users))


def _user(login: Login, group: str) -> dict[str, object]:
    salt = secrets.token_urlsafe(32)
    digest = hashlib.pbkdf2_hmac("sha256", login.password.encode(), salt.encode(), _PBKDF2_ROUNDS)
    password = f"PBKDF2WithHmacSHA256${_PBKDF2_ROUNDS}${salt}${base64.b64encode(digest).decode()}"
    return {"name": login.user, "databases": {"*": [group]}, "password": password}


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}") from error


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, and that nobody sees half-written."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
