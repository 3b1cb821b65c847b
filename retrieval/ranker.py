"""The trained ranker in service: ONNX Runtime, one thread. The only file that knows it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

_FEATURES, _PAIRS = "features", "pairs"
"""Names of inputs in the file."""


@dataclass(frozen=True)
class Ranker:
    """Scores candidates by their features; larger is better. One that `attends` has to be told how they go with the
    history as well."""

    session: Any
    attends: bool

    def score(self, features: NDArray[np.float32], pairs: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """The probability that each candidate, features float32 (n, f), is liked: float32 (n,).

        If it attends, it needs their `pairs` float32 (n, h) with the history (see retrieval/pairs.py).
        """
        told = {_FEATURES: features} if pairs is None else {_FEATURES: features, _PAIRS: pairs}
        (scores,) = self.session.run(None, told)
        return np.asarray(scores, np.float32).reshape(-1)


def open_ranker(model: Path | bytes) -> Ranker:
    """Open an ONNX file, or its bytes, for one thread: workers are processes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    content = model if isinstance(model, bytes) else str(model)
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return Ranker(session, attends=_PAIRS in (entry.name for entry in session.get_inputs()))
