"""The production server: granian with worker processes on loopback; the parent drains the journal and runs jobs."""

import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from kg.connect import connect
from kg.drain import keep_draining
from kg.journal import Journal
from ontology.errors import InputError
from service import metrics, worker
from service.jobrunner import keep_running
from service.settings import Settings

STOP_WITHIN_S = 10
"""A worker that has not answered its last requests by then is killed."""
STACK = 8 << 20
"""Bytes of the stack of each thread that answers, as other threads have: with granian's 2 MiB a hundred equations that
numpy solves end the process."""


def serve(settings: Settings, announce: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is called when the workers are about to start.

    Raises InputError when the port is taken, StoreError for the journal.

    Workers are started afresh rather than forked: nothing that this process has imported or opened is theirs.
    """
    _check_free(settings.host, settings.port)
    multiprocessing.set_start_method("spawn", force=True)
    os.environ.setdefault("RUST_MIN_STACK", str(STACK))  # which workers read when they start
    with metrics.share(), _draining(settings), _running_jobs(settings):
        server = Granian(
            "service.app:create_app",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.WSGI,
            workers=settings.workers,
            blocking_threads=settings.threads,
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_WITHIN_S,
            log_level=LogLevels.warning,
        )
        announce()
        server.serve(target_loader=partial(worker.load, settings, os.getpid()), wrap_loader=False)


@contextmanager
def _draining(settings: Settings) -> Iterator[None]:
    """Copy events to the graph store in a thread of this process."""
    journal, stop = Journal(settings.workspace.journal), Event()
    open_store = partial(connect, settings.workspace.graph)
    thread = Thread(target=keep_draining, args=(journal, open_store, stop, settings.drain_every), name="drain")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        journal.close()


@contextmanager
def _running_jobs(settings: Settings) -> Iterator[None]:
    """Run the jobs of the workspace from a thread of this process; one that runs at the end ends with it."""
    stop = Event()
    thread = Thread(target=keep_running, args=(settings.workspace, stop), name="jobs")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _check_free(host: str, port: int) -> None:
    """Workers share the port with SO_REUSEPORT, which would silently share it with a second server, too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(f"cannot listen on {host}:{port}: {error.strerror}; set KG_HOST or KG_PORT") from error
