"""Learns what the content of liked items says of the likes of any other item. Imports scipy; serving does not.

Two ridge regressions around the likes R (users by items): users are the mean of their liked items' content F, cut to
its largest directions, items their content Z, and W minimises |R - (users) Wᵀ Zᵀ|² + penalties, one side after the
other. Items without likes are not learned from: of most of them nobody knows yet whether they will be liked.

It is the bilinear form of what Jeunen et al. (2020) and Gantner et al. (2010, "Learning attribute-to-feature mappings
for cold-start recommendations") do, with likes in the place of learned factors, so that it needs no other teacher.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embed.adjacency import Adjacency
from embed.content import Content, Vectors, fourier
from embed.content_measures import Measures, measures
from embed.content_text import Vocabulary, vocabulary
from embed.said import Kinds, Said, said_in
from embed.spectral import directions
from kg.bounds import Count, Natural, Positive
from kg.snapshot import Snapshot

_RARE = 0.4
"""How much more an entity counts that joins few items: as in embed/linear.py."""
_TEXT = 0.3
"""What words count beside entities: chosen, as `dim`, on cold items of the films (docs/quality.md)."""
_DIRECTIONS, _WAVES = 128, 128
"""Of entities and words together; of measures."""
_SAMPLE = 500
"""So many items say how far apart measures lie."""


@dataclass(frozen=True)
class ContentOptions:
    """`dim` is the length of the vectors, `words` how many words count at most.

    The two strengths of regularisation are relative to the variance of users and to the number of items; None: the
    best of a grid on items that are held out as if they were new (see embed/content_choice.py).
    """

    dim: Count = 64
    words: Natural = 20_000
    user_regularisation: Positive | None = None
    item_regularisation: Positive | None = None


class Space(NamedTuple):
    """The content of all items: `z` float32 (I, k), its last column 1, and what makes it of raw content.

    `z` is `raw @ projection` beside `fourier(measured, waves)`; `raw` float32 (I, e + V) has a column for each entity
    of `rows`, int64 (e,), and each word. `column` float32 (e + V,) is what one of them weighs.
    """

    z: Vectors
    vocabulary: Vocabulary
    measures: Measures
    rows: NDArray[np.int64]
    column: Vectors
    projection: Vectors
    waves: Vectors


class Fitted(NamedTuple):
    """`users` float32 (k, r) makes fold-in vectors of content, `items` float32 (k, r) the vectors of items."""

    users: Vectors
    items: Vectors


def content_space(
    snapshot: Snapshot, graph: Adjacency, options: ContentOptions, seed: int, *, kinds: Kinds = MappingProxyType({})
) -> Space:
    """What all items say, and their `kinds`, without looking at a single like."""
    said = list(said_in(snapshot, graph, kinds))
    told = vocabulary([item.text for item in said], options.words)
    counted = measures(said)
    joined = _joined(said, len(snapshot.keys))
    degree = np.bincount(joined.indices, minlength=joined.shape[1])
    rows = np.flatnonzero(degree > 1)
    entities, by_entity = _scaled(joined[:, rows], degree[rows].astype(np.float32) ** -_RARE, 1.0)
    texts, by_word = _scaled(_texts(said, told), np.ones(len(told.words), np.float32), _TEXT)
    raw = sparse.hstack([entities, texts]).astype(np.float32).tocsr()
    projection = directions(raw, _DIRECTIONS, seed) if raw.nnz else np.zeros((raw.shape[1], 0), np.float32)
    measured = counted.of(said)
    waves = _waves(measured, np.random.default_rng(seed))
    one = np.ones((len(said), 1), np.float32)
    z = np.concatenate([raw @ projection, fourier(measured, waves), one], axis=1).astype(np.float32)
    return Space(z, told, counted, rows, np.concatenate([by_entity, by_word]), projection, waves)


class Ridge:
    """Both regressions, from content float32 (I, k), its last column 1, and likes float32 (U, I).

    `folding` float32 (k, r) makes fold-in vectors of content. What no strength changes is worked out once.
    """

    def __init__(self, z: Vectors, liked: sparse.csr_matrix, dim: int) -> None:
        liked = liked[np.flatnonzero(np.diff(liked.indptr))]
        warm = np.flatnonzero(np.diff(liked.tocsc().indptr))
        content = z[warm].astype(np.float64)
        self.folding = _folding(z, dim)
        users = mean_of(liked, z @ self.folding)
        spread = users - users.sum(axis=0) / max(len(users), 1)
        self._variance = float(np.square(spread).sum()) / max(dim - 1, 1)
        self._users = users.T @ users + np.eye(dim) * _tiny(users)
        self._content, self._warm = content.T @ content, max(len(warm), 1)
        self._both = content.T @ np.asarray(liked[:, warm].T @ users)

    def fit(self, user: float, item: float) -> Fitted:
        """With these strengths of regularisation."""
        penalty = np.full(len(self._users), user * self._variance)
        penalty[-1] = 0  # what everybody likes is no taste that may be wrong
        wanted = np.linalg.solve(self._users + np.diag(penalty), self._both.T)
        content = self._content + np.eye(len(self._content)) * item * self._warm
        return Fitted(self.folding, np.linalg.solve(content, wanted.T).astype(np.float32))


def mean_of(liked: sparse.csr_matrix, fold_in: Vectors) -> NDArray[np.float64]:
    """Users as the mean of what they like, float64 (U, r)."""
    count = np.maximum(np.diff(liked.indptr), 1)
    return np.asarray((liked @ fold_in) / count[:, None], np.float64)


def content_of(space: Space, fitted: Fitted, n_entities: int) -> Content:
    """The teacher as it is served: each part of the content has its own share of the vectors."""
    both = np.concatenate([fitted.users, fitted.items], axis=1)
    size = space.projection.shape[1]
    table = space.column[:, None] * (space.projection @ both[:size])
    row = np.full(n_entities, -1, np.int32)
    row[space.rows] = np.arange(len(space.rows))
    entity, word = np.split(table.astype(np.float32), [len(space.rows)])
    fold_in, items = np.split(space.z @ both, 2, axis=1)
    return Content(
        space.vocabulary,
        space.measures,
        entity_row=row,
        entity=entity,
        word=word,
        waves=space.waves,
        wave=both[size:-1],
        constant=both[-1],
        items=np.ascontiguousarray(items),
        fold_in=np.ascontiguousarray(fold_in),
    )


def _folding(z: Vectors, dim: int) -> Vectors:
    """Projects content on its dim - 1 largest directions around the mean, and makes the last dimension 1."""
    content = z[:, :-1].astype(np.float64)
    mean = content.mean(axis=0)
    _, turned = np.linalg.eigh(np.cov(content.T, bias=True).reshape(len(mean), len(mean)))
    largest = turned[:, ::-1][:, : dim - 1]
    folding = np.zeros((z.shape[1], dim))
    folding[:-1, : largest.shape[1]] = largest
    folding[-1, : largest.shape[1]] = -mean @ largest
    folding[-1, -1] = 1
    return folding.astype(np.float32)


def _tiny(users: NDArray[np.float64]) -> float:
    """Keeps dimensions that no user has from dividing by zero."""
    return 1e-9 * max(float(np.square(users).sum()), 1.0)


def _joined(said: Sequence[Said], n_entities: int) -> sparse.csr_matrix:
    """Which entities each item is joined to: float32 (I, E)."""
    indptr = np.cumsum([0, *(len(item.joined) for item in said)])
    joined = np.array([entity for item in said for entity in item.joined], np.int64)
    return sparse.csr_matrix((np.ones(len(joined), np.float32), joined, indptr), (len(said), n_entities))


def _texts(said: Sequence[Said], told: Vocabulary) -> sparse.csr_matrix:
    """The weights of each item's words: float32 (I, V)."""
    numbers, weights = zip(*(told.weights(item.text) for item in said), strict=True)
    indptr = np.cumsum([0, *map(len, numbers)])
    return sparse.csr_matrix((np.concatenate(weights), np.concatenate(numbers), indptr), (len(said), len(told.words)))


def _scaled(matrix: sparse.csr_matrix, by_column: Vectors, weight: float) -> tuple[sparse.csr_matrix, Vectors]:
    """Columns scaled, and all of it so that the mean square of a row is `weight`; with the scale of each column."""
    scaled = matrix @ sparse.diags(by_column)
    square = float(scaled.power(2).sum()) / max(matrix.shape[0], 1)
    factor = np.sqrt(weight / square) if square else 0.0
    return scaled * factor, (by_column * factor).astype(np.float32)


def _waves(measured: Vectors, random: np.random.Generator) -> Vectors:
    """Frequencies as wide as the median distance of two items asks for: float32 (D, w)."""
    one, other = (measured[random.permutation(len(measured))[:_SAMPLE]] for _ in range(2))
    distance = np.square(one[:, None] - other[None]).sum(axis=2)
    wide = float(np.median(distance[distance > 0])) if (distance > 0).any() else 1.0
    return np.asarray(random.normal(size=(measured.shape[1], _WAVES)) * np.sqrt(2 / wide), np.float32)
