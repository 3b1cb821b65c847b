"""A text encoder as small as can be, in the files that large ones come in."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

_PLOTS = ("[UNK]", "river", "boat", "castle", "knight", "un", "##aff", "##able", "cafe", "千", ".", "a", "##b")
_NAMES = ("writer", "##7", "##0", "##1", "##2", "##3", "##4")
WORDS = (*_PLOTS, *_NAMES)
"""Also the names of the writers of tests/retrieval/test_training.py."""
DIM = 6


def word_piece(lower: bool = True) -> dict:
    """As BERT has it."""
    return {
        "normalizer": {"type": "BertNormalizer", "lowercase": lower, "strip_accents": None},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {
            "type": "WordPiece",
            "vocab": {word: i for i, word in enumerate(WORDS)},
            "max_input_chars_per_word": 100,
            "continuing_subword_prefix": "##",
        },
    }


def bpe(merges: list) -> dict:
    """As Llama has it: the letters, then bytes, then what merges make."""
    letters = [*"▁abc", *(f"<0x{byte:02X}>" for byte in range(256))]
    made = ["".join(merge.split(" ") if isinstance(merge, str) else merge) for merge in merges]
    prepend, replace = ({"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}})
    return {
        "normalizer": {"type": "Sequence", "normalizers": [prepend, replace]},
        "pre_tokenizer": None,
        "model": {
            "type": "BPE",
            "byte_fallback": True,
            "vocab": {piece: i for i, piece in enumerate([*letters, *made])},
            "merges": merges,
        },
    }


def tiny(folder: Path, **more: np.ndarray) -> Path:
    """The folder, with a table of a random vector for each word, and more arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    table = np.random.default_rng(0).normal(size=(len(WORDS), DIM)).astype(np.float16)
    save_file({"embeddings": table} | more, folder / "model.safetensors")
    (folder / "tokenizer.json").write_text(json.dumps(word_piece()), encoding="utf-8")
    return folder
