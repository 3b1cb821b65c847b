"""`kg` in processes that are forked from one which has imported the training libraries already.

To import them takes four seconds, which is most of what the training of a small catalog takes. All else is as where
somebody types the command: a process of its own, with an environment, a folder, streams and an end of its own.
"""

import importlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryFile

NURSERY = multiprocessing.get_context("forkserver")
NURSERY.set_forkserver_preload(
    ["embed.picture", "embed.hypersearch", "service.app", "service.ingesting", "service.steps"]
)
"""With what learns. Not the console, which asks how wide it is when it is imported: that is the command's own."""
LONGEST_S = 200
Before = Callable[[], None]
"""What is done in the process before the command is run; a function of a module."""


def started(
    words: Sequence[object], env: Mapping[str, str], cwd: Path, streams: tuple[int, int], before: Before | None = None
) -> BaseProcess:
    """Start `kg`, which writes to two files that are open here, and which its starter joins."""
    sent = [Connection(os.dup(stream)) for stream in streams]  # an open file travels as one
    process = NURSERY.Process(target=_command, args=([*map(str, words)], dict(env), cwd, sent, before))
    process.start()
    return process


def ran(
    words: Sequence[object], env: Mapping[str, str], cwd: Path, before: Before | None = None
) -> "CompletedProcess[str]":
    """Run `kg` to its end."""
    with TemporaryFile("w+", encoding="utf-8") as out, TemporaryFile("w+", encoding="utf-8") as err:
        process = started(words, env, cwd, (out.fileno(), err.fileno()), before)
        process.join(LONGEST_S)
        if process.exitcode is None:
            process.kill()
            process.join()
        said = [file.seek(0) or file.read() for file in (out, err)]
        return CompletedProcess(["kg", *words], process.exitcode, *said)


def _command(
    words: list[str], env: dict[str, str], cwd: Path, streams: list[Connection], before: Before | None
) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, stream in enumerate(streams, 1):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.argv = ["kg", *words]
    if before:
        before()
    importlib.import_module("service.cli").main()
