"""TransE (Bordes et al. 2013): vectors for which head + relation lies near tail. Trained by PyKEEN."""

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from embed.rowadagrad import RowAdagrad
from kg.bounds import Count, Positive
from kg.progress import Progress, silent
from ontology.errors import InputError, NotReadyError

# PyKEEN makes folders below the home folder when it is imported. It gets one that goes away with the process.
_scratch = tempfile.TemporaryDirectory(prefix="kgrec-pykeen-", ignore_cleanup_errors=True)
os.environ.setdefault("PYSTOW_HOME", _scratch.name)

from pykeen.losses import MarginRankingLoss  # noqa: E402  (reads PYSTOW_HOME)
from pykeen.models import TransE  # noqa: E402
from pykeen.training import NonFiniteLossError, SLCWATrainingLoop, TrainingCallback  # noqa: E402
from pykeen.triples import CoreTriplesFactory  # noqa: E402
from pykeen.utils import NoRandomSeedNecessary  # noqa: E402


@dataclass(frozen=True)
class TransEOptions:
    """How TransE is trained. `batch_size` None: by the number of triples, between 256 and 8192."""

    dim: Count = 64
    epochs: Count = 100
    batch_size: Count | None = None
    learning_rate: Positive = 0.1
    margin: Positive = 1.0
    norm: Literal[1, 2] = 1
    negatives: Count = 1
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class TransEVectors:
    """`entities` float32 (E, d), each of length 1, and `relations` float32 (R, d)."""

    entities: NDArray[np.float32]
    relations: NDArray[np.float32]


def train_transe(
    triples: NDArray[np.int32], n_entities: int, n_relations: int, options: TransEOptions, progress: Progress = silent
) -> TransEVectors:
    """Learn from triples int32 (t, 3): head, relation, tail. The same seed gives the same bits on a CPU.

    Raises NotReadyError where there are no triples, and InputError where training diverges.
    """
    if not len(triples):
        raise NotReadyError("there are no triples to learn from: load a catalog with `kg ingest` first")
    factory = CoreTriplesFactory(torch.from_numpy(triples.astype(np.int64)), n_entities, n_relations)
    with _seeded(options), _frozen_garbage():
        model = transe_model(factory, options)
        loop = training_loop(model, factory, options)
        try:
            loop.train(
                factory,
                num_epochs=options.epochs,
                batch_size=options.batch_size or batch_size(len(triples)),
                use_tqdm=False,
                pin_memory=False,
                callbacks=_Report(lambda epoch: progress("transe", epoch, options.epochs)),
            )
        except NonFiniteLossError as error:
            raise InputError(
                f"TransE diverged: its loss is not a number any more; try a learning rate below {options.learning_rate}"
            ) from error
    entities, relations = (_weight(kind).detach().cpu().numpy() for kind in _tables(model))
    return TransEVectors(entities, relations)


def transe_model(factory: Any, options: TransEOptions) -> Any:
    """PyKEEN's TransE with sparse gradients and without its own constraint, which rewrites the whole table each step.

    `_embeddings.sparse` is private: PyKEEN is pinned, and a test sees that gradients are sparse.
    """
    model = TransE(
        triples_factory=factory,
        embedding_dim=options.dim,
        scoring_fct_norm=options.norm,
        entity_constrainer=None,
        loss=MarginRankingLoss(margin=options.margin),
        random_seed=NoRandomSeedNecessary,
    ).to(options.device)
    for table in _tables(model):
        table._embeddings.sparse = True
    return model


def training_loop(model: Any, factory: Any, options: TransEOptions) -> Any:
    """PyKEEN's loop with our optimiser, which keeps the entities it touches at length 1."""
    entities = _weight(model.entity_representations[0])
    unit = [i for i, parameter in enumerate(model.get_grad_params()) if parameter is entities]
    return SLCWATrainingLoop(
        model=model,
        triples_factory=factory,
        optimizer=RowAdagrad,
        optimizer_kwargs={"lr": options.learning_rate, "unit": tuple(unit)},
        negative_sampler="basic",
        negative_sampler_kwargs={"num_negs_per_pos": options.negatives},
        automatic_memory_optimization=False,
    )


class _Report(TrainingCallback):  # type: ignore[misc]  # PyKEEN has no types
    def __init__(self, report: Callable[[int], None]) -> None:
        super().__init__()
        self._report = report

    def post_epoch(self, epoch: int, epoch_loss: float, **_: Any) -> None:
        self._report(epoch)


def batch_size(n: int) -> int:
    """About fifty steps an epoch, because small graphs need the steps and large ones the speed."""
    return int(np.clip(n // 50, 256, 8192))


def _tables(model: Any) -> tuple[Any, Any]:
    return model.entity_representations[0], model.relation_representations[0]


def _weight(table: Any) -> torch.nn.Parameter:
    weight: torch.nn.Parameter = table._embeddings.weight
    return weight


@contextmanager
def _seeded(options: TransEOptions) -> Iterator[None]:
    """Seed torch for training, and leave the caller's random numbers as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(options.seed)
        yield


@contextmanager
def _frozen_garbage() -> Iterator[None]:
    """PyKEEN collects garbage after every epoch; what lives already need not be looked at again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
