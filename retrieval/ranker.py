"""The trained ranker in service: ONNX Runtime, one thread. The only file that knows it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray


@dataclass(frozen=True)
class Ranker:
    """Scores candidates by their features; larger is better."""

    session: Any

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probability that each candidate, features float32 (n, f), is liked: float32 (n,)."""
        (name,) = (i.name for i in self.session.get_inputs())
        (scores,) = self.session.run(None, {name: features})
        return np.asarray(scores, np.float32).reshape(-1)


def open_ranker(model: Path | bytes) -> Ranker:
    """Open an ONNX file, or its bytes, for one thread: workers are processes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    content = model if isinstance(model, bytes) else str(model)
    return Ranker(onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"]))
