"""What tests need from the machine: installed where that is possible, named loudly where it is not."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

NOT_RUN = "NOT RUN"
CACHE = Path(__file__).parent.parent / ".cache"
"""What was fetched for tests stays here; `make clean` removes it."""
INSTALL_S = 600


def not_run(what: str, why: str) -> NoReturn:
    """Leave the tests that need `what` out, loudly; where CI is set that is a failure."""
    message = f"{NOT_RUN}: {what}: {why}"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def program(name: str, package: str, usable: Callable[[str], bool] = bool) -> str:
    """The path of a program, installed from the system's packages where it is missing; raises LookupError."""
    if (path := shutil.which(name)) and usable(path):
        return path
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "installing").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # apt-get fails where another runs, and two processes run the tests
        _install(package)
    if (path := shutil.which(name)) and usable(path):
        return path
    raise LookupError(f"{name} is missing, and installing {package} did not bring it")


def _install(package: str) -> None:
    if shutil.which("apt-get") is None:
        raise LookupError(f"there is no apt-get; install {package} by hand")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", package]):
        try:
            done = subprocess.run(
                [*sudo, "apt-get", "-qq", f"-oDPkg::Lock::Timeout={INSTALL_S}", *step],
                env=env,
                capture_output=True,
                text=True,
                timeout=INSTALL_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LookupError(f"{package} could not be installed: {error}") from error
        if done.returncode:
            raise LookupError(f"{package} could not be installed: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
