"""A worker process of the server. It imports what answers requests, and no database."""

import ctypes
import logging
import os
import signal

from flask import Flask

from service.app import create_app
from service.settings import Settings

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h: the signal that a process gets when its parent dies."""


def load(settings: Settings, parent: int) -> Flask:
    """A worker's application; the worker ends when its parent does, however that ends.

    By SIGKILL: a worker that is asked to end sometimes waits for itself (granian 2.8.7), and then its parent, which
    would end it by force, is not there any more. What it has acknowledged is in the journal.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the server ended while this worker started")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return create_app(settings)
