"""Whole trainings, from the snapshot to the published bundle: how long they take, and how much memory.

`measure` trains on the films with the default options. `python -m benchmarks.training SET --data FOLDER` trains on a
split that was made before, with the options of benchmarks/quality.py and one seed, and scores nothing. The data are not
part of the project: FOLDER holds `train.txt`, `test.txt` and, where there is a graph, `kg_1hop_item_entity.tsv`.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import psutil
import torch

from benchmarks.catalogs import films
from benchmarks.pipeline import ONTOLOGY, snapshot
from benchmarks.quality import KNOWLEDGE, PLAIN, SETS, read_knowledge
from benchmarks.results import report
from embed.bundle import publish
from embed.checkpoint import Shelf
from embed.protocol import Split, read_split
from embed.record import Record
from embed.run import Run
from embed.threads import threads
from kg.snapshot import Snapshot
from ontology.model import Ontology
from retrieval.training import TrainOptions, train
from service.pairs import tuned

EVERY, SHARE = 0.05, 10
"""Seconds between two looks at the memory, and how many times what the last one cost they are at least."""


class Cost(NamedTuple):
    """`cpu_seconds` are of all processes, `peak_mib` is the most that they had together at one moment.

    `phases` are the seconds of each, by name.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float
    phases: dict[str, float]


class Asked(NamedTuple):
    """A set that was made before: its name, its training part as if it had been loaded, and its own options."""

    name: str
    split: Split
    seen: Snapshot
    options: TrainOptions


def asked(description: str | None) -> Asked:
    """The set that the command line names."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=("ml-1m", "amazon-book"))
    parser.add_argument("--data", type=Path, required=True, help="the folder with train.txt and test.txt")
    arguments = parser.parse_args()
    split = read_split(arguments.data / "train.txt", arguments.data / "test.txt")
    options = tuned(PLAIN, SETS[arguments.set].pairs)
    seen = snapshot(split, read_knowledge(arguments.data / KNOWLEDGE), options.teachers.seed)
    return Asked(arguments.set, split, seen, options)


def main() -> None:
    """Train on one set, and merge the figures into results.json."""
    name, _, seen, options = asked(__doc__)
    taken = cost(seen, ONTOLOGY, options)
    for phase, seconds in taken.phases.items():
        print(f"{phase:45s} {seconds:g}")
    report(_figures(name, taken))


def measure() -> dict[str, float]:
    """The films, as `kg train` learns from them."""
    return _figures("films", cost(*films(), TrainOptions()))


def _figures(name: str, taken: Cost) -> dict[str, float]:
    return {f"training.{name}_seconds": taken.seconds, f"training.{name}_peak_mib": taken.peak_mib}


def cost(seen: Snapshot, ontology: Ontology, options: TrainOptions, most: int | None = None) -> Cost:
    """What a training takes in a process of its own, which has read the snapshot and imported what learns.

    It has `most` threads, None: as many as there are processors.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        trainer = psutil.Process(pool.submit(os.getpid).result())
        training = pool.submit(_train, seen, ontology, options, most)
        peak, pause = 0, EVERY
        while not wait([training], pause).done:
            begin = time.perf_counter()
            peak = max(peak, _memory(trainer))
            pause = max(EVERY, SHARE * (time.perf_counter() - begin))
        seconds, cpu_seconds, phases = training.result()
        return Cost(seconds, cpu_seconds, peak / 2**20, phases)


def _train(
    seen: Snapshot, ontology: Ontology, options: TrainOptions, most: int | None
) -> tuple[float, float, dict[str, float]]:
    record = Record()
    limited = threads(most or torch.get_num_threads())
    with tempfile.TemporaryDirectory(prefix="kgrec-training-") as folder, limited:
        begin, cpu = time.perf_counter(), sum(os.times()[:4])
        run = Run(record=record, shelf=Shelf(Path(folder, "training"), "benchmark"))
        publish(train(seen, ontology, options, run), Path(folder, "models"))
        seconds, cpu_seconds = time.perf_counter() - begin, sum(os.times()[:4]) - cpu
    return seconds, cpu_seconds, {name: phase.seconds for name, phase in record.phases.items()}


def _memory(process: psutil.Process) -> int:
    """Bytes of a process and of all that it started; what several share counts once (PSS, which takes long to sum)."""
    started = process.children(recursive=True)
    if not started:
        return int(process.memory_info().rss)
    together = 0
    for one in (process, *started):
        with suppress(psutil.NoSuchProcess):  # it may have ended meanwhile
            together += one.memory_full_info().pss
    return together


if __name__ == "__main__":
    main()
