"""A real Neo4j (Community) for tests: fetched once from Maven Central, started on loopback, gone with the test run."""

import os
import re
import secrets
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import unquote, urlsplit

import pytest

from kg.address import GraphAddress, Login
from kg.child import free_ports, spawn
from kg.keeper import die_with_parent, stop
from tests import needs

POM = Path(__file__).parent / "neo4j" / "pom.xml"
WHAT = "a real Neo4j"
LEAST_JAVA = 17
FETCH_S = 600
START_S = 120
SETTINGS = """\
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size=128m
dbms.usage_report.enabled=false
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
"""
"""The last one saves five seconds at the end."""
OPTIONS = [
    "-Xms256m",
    "-Xmx1g",
    *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in ("java.nio", "java.io", "sun.nio.ch")),
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true",
    "-Dfile.encoding=UTF-8",
]
SHORT_LIFE = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Compiled quickly rather than well."""


def named(url: str) -> GraphAddress:
    """The server of KG_TEST_NEO4J. It holds a password: no message repeats it, and no traceback shows it."""
    try:
        parts = urlsplit(url)
        port, user, password = parts.port or 7687, unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        port, user, password = 0, "", ""
    if not (port and user and password and parts.hostname and parts.scheme == "bolt"):
        pytest.fail("KG_TEST_NEO4J has to look like bolt://user:password@host:7687", pytrace=False)
    return GraphAddress(f"bolt://{parts.hostname}:{port}", Login(user, password))


@dataclass(frozen=True)
class Prepared:
    """A server whose files are in `home`; it does not run yet."""

    home: Path
    java: str
    jars: Path
    port: int
    password: str

    def admin(self, *arguments: str) -> None:
        """Run `neo4j-admin`. Raises SubprocessError, with what it said."""
        command = [self.java, "-cp", f"{self.jars}/*", "org.neo4j.cli.AdminTool", *arguments]
        _run(command, self._places)

    @property
    def _places(self) -> dict[str, str]:
        return {"NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf")}

    def run_import(self, folder: Path) -> None:
        """Run the `import.sh` in a folder, which calls `neo4j-admin`. Raises SubprocessError, with what it said."""
        program = self.home / "bin" / "neo4j-admin"
        program.parent.mkdir(exist_ok=True)
        java, jars = shlex.quote(self.java), shlex.quote(f"{self.jars}/*")
        text = f'#!/bin/sh\nexec {java} $JAVA_OPTS -cp {jars} org.neo4j.cli.AdminTool "$@"\n'
        program.write_text(text, encoding="utf-8")
        program.chmod(0o700)
        path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        _run(["sh", str(folder / "import.sh")], {**self._places, "PATH": path})

    @contextmanager
    def running(self, options: Sequence[str] = SHORT_LIFE) -> Iterator[GraphAddress]:
        """Start it; leaving stops it."""
        conf = self.home / "conf"
        main = ["org.neo4j.server.CommunityEntryPoint", f"--home-dir={self.home}", f"--config-dir={conf}"]
        command = [self.java, *OPTIONS, *options, "-cp", f"{conf}/*:{self.jars}/*", *main, "--console-mode"]
        with_us = partial(die_with_parent, os.getpid())
        process = spawn(command, self.home, self.home / "server.log", preexec_fn=with_us)
        try:
            _wait_for_start(process, self.home / "server.log")
            yield GraphAddress(f"bolt://127.0.0.1:{self.port}", Login("neo4j", self.password))
        finally:
            stop(process)


def prepared(home: Path) -> Prepared:
    """A new server whose files are in `home`."""
    try:
        java = needs.program("java", f"openjdk-{LEAST_JAVA}-jre-headless", _is_new_enough)
        jars = _fetched()
    except LookupError as error:
        needs.not_run(WHAT, str(error))
    (port,) = free_ports(1)
    server = Prepared(home, java, jars, port, secrets.token_hex(16))  # which never begins with a -
    (home / "conf").mkdir(parents=True)
    (home / "conf" / "neo4j.conf").write_text(SETTINGS.format(port=port), encoding="utf-8")
    # A second of the password in the list of processes: the tool takes it in no other way, and it is for one run.
    server.admin("dbms", "set-initial-password", server.password)
    return server


@contextmanager
def started(home: Path) -> Iterator[GraphAddress]:
    """A new server, running."""
    with prepared(home).running() as address:
        yield address


def _wait_for_start(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = monotonic() + START_S
    while "Started." not in (said := log.read_text(encoding="utf-8", errors="replace")):
        assert process.poll() is None, f"Neo4j ended before it had started:\n{said}"
        assert monotonic() < deadline, f"Neo4j did not start in time:\n{said}"
        sleep(0.1)


def _is_new_enough(java: str) -> bool:
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    return version is not None and int(version.group(1)) >= LEAST_JAVA


def _fetched() -> Path:
    """The folder of Neo4j's jars: complete, or not there. Raises LookupError where they cannot be had."""
    version = re.search(r"<neo4j.version>(.+)</neo4j.version>", POM.read_text(encoding="utf-8"))
    assert version is not None
    jars = needs.CACHE / f"neo4j-{version.group(1)}"
    if jars.exists():
        return jars
    maven = needs.program("mvn", "maven")
    needs.CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=needs.CACHE) as scratch:
        options = {"maven.repo.local": f"{scratch}/repository", "outputDirectory": f"{scratch}/jars"}
        settings = [f"-D{name}={value}" for name, value in {**options, "includeScope": "runtime"}.items()]
        try:
            _run([maven, "-q", "-B", "-Dstyle.color=never", "-f", str(POM), "dependency:copy-dependencies", *settings])
        except subprocess.SubprocessError as error:
            said = getattr(error, "output", None) or str(error)
            raise LookupError(f"Maven could not fetch it: {said.strip().splitlines()[0]}") from error
        if not jars.exists():  # another test run may have been faster
            Path(scratch, "jars").rename(jars)
    return jars


def _run(command: list[str], env: dict[str, str] | None = None) -> None:
    """Run a program to its end. Raises SubprocessError, with what it said."""
    said = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    try:
        subprocess.run(command, check=True, timeout=FETCH_S, env=os.environ | (env or {}), **said)
    except subprocess.CalledProcessError as error:
        error.add_note(error.output)
        raise
