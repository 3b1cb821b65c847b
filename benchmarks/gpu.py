"""`python -m benchmarks.gpu`: the steps that move to a GPU, on it and on the CPU: how much faster, how far apart.

Everything is generated, with a skewed degree. What is printed is kept in docs/gpu.md, not in results.json, whose
figures are of one machine. `--device cpu:0` takes the same way without a GPU, to see that it goes.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from embed.kge import KGEOptions, train_kge
from embed.linear import LinearOptions, linear_neighbours
from embed.propagation import normalised, propagation
from embed.record import Record
from embed.run import Run
from embed.weights import ItemWeights
from retrieval.index import Index, index_of, on_gpu

USERS, ITEMS, LIKES, DIM = 70_000, 25_000, 850_000, 64
T = TypeVar("T")


def main() -> None:
    """Print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--part", type=float, default=1.0, help="of the usual sizes")
    arguments = parser.parse_args()
    device, part = arguments.device, arguments.part
    try:
        torch.ones(1, device=device)
    except (RuntimeError, AssertionError) as error:
        parser.error(f"{device} cannot be used here ({str(error).splitlines()[0]})")
    print("device", torch.cuda.get_device_name() if device.startswith("cuda") else device)
    for figures in (linear(device, part), messages(device, part), transe(device, part), nearest(part)):
        for name, value in figures:
            print(f"{name:45s} {value:g}", flush=True)


Figures = Iterator[tuple[str, float]]


def linear(device: str, part: float) -> Figures:
    """The linear teacher with weights for 12,000 items."""
    likes = skewed(part)
    n_users, n_items = int(USERS * part), int(ITEMS * part)
    options = LinearOptions(regularisation=4.0, most_items=int(12_000 * part))

    def on(where: str) -> ItemWeights:
        nothing = np.empty((0, 3), np.int32)
        return linear_neighbours(likes, nothing, n_users=n_users, n_items=n_items, options=options, device=where)

    on(device)
    there, seconds = timed(lambda: on(device))
    here, usual = timed(lambda: on("cpu"))
    yield "linear.seconds", seconds
    yield "linear.vs_cpu", usual / seconds
    some = np.unique(likes[:, 1])[:50]
    yield "linear.farthest", max(farthest(there.score(some[:n]), here.score(some[:n])) for n in (1, 10, 50))


def messages(device: str, part: float) -> Figures:
    """A step of message passing and back, over likes in both directions."""
    user, item = skewed(part).T
    n = int(ITEMS * part) + int(USERS * part)
    ends = np.concatenate([item, user + int(ITEMS * part)]), np.concatenate([user + int(ITEMS * part), item])
    links = normalised(*(np.ascontiguousarray(end, np.int32) for end in ends), n, n)
    x, weight = torch.randn(2, n, DIM, generator=torch.Generator().manual_seed(0))

    def on(where: str, times: int) -> Callable[[], NDArray[np.float32]]:
        step = propagation(links, where)
        vectors, weights = x.to(where).requires_grad_(), weight.to(where)

        def there_and_back() -> NDArray[np.float32]:
            for _ in range(times):
                vectors.grad = None
                (step(vectors) * weights).sum().backward()
            assert vectors.grad is not None
            return vectors.grad.cpu().numpy()  # which waits for the device

        there_and_back()
        return there_and_back

    there, seconds = timed(on(device, 100))
    here, usual = timed(on("cpu", 5))
    yield "messages.milliseconds", 1e3 * seconds / 100
    yield "messages.vs_cpu", usual / 5 / (seconds / 100)
    yield "messages.farthest", farthest(there, here)


def transe(device: str, part: float) -> Figures:
    """Three epochs of TransE over the likes as triples, in the batches of `kg train`."""
    likes = skewed(part)
    triples = np.stack([likes[:, 0] + int(ITEMS * part), np.zeros(len(likes), np.int32), likes[:, 1]], 1)
    options = KGEOptions(epochs=3)
    entities = int(ITEMS * part) + int(USERS * part)
    seconds = []
    for where in ("cpu", device):
        record = Record()
        train_kge(triples[: len(triples) // 20], entities, 1, replace(options, device=where))
        seconds.append(
            timed(partial(train_kge, triples, entities, 1, replace(options, device=where), Run(record=record)))[1]
        )
        yield f"transe.loss.{where}", record.phases["transe"].curves["loss"][-1]
    yield "transe.seconds", seconds[1]
    yield "transe.vs_cpu", seconds[0] / seconds[1]


def nearest(part: float) -> Figures:
    """One search at a time, as a request makes it, among 100,000 and a million vectors."""
    for n in (int(100_000 * part), int(1_000_000 * part)):
        random = np.random.default_rng(0)
        vectors, asked = (random.normal(size=(rows, DIM)).astype(np.float32) for rows in (n, 200))
        here = index_of(vectors)
        there = on_gpu(here)
        there.search(asked[0], 200)
        found, seconds = timed(partial(_searched, there, asked))
        usual, before = timed(partial(_searched, here, asked))
        same = np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(found, usual, strict=True)])
        yield f"faiss.{n}.milliseconds", 1e3 * seconds / len(asked)
        yield f"faiss.{n}.vs_cpu", before / seconds
        yield f"faiss.{n}.same", float(same)


def _searched(index: Index, asked: NDArray[np.float32]) -> list[NDArray[np.int64]]:
    return [index.search(query, 200)[0] for query in asked]


def skewed(part: float) -> NDArray[np.int32]:
    """Pairs of user and item, int32 (m, 2), each once, sorted; a few items are liked by very many."""
    random = np.random.default_rng(0)
    user = random.integers(0, int(USERS * part), int(LIKES * part))
    item = (int(ITEMS * part) * random.random(int(LIKES * part)) ** 3).astype(np.int64)
    return np.unique(np.stack([user, item], 1).astype(np.int32), axis=0)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What it gives, and how many seconds it takes."""
    begin = time.perf_counter()
    found = work()
    return found, time.perf_counter() - begin


def farthest(some: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """The largest difference between two arrays, of the largest value."""
    return float(np.abs(some - others).max() / np.abs(others).max())


if __name__ == "__main__":
    main()
