"""A process that trains, tells its progress, and can be killed: `python -m tests.retrieval.training_child FOLDER`.

Every epoch is kept, so that there are many moments to be killed at.
"""

import sys
from pathlib import Path

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
    shelf = Shelf(folder / "training", "library", every=0)
    run = Run(lambda *step: print(*step, flush=True), Record(), shelf)
    print("version", publish(train(library(), ONTOLOGY, QUICK, run), folder / "models"), flush=True)


if __name__ == "__main__":
    main()
