"""Texts as the pieces of words that a pretrained text encoder knows, by its `tokenizer.json`.

Read here, and so without another library, are WordPiece as BERT has it, and BPE as Llama has it: pieces of words that
begin with "▁", and bytes where a letter is unknown. Names of special tokens in a text are text like any other.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from ontology.errors import InputError

Pieces = Callable[[str], list[int]]
"""The numbers of a text's pieces, in order; without those that are unknown, which say nothing."""
_LARGEST = 1 << 27
"""Bytes of a file; those of models of a hundred languages have 17 million."""
_WORDS = 100_000
"""So many words are remembered."""
_SPACE = "▁"


def pieces_of(file: Path) -> Pieces | None:
    """What cuts texts as the file says; None where it says something that is not read here.

    Raises InputError where it is no such file.
    """
    if file.stat().st_size > _LARGEST:
        raise InputError(f"{file} is larger than {_LARGEST >> 20} MiB; a tokenizer.json is not")
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        model = said["model"]
        steps = (model["type"], _type(said["normalizer"]), _type(said["pre_tokenizer"]))
        if steps == ("WordPiece", "BertNormalizer", "BertPreTokenizer"):
            return _word_piece(said["normalizer"], model)
        if steps == ("BPE", "Sequence Prepend Replace", "") and model["byte_fallback"]:
            return _bpe(model)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file} is not the tokenizer.json of a text encoder: {error!r}") from error
    return None


def _type(step: Any) -> str:
    """What a step of it is, with the steps in it."""
    return " ".join([step["type"], *map(_type, step.get("normalizers", ()))]) if step else ""


def _word_piece(normalizer: dict[str, Any], model: dict[str, Any]) -> Pieces:
    vocabulary: dict[str, int] = model["vocab"]
    lower, longest = bool(normalizer["lowercase"]), int(model["max_input_chars_per_word"])
    accents = lower if normalizer["strip_accents"] is None else normalizer["strip_accents"]
    continued = str(model["continuing_subword_prefix"])

    @lru_cache(_WORDS)
    def cut(word: str) -> tuple[int, ...]:
        """The longest piece first, then the longest of the rest; all of a word, or nothing of it."""
        found, begin = [], 0
        while begin < len(word) <= longest:
            head = continued if begin else ""
            ends = (end for end in range(len(word), begin, -1) if head + word[begin:end] in vocabulary)
            if (end := next(ends, None)) is None:
                return ()
            found.append(vocabulary[head + word[begin:end]])
            begin = end
        return tuple(found)

    def cut_all(text: str) -> list[int]:
        if accents:
            text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
        return [number for word in _words(text.lower() if lower else text) for number in cut(word)]

    return cut_all


def _words(text: str) -> Iterator[str]:
    """Runs of letters; every mark of punctuation, and every Chinese letter, is a word of its own."""
    spaced = "".join(f" {c} " if _alone(c) else c for c in text if not _control(c))
    return iter(spaced.split())


def _alone(letter: str) -> bool:
    code = ord(letter)
    if code < 128:
        return letter.isprintable() and not letter.isalnum() and letter != " "
    chinese = 0x3400 <= code <= 0x4DBF or 0x4E00 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF
    return chinese or 0x20000 <= code <= 0x2CEAF or unicodedata.category(letter).startswith("P")


def _control(letter: str) -> bool:
    return letter == "\ufffd" or (letter not in "\t\n\r" and unicodedata.category(letter) in {"Cc", "Cf", "Co"})


def _bpe(model: dict[str, Any]) -> Pieces:
    vocabulary: dict[str, int] = model["vocab"]
    pairs = (tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in model["merges"])
    rank = {pair: i for i, pair in enumerate(pairs)}

    @lru_cache(_WORDS)
    def cut(word: str) -> tuple[int, ...]:
        """Of all neighbours the pair that was learned first becomes one piece, until there is none."""
        parts = list(_SPACE + word)
        while learned := [(rank[pair], i) for i, pair in enumerate(pairwise(parts)) if pair in rank]:
            _, i = min(learned)
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        numbered = (name for part in parts for name in _known(part, vocabulary))
        return tuple(vocabulary[name] for name in numbered if name in vocabulary)

    return lambda text: [number for word in text.split() for number in cut(word)]


def _known(part: str, vocabulary: dict[str, int]) -> list[str]:
    """The piece, or its bytes."""
    return [part] if part in vocabulary else [f"<0x{byte:02X}>" for byte in part.encode("utf-8", "replace")]
