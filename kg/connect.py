"""Opens the graph store of a workspace: the server that KG_GRAPH names, or the embedded database."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kg.address import address_from
from kg.embedded import embedded
from kg.store import GraphStore


@contextmanager
def connect(folder: Path, env: Mapping[str, str] = os.environ) -> Iterator[GraphStore]:
    """The graph store; `folder` holds the embedded database's files. Raises StoreError, InputError."""
    if address := address_from(env):
        with GraphStore(address) as store:
            yield store
        return
    with embedded(folder) as local, GraphStore(local) as store:
        yield store
