"""Vectors for a knowledge graph: TransE, RotatE, DistMult and ComplEx, which are PyKEEN's, trained by its loop."""

import gc
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from embed.checkpoint import Kept
from embed.interactions import Model, Side
from embed.link_prediction import KGEVectors
from embed.negatives import lose_to_own, lose_to_shared
from embed.rowadagrad import RowAdagrad
from embed.run import ALONE, Run
from embed.state import restore, seeded, state_of
from embed.threads import threads
from embed.warm import Warm
from kg.bounds import Count, NonNegative, Positive
from ontology.errors import InputError, NotReadyError

# PyKEEN makes folders below the home folder when it is imported. It gets one that goes away with the process.
_scratch = tempfile.TemporaryDirectory(prefix="kgrec-pykeen-", ignore_cleanup_errors=True)
os.environ.setdefault("PYSTOW_HOME", _scratch.name)

from pykeen.losses import MarginRankingLoss, NSSALoss  # noqa: E402  (reads PYSTOW_HOME)
from pykeen.models import ComplEx, DistMult, RotatE, TransE  # noqa: E402
from pykeen.training import NonFiniteLossError, SLCWATrainingLoop, TrainingCallback  # noqa: E402
from pykeen.triples import CoreTriplesFactory  # noqa: E402
from pykeen.utils import NoRandomSeedNecessary  # noqa: E402


@dataclass(frozen=True)
class TrainingOptions:
    """How a model is trained. `batch_size` None: by the number of triples, between 256 and 8192."""

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
class KGEOptions(TrainingOptions):
    """Which model; `unit` keeps the entities of TransE and DistMult at length 1; `norm` is TransE's.

    `shared`: a batch has one set of negatives, which is scored by a product of matrices; otherwise each triple has its
    own. `adversarial` is the temperature of the self-adversarial loss (Sun et al. 2019, equations 4 and 5), 0: the
    margin ranking loss.
    """

    model: Model = "transe"
    unit: bool = True
    shared: bool = False
    adversarial: NonNegative = 0.0


def train_kge(
    triples: NDArray[np.int32],
    n_entities: int,
    n_relations: int,
    options: KGEOptions,
    run: Run = ALONE,
    *,
    warm: Warm | None = None,
) -> KGEVectors:
    """Learn from triples int32 (t, 3): head, relation, tail. The same seed gives the same bits on a CPU.

    Raises NotReadyError where there are no triples, and InputError where training diverges.
    """
    if not len(triples):
        raise NotReadyError("there are no triples to learn from: load a catalog with `kg ingest` first")
    factory = CoreTriplesFactory(torch.from_numpy(triples.astype(np.int64)), n_entities, n_relations)
    with seeded(options.seed), _frozen_garbage(), threads(_most_threads(options)):
        model = pykeen_model(factory, options)
        loop = training_loop(model, factory, options)
        loop.warm = warm
        begun = loop.goes_on(run.unfinished(options.model))
        try:
            loop.train(
                factory,
                num_epochs=options.epochs,
                batch_size=options.batch_size or batch_size(len(triples)),
                use_tqdm=False,
                pin_memory=False,
                callbacks=_Report(loop, options, run),
                continue_training=begun,
            )
        except NonFiniteLossError as error:
            raise InputError(
                f"{type(model).__name__} diverged: its loss is not a number any more; "
                f"try a learning rate below {options.learning_rate}"
            ) from error
    entities, relations = (table().detach().cpu().numpy() for table in _tables(model))
    sums = tuple(loop.optimizer.state[weight]["sum"].cpu().numpy() for weight in _weights(model))
    return KGEVectors(options.model, entities, relations, options.norm, sums)


def pykeen_model(factory: Any, options: KGEOptions) -> Any:
    """PyKEEN's model with sparse gradients, without what rewrites or reads the whole table of entities each step.

    That is its constraint, which RowAdagrad keeps, and its regulariser. `_embeddings.sparse` is private: PyKEEN is
    pinned, and a test sees that gradients are sparse.
    """
    kinds: dict[Model, tuple[Any, dict[str, Any]]] = {
        "transe": (TransE, {"scoring_fct_norm": options.norm, "entity_constrainer": None}),
        "rotate": (RotatE, {}),
        "distmult": (DistMult, {"entity_constrainer": None, "regularizer": None}),
        "complex": (ComplEx, {"regularizer": None}),
    }
    kind, own = kinds[options.model]
    loss = (
        NSSALoss(margin=options.margin, adversarial_temperature=options.adversarial)
        if options.adversarial
        else MarginRankingLoss(margin=options.margin)
    )
    model = kind(
        triples_factory=factory,
        embedding_dim=options.dim,
        loss=loss,
        random_seed=NoRandomSeedNecessary,
        **own,
    ).to(options.device)
    for table in _tables(model):
        table._embeddings.sparse = True
    return model


def training_loop(model: Any, factory: Any, options: KGEOptions) -> Any:
    """PyKEEN's loop around our epochs, with our optimiser."""
    entities = model.entity_representations[0]._embeddings.weight
    keep = options.unit and options.model in ("transe", "distmult")
    unit = [i for i, parameter in enumerate(model.get_grad_params()) if keep and parameter is entities]
    return _Loop(
        options,
        model=model,
        triples_factory=factory,
        optimizer=RowAdagrad,
        optimizer_kwargs={"lr": options.learning_rate, "unit": tuple(unit)},
        automatic_memory_optimization=False,
    )


_WARM = {"entity": "entities", "relation": "relations"}
"""What the tables are called in a bundle, and which of a warm start's numbers are theirs."""


class _Loop(SLCWATrainingLoop):  # type: ignore[misc]  # PyKEEN has no types
    """An epoch that looks each table up once a batch: PyKEEN's own makes six look-ups, and as many gradients."""

    def __init__(self, options: KGEOptions, **others: Any) -> None:
        super().__init__(**others)
        self._options = options
        self._state: Kept | None = None
        self.warm: Warm | None = None

    def goes_on(self, state: Kept | None) -> bool:
        """Begin after the epoch whose state was kept; whether there is one. `_epoch` is private: PyKEEN is pinned."""
        if state is None:
            return False
        self._state, self._epoch = state, state.said["epoch"]
        restore(state.arrays, self.model, self.optimizer)
        return True

    def _train_epoch(self, batches: Any, *_: Any, **__: Any) -> float:
        triples, size = batches.dataset.mapped_triples, batches.dataset.batch_size
        total = 0.0
        if self._state:  # again: what PyKEEN does before the first epoch draws random numbers
            restore(self._state.arrays, self.model, self.optimizer)
            self._state = None
        elif self.warm and self._epoch == 0:
            self._start_warm(self.warm)
        for step, rows in enumerate(torch.randperm(len(triples)).split(size)):
            self.optimizer.zero_grad()
            loss = self._loss(triples[rows].to(self.model.device), "head" if step % 2 else "tail")
            if not torch.isfinite(loss):
                raise NonFiniteLossError("Loss is non-finite.")
            loss.backward()
            self.optimizer.step()
            self.model.post_parameter_update()
            total += loss.item() * len(rows)
        return total / len(triples)

    @torch.no_grad()
    def _start_warm(self, warm: Warm) -> None:
        """Vectors, and what the optimiser has seen of them: without that it would make first steps that undo all."""
        for (name, rows), weight in zip(_WARM.items(), _weights(self.model), strict=True):
            sums = self.optimizer.state[weight]["sum"]
            for at, table in ((name, weight), (f"{name}_sums", sums)):
                carried = getattr(warm, rows)(at, table.cpu().numpy())
                table.copy_(torch.from_numpy(carried))

    def _loss(self, batch: torch.Tensor, side: Side) -> torch.Tensor:
        of = self._options
        if of.shared:
            return lose_to_shared(self.model, of.model, of.norm, batch, n=of.negatives, side=side)
        return lose_to_own(self.model, batch, of.negatives)


class _Report(TrainingCallback):  # type: ignore[misc]  # PyKEEN has no types
    def __init__(self, loop: _Loop, options: KGEOptions, run: Run) -> None:
        super().__init__()
        self._loop, self._options, self._run = loop, options, run

    def post_epoch(self, epoch: int, epoch_loss: float, **_: Any) -> None:
        name, loop = self._options.model, self._loop
        self._run.epoch(name, epoch, self._options.epochs, {"loss": epoch_loss})
        self._run.keep(name, lambda: Kept(state_of(loop.model, loop.optimizer), {"epoch": epoch}))


def batch_size(n: int) -> int:
    """About fifty steps an epoch, because small graphs need the steps and large ones the speed."""
    return int(np.clip(n // 50, 256, 8192))


def _weights(model: Any) -> tuple[torch.Tensor, ...]:
    return tuple(table._embeddings.weight for table in _tables(model))


def _tables(model: Any) -> tuple[Any, Any]:
    return model.entity_representations[0], model.relation_representations[0]


def _most_threads(options: KGEOptions) -> int:
    """One, unless a matrix product has work for more: to wake another costs as much as a look-up in a table."""
    return torch.get_num_threads() if options.shared else 1


@contextmanager
def _frozen_garbage() -> Iterator[None]:
    """PyKEEN collects garbage after every epoch; what lives already need not be looked at again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
