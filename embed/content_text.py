"""Texts as weighted words: what TF-IDF counts. Chinese, Japanese, Korean and Thai, written without spaces, too."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ontology.letters import MARKS

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_RUN = re.compile(
    f"[{_UNSPACED}\U00020000-\U0003ffff][{_UNSPACED}\U00020000-\U0003ffff{MARKS}]*"
    f"|(?:[^\\W_{_UNSPACED}\U00020000-\U0003ffff]+[{MARKS}]*)+"
)
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}\U00020000-\U0003ffff]")
_FEWEST = 2
"""A word that one item has joins nothing."""


def words(text: str) -> list[str]:
    """The words of a text in small letters; of a run that is written without spaces, each pair of neighbours."""
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if len(run) > 1 and _UNSPACED_RUN.match(run):
            found += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            found.append(run)
    return found


@dataclass(frozen=True)
class Vocabulary:
    """The words that count, and `idf` float32 (V,): log(texts / texts with the word) + 1, one added to both counts."""

    words: tuple[str, ...]
    idf: NDArray[np.float32]

    def weights(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Which words a text has, int64 (w,), and their TF-IDF, float32 (w,), of length 1 together."""
        counted = Counter(self._number[word] for word in words(text) if word in self._number)
        number = np.array(sorted(counted), np.int64)
        weight = np.array([counted[i] for i in number.tolist()], np.float32) * self.idf[number]
        return number, weight / max(float(np.linalg.norm(weight)), 1e-9)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}


def vocabulary(texts: Sequence[str], most: int) -> Vocabulary:
    """The words that stand in at least two texts: the `most` that stand in the most, then in order of spelling."""
    counted: Counter[str] = Counter()
    for text in texts:
        counted.update(set(words(text)))
    kept = sorted(_first(counted.items(), most))
    frequency = np.array([counted[word] for word in kept], np.float32)
    return Vocabulary(tuple(kept), (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float32))


def _first(counted: Iterable[tuple[str, int]], most: int) -> list[str]:
    usable = sorted((-count, word) for word, count in counted if count >= _FEWEST)
    return [word for _, word in usable[:most]]
