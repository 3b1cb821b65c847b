"""Link prediction: at which rank the true head and the true tail of a triple stand among all entities.

The ranks are those of PyKEEN's RankBasedEvaluator to the last tie, forty times as fast and in bounded memory: a block
of candidates is scored by one product of matrices (L1: by faiss), which rounds a little differently; only those that
come within the rounding error of the true one are scored again, as PyKEEN does it. See docs/decisions/016.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embed.interactions import Model, Side, query, real, score
from embed.ragged import places

_QUERIES = 256
_CANDIDATES = 4096
"""A block of scores is 4 MB: small enough for a processor's cache, large enough for its matrix units."""
_EPSILON = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class KGEVectors:
    """`entities` (E, d) and `relations` (R, d), float32, or complex64 for RotatE and ComplEx; `norm` is TransE's.

    `sums` are the optimiser's accumulators, float32 (E,) and (R,), which a warm start goes on with.
    """

    model: Model
    entities: NDArray[Any]
    relations: NDArray[Any]
    norm: int = 1
    sums: tuple[NDArray[np.float32], ...] = ()


def mean_reciprocal_rank(ranks: NDArray[np.float64]) -> float:
    """The mean of 1 / rank."""
    return float((1 / ranks).mean())


def hits(ranks: NDArray[np.float64], k: int) -> float:
    """The share of ranks that are k or better."""
    return float((ranks <= k).mean())


def filtered_ranks(vectors: KGEVectors, test: NDArray[np.integer], known: NDArray[np.integer]) -> NDArray[np.float64]:
    """Ranks float64 (t, 2) of the heads and the tails of `test`, int (t, 3), best is 1.

    Filtered (Bordes et al. 2013, section 4.2): other true answers, in `known`, int (n, 3), or `test`, do not compete.
    Realistic: a tie counts half, as in PyKEEN (Berrendorf et al. 2020).
    """
    every = np.concatenate([known, test]).astype(np.int64)
    return np.stack([_side(vectors, every[len(known) :], every, side) for side in ("head", "tail")], axis=1)


def _side(vectors: KGEVectors, test: NDArray[np.int64], every: NDArray[np.int64], side: Side) -> NDArray[np.float64]:
    given, wanted = (2, 0) if side == "head" else (0, 2)
    entities, relations = torch.from_numpy(vectors.entities), torch.from_numpy(vectors.relations)
    candidates = _Candidates(vectors, entities)
    answers = _Answers(every[:, given] * len(relations) + every[:, 1], every[:, wanted])
    ranks = [
        candidates.ranks(
            query(vectors.model, entities[batch[:, given]], relations[batch[:, 1]], side),
            torch.from_numpy(batch[:, wanted]),
            answers.other(batch[:, given] * len(relations) + batch[:, 1], batch[:, wanted]),
        )
        for batch in np.split(test, range(_QUERIES, len(test), _QUERIES))
    ]
    return np.concatenate(ranks)


class _Answers:
    """Which entities answer a question: int64 keys (n,), one for each pair of entity and relation, and the answers."""

    def __init__(self, keys: NDArray[np.int64], answers: NDArray[np.int64]) -> None:
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        self.keys, self.indptr, self.answers = keys[first], np.append(first, len(keys)), answers[order]

    def other(self, keys: NDArray[np.int64], own: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Positions int64 (m,) in `keys` and the answers to them, (m,), ascending, less each one's own."""
        owner, place = places(self.indptr, np.searchsorted(self.keys, keys))
        found = self.answers[place]
        keep = found != own[owner]
        owner, found = owner[keep], found[keep]
        order = np.argsort(found)
        return torch.from_numpy(owner[order]), torch.from_numpy(found[order])


class _Candidates:
    """All entities, ready to be compared with queries."""

    def __init__(self, vectors: KGEVectors, entities: Tensor) -> None:
        self.model, self.norm, self.entities = vectors.model, vectors.norm, entities
        self.flat = real(entities)
        self.lengths = torch.linalg.vector_norm(self.flat, dim=1)
        self.longest = float(self.lengths.max())
        self.by_sum = vectors.model == "transe" and vectors.norm == 1
        self.by_distance = vectors.model in ("transe", "rotate")

    def ranks(self, asked: Tensor, wanted: Tensor, other: tuple[Tensor, Tensor]) -> NDArray[np.float64]:
        """Ranks (b,) of the entities `wanted`, int64 (b,), for queries (b, d), leaving the other answers out."""
        true = score(self.model, self.norm, asked, self.entities[wanted])
        low, high = self._around(real(asked), true)
        above, level = torch.zeros(2, len(asked), dtype=torch.int64)
        for start, block in self._blocks(real(asked)):
            _leave_out(block, start, other)
            better = block > high
            above += better.sum(1)
            row, column = (better ^ (block >= low)).nonzero(as_tuple=True)
            again = score(self.model, self.norm, asked[row], self.entities[start + column])
            above += torch.bincount(row[again > true[row]], minlength=len(asked))
            level += torch.bincount(row[again == true[row]], minlength=len(asked))
        return np.asarray((above + (1 + level) / 2).double())  # the true one is level with itself

    def _blocks(self, asked: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Comparable values float32 (b, n) of block after block of entities: larger is better."""
        for start in range(0, len(self.flat), _CANDIDATES):
            block = self.flat[start : start + _CANDIDATES]
            if self.by_sum:
                distance = faiss.pairwise_distances(asked.numpy(), block.numpy(), metric=faiss.METRIC_L1)
                yield start, torch.from_numpy(distance).neg_()
            elif self.by_distance:  # |q - e|² = |q|² - 2 (q e - |e|² / 2)
                half = self.lengths[start : start + _CANDIDATES].square() / 2
                yield start, (asked @ block.T).sub_(half)
            else:
                yield start, asked @ block.T

    def _around(self, asked: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
        """Where the true score lies on the scale of the blocks: bounds (b, 1) that rounding cannot cross.

        A sum of n products is off by at most n u times the sum of their sizes, u half of epsilon (Higham 2002,
        equation 3.5); eight more for the operations around it.
        """
        terms = (asked.shape[1] + 8) * _EPSILON
        asked, true = asked.double(), true.double()
        length = asked.norm(dim=1)
        if self.by_sum:
            middle, slack = true, terms * true.abs()
        elif self.by_distance:
            middle = (length.square() - true.square()) / 2
            slack = terms * (length * self.longest + self.longest**2 / 2 + true.square())
        else:
            middle, slack = true, terms * length * self.longest
        # Rounded to float32 outwards: the blocks are.
        low, high = (middle - slack).float(), (middle + slack).float()
        below, beyond = torch.tensor(-torch.inf), torch.tensor(torch.inf)
        return torch.nextafter(low, below).unsqueeze(1), torch.nextafter(high, beyond).unsqueeze(1)


def _leave_out(block: Tensor, start: int, other: tuple[Tensor, Tensor]) -> None:
    """Put the other answers, rows and entities ascending by entity, last in a block (b, n) that begins at `start`."""
    rows, found = other
    first, last = torch.searchsorted(found, torch.tensor([start, start + block.shape[1]])).tolist()
    block[rows[first:last], found[first:last] - start] = -torch.inf
