"""The graph database that needs no server: ArcadeDB, a child process on loopback, spoken to over Bolt.

The one who starts it stops it. Another process of the same workspace finds its address in a file and joins.
"""

import base64
import ctypes
import fcntl
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic, sleep

import arcadedb_embedded

from kg.address import GraphAddress, Login
from ontology.errors import StoreError

DATABASE = "neo4j"
START_S = 60.0
STOP_S = 20.0
COMMAND_S = 120
"""No statement runs longer: the driver's own time limit is ignored by this database."""
HEAP = "1g"
_PBKDF2_ROUNDS = 65_536
_UNUSED = ("arcadedb-mcp", "arcadedb-postgresw", "arcadedb-redisw", "arcadedb-console", "arcadedb-graphql")
"""Jars that would open further doors."""
_GROUPS = {
    "admin": (["updateSecurity", "updateSchema", "updateDatabaseSettings"], ["create", "read", "update", "delete"]),
    "reader": ([], ["read"]),
    "*": ([], []),
}
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


@contextmanager
def embedded(folder: Path) -> Iterator[GraphAddress]:
    """The database whose files are in `folder`: started here, or joined where it runs already.

    Raises StoreError if it does not start; its log says why.
    """
    _make_private(folder)
    with (folder / "lock").open("w") as lock:
        if _locked(lock.fileno()):
            with _started(folder) as address:
                yield address
        else:
            yield _joined(folder)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _started(folder: Path) -> Iterator[GraphAddress]:
    port, http_port = _free_ports(2)
    admin, reader = Login("root", secrets.token_urlsafe(24)), Login("reader", secrets.token_urlsafe(24))
    address = GraphAddress(f"bolt://127.0.0.1:{port}", admin, reader, DATABASE)
    _write_security(folder / "config", admin, reader)
    _write_private(folder / "java.args", "\n".join(_arguments(folder, port, http_port)))
    announcement = folder / "address.json"
    announcement.unlink(missing_ok=True)
    process = _spawn(folder)
    try:
        _await_start(process, folder / "server.log")
        _write_private(announcement, json.dumps(asdict(address)))
        yield address
    finally:
        announcement.unlink(missing_ok=True)
        _stop(process)


def _joined(folder: Path) -> GraphAddress:
    """The address that another process has announced; it may be starting at this moment."""
    deadline = monotonic() + START_S
    while monotonic() < deadline:
        try:
            found = json.loads((folder / "address.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            sleep(0.1)
            continue
        login, reader = Login(**found.pop("login")), Login(**found.pop("reader"))
        return GraphAddress(login=login, reader=reader, **found)
    raise StoreError(f"another process holds the graph in {folder} and does not answer; end it, then try again")


def _spawn(folder: Path) -> subprocess.Popen[bytes]:
    home = Path(arcadedb_embedded.__file__).parent
    jars = [str(jar) for jar in sorted((home / "jars").glob("*.jar")) if not jar.name.startswith(_UNUSED)]
    command = [str(home / "jre" / "bin" / "java"), "-cp", os.pathsep.join(jars), f"@{folder / 'java.args'}"]
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 the command is ours: the packaged Java, no text from outside
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for us: we stop the database when we are done with it
            preexec_fn=_die_with_parent,  # noqa: PLW1509 one system call, prepared before the fork
        )


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _arguments(folder: Path, port: int, http_port: int) -> Iterator[str]:
    """What the child is told, by a file that only its owner can read. Settings in another form are ignored."""
    settings = {
        "server.rootPath": folder,
        "server.databaseDirectory": folder / "databases",
        "server.logsDirectory": folder / "log",
        "server.defaultDatabases": f"{DATABASE}[root]",
        "server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        "bolt.host": "127.0.0.1",
        "bolt.port": port,
        "server.httpIncomingHost": "127.0.0.1",
        "server.httpIncomingPort": http_port,
        "opencypher.loadCsv.allowFileUrls": "false",
        "opencypher.loadCsv.allowRemoteUrls": "false",
        # In this mode, unlike in production, errors keep their text; what it switches off is switched on here.
        "server.mode": "development",
        "txWalFlush": 2,
        "command.timeout": COMMAND_S * 1000,
    }
    yield f"-Xmx{HEAP}"
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


def _await_start(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = monotonic() + START_S
    while monotonic() < deadline:
        if "ArcadeDB Server started" in log.read_text(encoding="utf-8", errors="replace"):
            return
        if process.poll() is not None:
            raise StoreError(f"the embedded graph database ended with status {process.returncode}; see {log}")
        sleep(0.05)
    _stop(process)
    raise StoreError(f"the embedded graph database did not start within {START_S:.0f} s; see {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


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
