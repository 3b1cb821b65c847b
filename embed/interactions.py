"""How well a head, a relation and a tail fit together, for the four models; in PyKEEN's order of operations.

An interaction has two halves: what is known (an entity and the relation) becomes one query vector, and the query is
compared with candidates. That is what lets one product of matrices score a whole block of candidates.
"""

from typing import Literal

import torch
from torch import Tensor

Model = Literal["transe", "rotate", "distmult", "complex"]
"""Bordes et al. 2013, Sun et al. 2019, Yang et al. 2015, Trouillon et al. 2016."""
Side = Literal["head", "tail"]
"""Which end of a triple is looked for."""


def query(model: Model, entity: Tensor, relation: Tensor, side: Side) -> Tensor:
    """What the wanted end should look like, (b, d), from the known end and the relation, each (b, d).

    float32, and complex64 for RotatE and ComplEx. TransE: h + r = t. RotatE (its equation 2): t = h r, |r| = 1.
    DistMult and ComplEx (its equation 9): the score is Re<h, r, conj(t)>, so that a head is asked for by conj(r) t.
    """
    forward = side == "tail"
    match model:
        case "transe":
            return entity + relation if forward else entity - relation
        case "distmult":
            return entity * relation
        case "complex":
            return entity * relation if forward else relation.conj() * entity
        case "rotate":
            return entity * relation if forward else entity * relation.conj()


def score(model: Model, norm: int, asked: Tensor, candidates: Tensor) -> Tensor:
    """Scores (m,) of candidates (m, d) for queries (m, d), pair by pair, rounded as PyKEEN rounds them.

    `norm` is TransE's, 1 or 2.
    """
    match model:
        case "transe" | "rotate":
            distance: Tensor = (asked - candidates).norm(p=norm if model == "transe" else 2, dim=-1)
            return -distance
        case "distmult":
            return (asked * candidates).sum(dim=-1)
        case "complex":
            return torch.real(torch.einsum("md,md->m", asked, candidates.conj()))


def score_all(model: Model, norm: int, asked: Tensor, candidates: Tensor) -> Tensor:
    """Nearly the same scores (b, n): candidates (n, d), queries (b, d), by a product of matrices where it can be."""
    asked, candidates = real(asked), real(candidates)
    match model:
        case "distmult" | "complex":
            return asked @ candidates.T
        case "transe" | "rotate":
            return -torch.cdist(asked, candidates, p=1.0 if model == "transe" and norm == 1 else 2.0)


def real(vectors: Tensor) -> Tensor:
    """Complex vectors (n, d) as real ones (n, 2d), of the same lengths and inner products; real ones as they are."""
    return torch.view_as_real(vectors.resolve_conj()).flatten(-2) if vectors.is_complex() else vectors
