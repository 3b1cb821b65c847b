"""What can be counted of an item: its numbers, which properties it has, and how much is said of it.

How likely an item is liked at all can be read from these: films of the nineties with many credits are liked by many.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embed.said import Said

KNOTS = 11
"""A number is looked at by where it stands between the deciles, smallest and largest."""
_WIDTH = 0.1
"""How far a number's neighbourhood reaches, as a part of all items."""
_COMMON = 0.01
"""What fewer items have, or all but so many, is no measure."""


@dataclass(frozen=True)
class Measures:
    """Which measures there are, by name, and how each is scaled.

    `knots` float32 (P, KNOTS) are the quantiles of each of `numbers`; `relations` int16 (S,) are signed (see
    Adjacency). `centre` and `scale` float32 (D,), where D = KNOTS P + properties + 2 S.
    """

    numbers: tuple[str, ...]
    properties: tuple[str, ...]
    knots: NDArray[np.float32]
    relations: NDArray[np.int16]
    centre: NDArray[np.float32]
    scale: NDArray[np.float32]

    def of(self, items: Sequence[Said]) -> NDArray[np.float32]:
        """The measures of items, float32 (n, D), each with mean 0 over the catalog, their squares summing to 1."""
        return np.asarray((self._plain(items) - self.centre) * self.scale, np.float32)

    def _plain(self, items: Sequence[Said]) -> NDArray[np.float32]:
        places = [_near(items, name, knots) for name, knots in zip(self.numbers, self.knots, strict=True)]
        has = np.array([[name in item.properties for name in self.properties] for item in items], np.float32)
        signed = self.relations.tolist()
        count = np.array([[item.relations.get(r, 0) for r in signed] for item in items], np.float32)
        has, count = has.reshape(len(items), len(self.properties)), count.reshape(len(items), len(signed))
        return np.concatenate([*places, has, np.log1p(count), count > 0], axis=1).astype(np.float32)


def measures(items: Sequence[Said]) -> Measures:
    """The measures that tell the items of a catalog apart."""
    usual = [name for name, n in _common(Counter(name for item in items for name in item.properties), len(items))]
    numbers = tuple(name for name in usual if len(set(_numbers(items, name))) > 1)
    knots = [np.quantile(_numbers(items, name), np.linspace(0, 1, KNOTS)) for name in numbers]
    told = tuple(name for name in usual if sum(name in i.properties for i in items) <= (1 - _COMMON) * len(items))
    signed = sorted({relation for item in items for relation in item.relations})
    plain = Measures(
        numbers,
        told,
        np.array(knots, np.float32).reshape(-1, KNOTS),
        np.array(signed, np.int16),
        np.zeros(0, np.float32),
        np.zeros(0, np.float32),
    )
    values = plain._plain(items)
    spread = values.std(axis=0) * np.sqrt(max(values.shape[1], 1))
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 1e-6)
    return replace(plain, centre=values.mean(axis=0), scale=scale.astype(np.float32))


def _common(counted: Mapping[str, int], n: int) -> list[tuple[str, int]]:
    return sorted((name, count) for name, count in counted.items() if count >= max(2, _COMMON * n))


def _numbers(items: Sequence[Said], name: str) -> list[float]:
    return [number for item in items if (number := _number(item.properties.get(name))) is not None]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _near(items: Sequence[Said], name: str, knots: NDArray[np.float32]) -> NDArray[np.float64]:
    """How near an item's number is to each quantile, (n, KNOTS); 0 where it has none."""
    found = [_number(item.properties.get(name)) for item in items]
    known = np.array([number is not None for number in found])
    place = np.interp([number or 0.0 for number in found], knots, np.linspace(0, 1, KNOTS))
    near = np.exp(-0.5 * ((place[:, None] - np.linspace(0, 1, KNOTS)) / _WIDTH) ** 2)
    return np.asarray(near * known.reshape(-1, 1))
