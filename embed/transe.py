"""TransE (Bordes et al. 2013): vectors for which head + relation lies near tail."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from embed.kge import KGEOptions, TrainingOptions, train_kge
from embed.run import ALONE, Run
from embed.warm import Warm
from kg.bounds import Count


@dataclass(frozen=True)
class TransEOptions(TrainingOptions):
    """How TransE is trained. `batch_size` None: by the number of triples, between 256 and 8192."""

    epochs: Count = 20


@dataclass(frozen=True)
class TransEVectors:
    """`entities` float32 (E, d), each of length 1, and `relations` float32 (R, d).

    `entity_sums` float32 (E,) and `relation_sums` float32 (R,) are the optimiser's, for a warm start.
    """

    entities: NDArray[np.float32]
    relations: NDArray[np.float32]
    entity_sums: NDArray[np.float32]
    relation_sums: NDArray[np.float32]


def train_transe(
    triples: NDArray[np.int32],
    n_entities: int,
    n_relations: int,
    options: TransEOptions,
    run: Run = ALONE,
    *,
    warm: Warm | None = None,
) -> TransEVectors:
    """Learn from triples int32 (t, 3): head, relation, tail. The same seed gives the same bits on a CPU.

    Raises NotReadyError where there are no triples, and InputError where training diverges.
    """
    learned = train_kge(triples, n_entities, n_relations, KGEOptions(**asdict(options)), run, warm=warm)
    return TransEVectors(learned.entities, learned.relations, *learned.sums)
