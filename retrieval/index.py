"""Nearest vectors by inner product, on the GPU when the installed FAISS has one. The only file that knows FAISS."""

import logging
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from ontology.errors import InputError

log = logging.getLogger(__name__)
FAISS_VERSION: str = faiss.__version__
"""Of whichever is installed: faiss-cpu and faiss-gpu are one library in two builds."""


@dataclass(frozen=True)
class Index:
    """An opened index over n vectors of `dim` dimensions."""

    handle: Any
    dim: int
    selects: bool = True
    """Whether it can search among some vectors only; FAISS cannot on the GPU."""

    def search(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k vectors nearest to `query` float32 (dim,), best first: their numbers and inner products.

        `among` bool (n,) leaves the others out, where the index can select.
        """
        asked = np.ascontiguousarray(query.reshape(1, -1), np.float32)
        if among is None:
            scores, ids = self.handle.search(asked, k)
        else:
            scores, ids = self.handle.search(asked, k, params=_selecting(among))
        found = ids[0] >= 0
        return ids[0][found], scores[0][found]


def _selecting(among: NDArray[np.bool_]) -> Any:
    library: Any = faiss  # its classes take more in Python than their stubs say
    return library.SearchParameters(sel=library.IDSelectorBitmap(np.packbits(among, bitorder="little")))


def index_of(vectors: NDArray[np.float32]) -> Index:
    """An exact index in memory."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    return Index(index, index.d)


def build_index(vectors: NDArray[np.float32]) -> bytes:
    """An exact index over vectors float32 (n, d): the fastest choice up to about 100,000 of them."""
    return bytes(faiss.serialize_index(index_of(vectors).handle))


def open_index(path: Path) -> Index:
    """Open an index file, on the GPU when there is one.

    Raises InputError if the file is not an index.
    """
    # Each worker answers one request at a time; threads inside a search would only fight the other workers.
    faiss.omp_set_num_threads(1)
    try:
        handle = faiss.read_index(str(path))
    except RuntimeError as error:
        raise InputError(f"{path} is not a FAISS index") from error
    if not hasattr(faiss, "StandardGpuResources") and any(distributions(name="faiss-gpu")):
        log.warning("faiss-cpu was installed over faiss-gpu, so no GPU is used; docs/gpu.md says how to mend it")
    return on_gpu(Index(handle, handle.d))


def on_gpu(index: Index) -> Index:
    """The same on the first GPU; the index itself where the installed FAISS has none."""
    if not faiss.get_num_gpus():
        return index
    return Index(faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index.handle), index.dim, selects=False)
