"""The training libraries, which a bare installation has not."""

from collections.abc import Iterator
from contextlib import contextmanager

from ontology.errors import NotReadyError


@contextmanager
def training_libraries() -> Iterator[None]:
    """Where what learns is imported. Raises NotReadyError where it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "pykeen", "dgl", "scipy", "onnx", "optuna", "matplotlib"}:
            raise
        raise NotReadyError(f"{error.name} is not installed; this step needs: pip install 'kgrec[train]'") from error
