"""A process that trains, tells its progress, and can be killed.

Every epoch is kept, so that there are many moments to be killed at. With 2 threads in the place of 1, vectors
are learned beside.
"""

from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from embed import vectors_beside
from embed.bundle import publish
from embed.checkpoint import Shelf
from embed.record import Record
from embed.run import Run
from retrieval.training import train
from tests.forked import NURSERY
from tests.retrieval.test_training import QUICK, library
from tests.worlds import ONTOLOGY


def started(folder: Path, threads: int) -> tuple[BaseProcess, Connection]:
    """Start it; what it sends is a list for each step of progress, and the version, a text, at its end."""
    said, theirs = NURSERY.Pipe(duplex=False)
    process = NURSERY.Process(target=_train, args=(theirs, folder, threads))
    process.start()
    theirs.close()
    return process, said


def _train(said: Connection, folder: Path, most: int) -> None:
    vectors_beside.WORTH = 0
    torch.set_num_threads(most)
    shelf = Shelf(folder / "training", "library", every=0)
    run = Run(lambda *step: said.send(list(step)), Record(), shelf)
    said.send(publish(train(library(), ONTOLOGY, QUICK, run), folder / "models"))
