"""A process that trains, tells its progress, and can be killed: `python -m tests.retrieval.training_child FOLDER 1`.

Every epoch is kept, so that there are many moments to be killed at. With 2 threads in the place of 1, vectors
are learned beside.
"""

import sys
from pathlib import Path

import torch

from embed import vectors_beside
from embed.bundle import publish
from embed.checkpoint import Shelf
from embed.record import Record
from embed.run import Run
from retrieval.training import train
from tests.retrieval.test_training import QUICK, library
from tests.worlds import ONTOLOGY


def main() -> None:
    """Train, publish, and say the version."""
    folder = Path(sys.argv[1])
    vectors_beside.WORTH = 0
    torch.set_num_threads(int(sys.argv[2]))
    shelf = Shelf(folder / "training", "library", every=0)
    run = Run(lambda *step: print(*step, flush=True), Record(), shelf)
    print("version", publish(train(library(), ONTOLOGY, QUICK, run), folder / "models"), flush=True)


if __name__ == "__main__":
    main()
