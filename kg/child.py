"""Servers that we start: on free ports of loopback, with nothing of ours that they need not know."""

import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
"""All that a child gets: names of files are UTF-8. The rest of our environment, secrets too, is not its business."""


def spawn(command: Sequence[str], folder: Path, log: Path, **how: Any) -> subprocess.Popen[bytes]:
    """Start a program in a folder; `how` as `Popen` takes it. Raises OSError.

    What it says goes to `log`; what it writes is readable by its owner only.
    """
    with log.open("wb") as output:
        log.chmod(0o600)
        return subprocess.Popen(  # noqa: S603 the commands are ours, no text from outside
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=_ENVIRONMENT,
            umask=0o077,
            start_new_session=True,  # Ctrl-C is for us: we stop it when we are done with it
            **how,
        )


def free_ports(n: int) -> list[int]:
    """Ports of loopback that nobody listens at. Another may take one before its user does."""
    sockets = [socket.socket() for _ in range(n)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
