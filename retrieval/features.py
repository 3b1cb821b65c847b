"""What the ranker knows of a candidate. The same function serves training and answering."""

from collections import Counter
from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from embed.teachers import Teachers
from retrieval.history import History
from retrieval.sources import Found

_SCORES = (
    "collaborative",
    "item_to_item",
    "linear",
    "transitions",
    "users",
    "spectral",
    "graph",
    "content",
    "popularity",
)
_FORMS = ("standard", "rank")
_OTHERS = ("history.length", "item.degree")
_MET = ("met.times", "met.lately")


def feature_names(also: Iterable[str] = (), *, repeats: bool = False) -> tuple[str, ...]:
    """The names of the columns, in order, where there are `also` these additional teachers.

    How a candidate was met before is known of it where an interaction `repeats`.
    """
    scored = (f"{name}.{form}" for name in (*_SCORES, *also) for form in _FORMS)
    return (*scored, *_OTHERS, *(_MET if repeats else ()))


def scores(teachers: Teachers, found: Found, items: NDArray[np.integer]) -> dict[str, NDArray[np.float32]]:
    """What each source thinks of the items, int (n,): name -> float32 (n,)."""
    return {
        "collaborative": teachers.gnn_items[items] @ found.vector,
        "item_to_item": found.item_to_item[items],
        "linear": found.linear[items],
        "transitions": found.transitions[items],
        "users": found.users[items],
        "spectral": teachers.spectral_items[items] @ found.spectral,
        "graph": found.graph[items],
        "content": teachers.content.items[items] @ found.content,
        "popularity": np.log1p(teachers.popularity[items]).astype(np.float32),
        **{name: teacher.items[items] @ found.also[name] for name, teacher in teachers.also.items()},
    }


def met(history: History, items: NDArray[np.integer]) -> NDArray[np.float32]:
    """How often the history has met each item, as a logarithm, and how lately: 1 for the newest one, 1/2 for the next.

    Of items int (n,), float32 (n, 2), in the order of `feature_names`; 0 for what is not met again.
    """
    times = Counter(history.again.tolist())
    lately = {item: 1 / place for place, item in enumerate(history.newest_again().tolist(), 1)}
    rows = [(np.log1p(times[item]), lately.get(item, 0)) for item in items.tolist()]
    return np.array(rows, np.float32).reshape(-1, len(_MET))


def features(
    teachers: Teachers,
    history: History,
    scored: dict[str, NDArray[np.float32]],
    items: NDArray[np.integer],
    before: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """The candidates' features, float32 (n, f), named by `feature_names`; `before` is what `met` says, or None.

    Each score stands standardised among the candidates, and as minus the logarithm of its rank: users differ in scale,
    and so do the teachers that the ranker learned from and those that it serves with, which learned more. Equal scores
    have the same rank, so that nothing depends on how items are numbered.
    """
    columns = [column for name in (*_SCORES, *teachers.also) for column in _forms(scored[name])]
    columns.append(np.full(len(items), np.log1p(len(history.liked))))
    columns.append(np.log1p(teachers.adjacency.degree(items)))
    said = np.stack(columns, axis=1).astype(np.float32)
    return said if before is None else np.concatenate([said, before], axis=1)


def agreed(x: NDArray[np.float32], also: Collection[str]) -> NDArray[np.float32]:
    """What the sources think on average, of features float32 (n, f) with those of additional teachers: float32 (n,).

    It orders candidates that the ranker calls equally unlikely: of a history unlike all that it learned from, such as a
    single like where everybody has twenty, it may say 0 for all but two.
    """
    scored = len(_FORMS) * (len(_SCORES) + len(also))
    return np.asarray(x[:, : scored : len(_FORMS)].mean(axis=1), np.float32)


def _forms(score: NDArray[np.float32]) -> tuple[NDArray[np.floating], ...]:
    better = len(score) - np.searchsorted(np.sort(score), score, side="right")
    return (score - score.mean()) / (score.std() + 1e-6), -np.log1p(better)
