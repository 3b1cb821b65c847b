"""Pretrained text encoders, from a folder of this machine: never from the network, and never a pickle.

A static one (a table of vectors, one for each piece of a word, as model2vec and sentence-transformers keep it) is read
here. Any other is loaded by the library sentence-transformers, where that is installed. The only file that knows it.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  # by which numpy knows bfloat16
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from embed.pieces import Pieces, pieces_of
from ontology.errors import InputError

Vectors = NDArray[np.float32]
Encoder = Callable[[Sequence[str]], Vectors]
"""Texts to vectors float32 (n, k), of length 1; of 0 where nothing of a text is known."""
_LONGEST = 20_000
"""So many characters of a text count, which bounds the time that one can take."""
_TABLE = ("embeddings", "embedding.weight")
"""The table in files of model2vec, and of sentence-transformers and others."""
_LIBRARY = "sentence_transformers"
_ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"}
"""It asks the network for nothing, prints nothing, and has no threads when processes are forked later."""


@dataclass(frozen=True)
class Static:
    """An encoder that is a table of vectors, float32 (V, k); `cut` cuts a text into pieces of words, which are rows."""

    table: Vectors
    cut: Pieces

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """The mean over the pieces of each text, float32 (n, k), of length 1; 0 where none is known."""
        return np.stack([self._mean(text) for text in texts])

    def pieces(self, text: str) -> list[int]:
        """The rows of a text, in order."""
        return [piece for piece in self.cut(text[:_LONGEST]) if piece < len(self.table)]

    def _mean(self, text: str) -> Vectors:
        mean = self.table[self.pieces(text)].sum(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)


@dataclass(frozen=True)
class Transformer:
    """An encoder of the library; `model` is a module of torch from what `tokens` gives to vectors."""

    model: Any

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """What the library makes of each text, float32 (n, k), of length 1; 0 of a blank one."""
        short = [text[:_LONGEST] for text in texts]
        found = self.model.encode(short, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found * told(texts)[:, None], np.float32)

    def tokens(self, texts: Sequence[str]) -> dict[str, Any]:
        """Texts as numbers of pieces of words, on the device of the model."""
        found = self.model.preprocess([text[:_LONGEST] for text in texts])
        return {name: part.to(self.model.device) if hasattr(part, "to") else part for name, part in found.items()}


def told(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Which of the texts are not blank, bool (n,)."""
    return np.array([text.strip() != "" for text in texts], np.bool_)


def encoder_of(path: str, device: str = "cpu") -> Encoder:
    """The encoder in a folder, Static or another. Raises InputError: what is missing, or has to be installed."""
    folder, cut = found(path)
    return _by_library(folder, device) if cut is None else Static(_table(folder / "model.safetensors"), cut)


def found(path: str) -> tuple[Path, Pieces | None]:
    """Where the files of an encoder are, and what cuts texts for it; None where the library loads it.

    Raises InputError as `encoder_of` does, without loading anything large.
    """
    folder = _folder(path)
    if (static := _static(folder)) and (cut := pieces_of(static / "tokenizer.json")):
        return static, cut
    if find_spec(_LIBRARY) is None:
        raise InputError(
            f"{folder} holds no text encoder that is read without a library (model.safetensors with a table of "
            "vectors, and a tokenizer.json with WordPiece as of BERT or BPE as of Llama); "
            "`pip install 'kgrec[text]'` reads others"
        )
    return folder, None


def _folder(path: str) -> Path:
    """The folder that was named. Raises InputError where none was, or none is there."""
    if not path:
        raise InputError("the teacher sentences reads texts with a pretrained encoder: --set sentences.path=FOLDER")
    if not Path(path).is_dir():
        raise InputError(f"sentences.path: there is no folder {path}; give one that holds a text encoder")
    return Path(path)


def _static(folder: Path) -> Path | None:
    """Where the files of a static encoder are: in the folder, or where sentence-transformers puts them."""
    for place in (folder / "0_StaticEmbedding", folder):
        files = (place / "model.safetensors", place / "tokenizer.json")
        if all(file.is_file() for file in files) and _names(files[0]) & set(_TABLE):
            return place
    return None


def _names(file: Path) -> set[str]:
    try:
        with safe_open(file, "numpy") as opened:
            return set(opened.keys())
    except SafetensorError as error:
        raise InputError(f"{file} is not a file of safetensors: {error}") from error


def _table(file: Path) -> Vectors:
    """Float32 (V, k): the vector of each piece, as long as the piece counts."""
    with safe_open(file, "numpy") as opened:
        names = set(opened.keys())
        name = next(name for name in _TABLE if name in names)
        table = np.asarray(opened.get_tensor(name), np.float32)
        if "mapping" in names:
            table = table[opened.get_tensor("mapping")]
        if "weights" in names:
            table = table * np.asarray(opened.get_tensor("weights"), np.float32)[:, None]
    if table.ndim != 2 or not np.isfinite(table).all():
        raise InputError(f"{file}: {name} of shape {table.shape} is no table of finite vectors, one for each piece")
    return table


def _by_library(folder: Path, device: str) -> Transformer:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(
            str(folder), device=device, local_files_only=True, model_kwargs={"use_safetensors": True}
        )
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"sentence-transformers cannot load {folder}: {str(error).splitlines()[0]}") from error
    return Transformer(model.eval())
