"""Keeps a server running as long as somebody uses it: a program of its own, run in the folder of the server.

Whoever uses the server holds a shared lock of the file `USERS`, which the kernel lets go of however they end. The
keeper waits for that lock alone, and then has the server end. It imports nothing of ours, so it starts in no time.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from threading import Thread

USERS = "users"
ANNOUNCEMENT = "address.json"
"""Where the server is, for those who come later."""
STOP_S = 20.0
SIGNALLED = 128
"""More than this is the exit status where a signal ended the server, by its number, as a shell has it."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


def kept(command: Sequence[str], stop_s: float) -> list[str]:
    """How to run a server that is kept. One that has not ended so many seconds after it was told to is killed."""
    return [sys.executable, "-I", "-S", __file__, str(stop_s), *command]


def keep(stop_s: float, command: Sequence[str]) -> int:
    """Run a server until nobody uses it, or it ends by itself; give its exit status."""
    with Path(USERS).open("rb") as users:
        # Nothing runs beside this thread yet, so a function may be run in the child.
        process = subprocess.Popen(command, preexec_fn=partial(die_with_parent, os.getpid()))  # noqa: S603, PLW1509
        Thread(target=_stop_unused, args=(users.fileno(), process, stop_s), daemon=True).start()
        status = process.wait()
    return status if status >= 0 else SIGNALLED - status


def stop(process: "subprocess.Popen[bytes]", timeout_s: float = STOP_S) -> None:
    """Have it end in order, or by force where it does not."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def die_with_parent(parent: int) -> None:
    """In a child: have the kernel end it when the thread that started it ends, which may have happened already."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def _stop_unused(users: int, process: "subprocess.Popen[bytes]", stop_s: float) -> None:
    fcntl.flock(users, fcntl.LOCK_EX)
    Path(ANNOUNCEMENT).unlink(missing_ok=True)
    stop(process, stop_s)


if __name__ == "__main__":
    sys.exit(keep(float(sys.argv[1]), sys.argv[2:]))
