"""Runs the jobs of a workspace, one at a time, each in a process of its own: what happens to it happens to no other."""

import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from kg.workspace import Workspace
from service.jobs import SPOOL, Job, forget, jobs, waiting

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.3
STOP_S = 10.0
"""A process that has not ended so long after it was told to is killed."""
OLD_S = 3600.0
"""What an upload that was cut off left behind is removed after so long."""
INTERRUPTED = "the service ended while this job ran; what it had loaded stays, and to load the files again is safe"
CANCELLED = "cancelled; what it had loaded by then stays"


def keep_running(workspace: Workspace, stop: Event) -> None:
    """Run what waits, until `stop` is set. Where two services share a workspace, one of them does."""
    folder = workspace.jobs
    while not stop.wait(LOOK_EVERY_S):
        if folder.is_dir():  # it is made with the first job
            with _alone(folder, stop) as lock:
                if lock is not None:
                    _take_over(folder)
                    _run_all(workspace, stop, lock)


def _run_all(workspace: Workspace, stop: Event, lock: int) -> None:
    while not stop.wait(LOOK_EVERY_S):
        _end_cancelled(workspace.jobs)
        for job in waiting(workspace.jobs):
            if stop.is_set():
                return
            try:
                run(job, workspace, stop, lock)
            except OSError as error:
                log.error("job %s could not be run: %s", job.id, error)
                with suppress(OSError):
                    job.end("failed", f"the job could not be run: {error.strerror}")
            forget(workspace.jobs)


def run(job: Job, workspace: Workspace, stop: Event, lock: int | None = None) -> None:
    """Run one job to its end, which comes early when it is cancelled, or when `stop` is set. Raises OSError.

    Its process holds the lock, too: until it is gone, nobody else begins. It imports nothing from the folder that it
    works in (-P), which holds what was uploaded.
    """
    job.start()
    with job.log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 our own module, no text from outside
            [sys.executable, "-P", "-m", "service.job", str(job.folder), str(workspace.root), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            umask=0o077,
            start_new_session=True,  # Ctrl-C is for the service, which ends its job
            pass_fds=() if lock is None else (lock,),
        )
    while process.poll() is None and not job.is_cancelled() and not stop.is_set():
        time.sleep(0.05)
    _end(process)
    if job.outcome() is None:
        _note_end(job, process.returncode, interrupted=stop.is_set())


def _note_end(job: Job, status: int, *, interrupted: bool) -> None:
    """The process did not say how it ended."""
    if job.is_cancelled():
        job.end("cancelled", CANCELLED)
    elif interrupted:
        job.end("failed", INTERRUPTED)
    elif status < 0:
        said = f"the process of this job was ended by {signal.Signals(-status).name}"
        job.end("failed", f"{said}; what it had loaded stays, and to load the files again is safe")
    else:
        log.error("job %s ended with status %d; see %s", job.id, status, job.log)
        job.end("failed", f"the process of this job ended with status {status}; {job.log} on the server says why")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Have it end in order, or by force where it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def _end_cancelled(folder: Path) -> None:
    """Let go of the uploads of jobs that were cancelled before they began."""
    for job in jobs(folder):
        if job.state() == "cancelled" and job.outcome() is None:
            with suppress(OSError):
                job.end("cancelled", "cancelled before it began")


def _take_over(folder: Path) -> None:
    """End on paper what ended with another service, and remove what no job was made of."""
    for job in jobs(folder):
        if job.state() == "running":
            _note_end(job, 0, interrupted=True)
    for left in folder.glob(f"{SPOOL}*"):
        if time.time() - left.stat().st_mtime > OLD_S:
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _alone(folder: Path, stop: Event) -> Iterator[int | None]:
    """The lock of the folder, once nobody else has it; None when `stop` is set before."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not stop.is_set():
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stop.wait(LOOK_EVERY_S)
            else:
                break
        yield None if stop.is_set() else descriptor
    finally:
        os.close(descriptor)
