"""Real server processes for tests: `kg serve` on a free port of loopback."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import orjson

COMMAND = [
    sys.executable,
    "-c",
    "from service.server import serve; from service.settings import Settings; serve(Settings.from_env())",
]


@dataclass(frozen=True)
class Server:
    """A running server process."""

    url: str
    process: "subprocess.Popen[str]"

    def ask(self, path: str, body: object = None) -> dict:
        """GET, or POST where there is a body; each over a new connection, so that any worker may answer."""
        data = None if body is None else orjson.dumps(body)
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return orjson.loads(response.read())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(home: Path, *, ready: str = "/readyz", **settings: object) -> Server:
    """Start `kg serve` and wait until it is ready. It leaves the graph store alone unless told otherwise."""
    port = free_port()
    settings = {"drain_every": 3600} | settings
    env = os.environ | {f"KG_{name.upper()}": str(value) for name, value in settings.items()}
    env |= {"KG_HOME": str(home), "KG_PORT": str(port)}
    server = Server(f"http://127.0.0.1:{port}", subprocess.Popen(COMMAND, env=env, text=True))
    deadline = monotonic() + 60
    while monotonic() < deadline and server.process.poll() is None:
        try:
            server.ask(ready)
        except OSError:
            continue
        return server
    server.process.kill()
    raise AssertionError("the server did not become ready")
