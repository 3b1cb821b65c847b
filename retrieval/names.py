"""Finds names by what somebody begins to type: case and accents do not matter."""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

SEPARATOR = "\n"


class Names:
    """Names that can be searched. One text holds them all, so that a search is a scan at the speed of memory."""

    def __init__(self, names: Sequence[str]) -> None:
        folded = [fold(name) for name in names]
        self._text = SEPARATOR + SEPARATOR.join(folded) + SEPARATOR
        self._starts = list(accumulate((len(name) + 1 for name in folded), initial=1))
        """Where each name starts in the text, and where the next one would."""

    def search(self, words: str, start: int, n: int) -> list[int]:
        """The numbers of up to n names that hold `words`, after the first `start` ones, in the order of `matches`."""
        return [number for _, number in islice(self.matches(words), start, start + n)]

    def matches(self, words: str) -> Iterator[tuple[int, int]]:
        """The numbers of the names that hold `words`, each with how good it is. Nothing finds all.

        0: the name begins with it, 1: a word of the name does, 2: all others. Better ones come first.
        """
        words = fold(words)
        if not words:
            yield from ((0, number) for number in range(len(self._starts) - 1))
            return
        seen: set[int] = set()
        for goodness, before in enumerate((SEPARATOR, " ", "")):
            for number in self._scan(before + words):
                if number not in seen:
                    seen.add(number)
                    yield goodness, number

    def holding(self, words: str) -> Iterator[int]:
        """The numbers of the names that hold `words`, each once, in order. Nothing finds all."""
        words = fold(words)
        yield from self._scan(words) if words else range(len(self._starts) - 1)

    def _scan(self, text: str) -> Iterator[int]:
        """The numbers of the names that hold the text, each once; a separator belongs to the name after it."""
        at = self._text.find(text)
        while at >= 0:
            number = bisect_right(self._starts, at + text.startswith(SEPARATOR)) - 1
            yield number
            at = self._text.find(text, self._starts[number + 1] - 1)


def fold(text: str) -> str:
    """Text without case, accents and line breaks."""
    if text.isascii():  # the most, and ten times as quick
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(plain.split())
