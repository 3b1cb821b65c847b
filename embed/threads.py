"""How many threads a product of matrices has."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def threads(most: int) -> Iterator[None]:
    """In the block so many, in torch and in numpy."""
    before = torch.get_num_threads()
    torch.set_num_threads(most)
    try:
        with threadpool_limits(most):
            yield
    finally:
        torch.set_num_threads(before)
