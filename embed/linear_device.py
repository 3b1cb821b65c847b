"""The weights of the linear teacher on a GPU: the equations of embed/linear.py, all matrices dense, one inverse."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from embed.closed_form import BLOCK_ENTRIES, Largest, blocks


@torch.no_grad()
def largest_on(
    device: str, matrix: sparse.csc_matrix, regularisation: float, scale: NDArray[np.float32], k: int
) -> Iterator[Largest]:
    """The k largest entries of each row of B, of either sign, block by block.

    M float32 (u, n) is what is learned from, `scale` (n,) by what its columns were scaled. It takes three matrices
    (n, n) on the device; torch raises RuntimeError ("out of memory") where it has less.
    """
    n = matrix.shape[1]
    scales = torch.from_numpy(scale).to(device)
    inverse = _inverse(_gram(matrix, device), regularisation)
    diagonal = inverse.diagonal().clone()
    for rows in blocks(n):
        b = -inverse[rows] / diagonal
        b.diagonal(rows.start).zero_()
        b *= scales[rows, None] / scales
        best = b.abs().topk(k, sorted=False).indices
        yield best.cpu().numpy(), b.gather(1, best).cpu().numpy()


def _gram(matrix: sparse.csc_matrix, device: str) -> Tensor:
    """MᵀM, from so many rows at once as memory is bounded to."""
    by_row = matrix.tocsr()
    gram = torch.zeros(matrix.shape[1], matrix.shape[1], device=device)
    at_once = max(1, BLOCK_ENTRIES // max(matrix.shape[1], 1))
    for start in range(0, matrix.shape[0], at_once):
        part = by_row[start : start + at_once].tocoo()
        rows = torch.zeros(part.shape, device=device)
        entry, place = (torch.from_numpy(column.astype(np.int64)).to(device) for column in (part.row, part.col))
        rows[entry, place] = torch.from_numpy(part.data).to(device)
        gram.addmm_(rows.T, rows)
    return gram


def _inverse(gram: Tensor, regularisation: float) -> Tensor:
    gram.diagonal().add_(regularisation)
    return torch.cholesky_inverse(torch.linalg.cholesky(gram))
