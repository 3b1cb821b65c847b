"""Servers that are our children: on free ports of loopback, and never outliving us."""

import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

STOP_S = 20.0
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
"""All that a child gets: names of files are UTF-8. The rest of our environment, secrets too, is not its business."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


def spawn(command: Sequence[str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a program in a folder. It ends with the thread that started it, however that ends.

    What it says goes to `log`; what it writes is readable by its owner only. Raises OSError.
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
            preexec_fn=partial(_die_with_parent, os.getpid()),  # noqa: PLW1509 two system calls, prepared before
        )


def stop(process: subprocess.Popen[bytes], timeout_s: float = STOP_S) -> None:
    """Have it end in order, or by force where it does not."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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


def _die_with_parent(parent: int) -> None:
    """In the child: have the kernel end it when the parent ends, which may have happened already."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
