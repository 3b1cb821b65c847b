"""How the cost of a training grows: four catalogs, each with twice as many interactions, or triples, as the one before.

With the interactions grow users, items and triples, all in proportion; with the triples grow the entities beside users
and items alone. Cost is CPU seconds, of a training in a process of its own. The exponent b of cost = a size^b is fitted
by least squares of the logarithms: 1 is linear. What every training costs, however small, makes b smaller, so beside it
stands how many times the second largest size the largest one costs: 2 is linear.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.pipeline import ONTOLOGY, snapshot
from benchmarks.training import Cost, cost
from embed.protocol import Split
from kg.snapshot import Snapshot
from retrieval.training import TrainOptions
from service.pairs import tuned

GROWING = {
    "interactions": [(thousands, thousands // 2) for thousands in (15, 30, 60, 120)],
    "triples": [(15, thousands) for thousands in (15, 30, 60, 120)],
}
"""Thousands of interactions and of triples."""
A_USER, AN_ITEM, AN_ENTITY = 50, 15, 10
"""So many interactions has a user, and an item, and so many triples an entity, on average."""
MORE = 4
"""So many times as many are drawn as are kept, because some are drawn twice."""
TASTES, FAITHFUL = 25, 0.7
"""So many kinds of items there are; that part of what users do, and of what is said of items, stays within one."""
SMALL = 0.05
"""A phase that takes less of a training hardly counts."""
OPTIONS = tuned(
    TrainOptions(),
    (
        *("transe.epochs=6", "gnn.epochs=3", "ranker.epochs=1"),
        *("linear.most_items=1000", "linear.regularisation=8", "transitions.most_items=1000"),
    ),
)
"""A third of the epochs or fewer, for time. What is cubic in the items up to a bound has a bound that all sizes reach,
as large catalogs reach the usual one."""


def measure() -> dict[str, float]:
    """About five minutes; the seconds of each phase are printed."""
    numbers: dict[str, float] = {}
    for name, sizes in GROWING.items():
        catalogs = [catalog(1000 * interactions, 1000 * triples) for interactions, triples in sizes]
        growing = [size[name == "triples"] for size in sizes]
        costs = [cost(seen, ONTOLOGY, OPTIONS, most=1) for seen in catalogs]
        _say(name, growing, costs)
        cpu = [taken.cpu_seconds for taken in costs]
        numbers[f"training.cost_exponent.{name}"] = float(np.polyfit(np.log(growing), np.log(cpu), 1)[0])
        numbers[f"training.cost_last_doubling.{name}"] = cpu[-1] / cpu[-2]
        numbers[f"training.phase_last_doubling.{name}"] = _fastest_growing(*costs[-2:])
        for thousands, taken in zip(growing, costs, strict=True):
            numbers[f"training.seconds.{thousands}k_{name}"] = taken.seconds
            numbers[f"training.cpu_seconds.{thousands}k_{name}"] = taken.cpu_seconds
    return numbers


def catalog(interactions: int, triples: int) -> Snapshot:
    """With exactly so many of both."""
    random = np.random.default_rng(0)
    users, items, entities = interactions // A_USER, interactions // AN_ITEM, triples // AN_ENTITY
    activity = random.lognormal(size=users)
    user = random.choice(users, MORE * interactions, p=activity / activity.sum())
    likes = _distinct(random, user, _skewed(random, user, items), interactions)
    item = random.integers(0, items, MORE * triples)
    said = _distinct(random, item, _skewed(random, item, entities), triples)
    train = sparse.csr_matrix((np.ones(interactions, np.float32), likes.T), (users, items))
    return snapshot(Split(train, sparse.csr_matrix(train.shape, dtype=np.float32)), said, 0)


def _skewed(random: np.random.Generator, of: NDArray[np.integer], n: int) -> NDArray[np.int64]:
    """For each one of n, the first ones most often, and mostly those of its taste: a number's taste is its rest."""
    drawn = (n * random.random(len(of)) ** 2).astype(np.int64)
    fitting = np.minimum(drawn // TASTES * TASTES + of % TASTES, n - 1)
    return np.where(random.random(len(of)) < FAITHFUL, fitting, drawn)


def _distinct(
    random: np.random.Generator, one: NDArray[np.integer], other: NDArray[np.integer], n: int
) -> NDArray[np.int32]:
    """So many of the pairs, int32 (n, 2), each once."""
    pairs = np.unique(np.stack([one, other], axis=1).astype(np.int32), axis=0)
    return pairs[np.sort(random.permutation(len(pairs))[:n])]


def _fastest_growing(second: Cost, largest: Cost) -> float:
    """How many times longer a phase takes, the one of which that is most; without phases that hardly count."""
    counting = (phase for phase, seconds in largest.phases.items() if seconds > SMALL * largest.seconds)
    return max(largest.phases[phase] / second.phases[phase] for phase in counting)


def _say(name: str, thousands: Sequence[int], costs: Sequence[Cost]) -> None:
    """The seconds of each phase, and how many times the second largest size the largest one takes."""
    print(f"{'phase':32s}", *(f"{size:>8d}k" for size in thousands), f"times, {name}")
    for phase in costs[-1].phases:
        seconds = [taken.phases[phase] for taken in costs]
        print(f"{phase:32s}", *(f"{value:9.2f}" for value in seconds), f"{seconds[-1] / seconds[-2]:6.2f}", flush=True)
