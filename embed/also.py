"""Teachers that are off until `also` names them: what each has learned, and how it reads a history.

Each is a dataclass of arrays alone, so a checkpoint, a bundle and a worker need to know nothing else of it. Reads with
numpy: nothing that serves imports what learns (see embed/also_learning.py).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embed.als import Als
from embed.attention import Attention
from embed.fpmc import Fpmc
from embed.kernel import Kernel
from embed.online import Online
from embed.sentences import Sentences
from embed.svdpp import SvdPp
from embed.word2vec import Word2Vec
from ontology.errors import InputError

Items = NDArray[np.integer]


class Also(Protocol):
    """The score of every item, float32 (I,), is `items @ query(…)`."""

    @property
    def items(self) -> NDArray[np.float32]:
        """The vectors of all items, float32 (I, d)."""

    def query(self, liked: Items, seen: Items) -> NDArray[np.float32]:
        """What a history makes of it, float32 (d,): item numbers int (h,), newest last, each once, `liked` of `seen`.

        Zeros where it says nothing, as an empty one does.
        """


KINDS: dict[str, Callable[..., Also]] = {
    "als": Als,
    "fpmc": Fpmc,
    "attention": Attention,
    "svdpp": SvdPp,
    "online": Online,
    "sentences": Sentences,
    "word2vec": Word2Vec,
    "kernel": Kernel,
}
"""Every additional teacher by its name: the source, the row of `kg evaluate`, the options and the file that it has."""


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Names as KINDS has them, each once. Raises InputError for one that is not there."""
    wanted = set(names)
    if unknown := sorted(wanted - KINDS.keys()):
        raise InputError(f"there is no additional teacher {unknown[0]!r}; there are {', '.join(KINDS) or 'none'}")
    return tuple(name for name in KINDS if name in wanted)


def opened(arrays: Mapping[str, Mapping[str, NDArray[np.generic]]]) -> dict[str, Also]:
    """Teachers by name, of their arrays by name."""
    return {name: KINDS[name](**arrays[name]) for name in in_order(arrays)}
