"""A training while it runs: who is told how far it is, what is written down, and where is kept what is finished."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from embed.checkpoint import Kept, Shelf
from embed.record import Record
from kg.progress import Progress, silent
from ontology.errors import InputError

T = TypeVar("T")
Arrays = dict[str, NDArray[Any]]
_RECORD = "record"
_UNFINISHED = "unfinished "


@dataclass(frozen=True)
class Run:
    """Every step of training gets one. Without a record nothing is written down, without a shelf nothing is kept.

    `part` says which of two trainings of the same teachers this is.
    """

    progress: Progress = silent
    record: Record | None = None
    shelf: Shelf | None = None
    part: str = ""

    def within(self, part: str) -> "Run":
        """The same for a part of it."""
        return replace(self, part=part)

    def step(self, phase: str, done: int, total: int | None) -> None:
        """Tell how far a phase is."""
        self.progress(self._named(phase), done, total)

    def epoch(self, phase: str, epoch: int, of: int, measures: Mapping[str, float]) -> None:
        """Tell that an epoch is over, and write down what was measured after it."""
        self.step(phase, epoch, of)
        if self.record:
            self.record.add(self._named(phase), measures)

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Write down how long the block takes."""
        if self.record is None:
            yield
            return
        with self.record.timed(self._named(phase)):
            yield

    def finished(self, phase: str, kind: Callable[..., T], make: Callable[[], T]) -> T:
        """What a phase gives, a dataclass of arrays: as it was kept, or made, timed, and kept.

        Raises InputError where it holds what is not finite.
        """

        def made() -> Kept:
            with self.timed(phase):
                arrays = dict(vars(make()))
            if not all(np.isfinite(array).all() for array in arrays.values()):
                raise InputError(
                    f"what {self._named(phase)} learned is not a number any more; give its options (`kg train --set`) "
                    "less extreme values"
                )
            return Kept(arrays)

        return kind(**self.kept(phase, made).arrays)

    def kept(self, phase: str, make: Callable[[], Kept]) -> Kept:
        """The same for what is not arrays alone."""
        if found := self.done(phase):
            return found
        made = make()
        self._put(self._named(phase), made)
        if self.shelf:
            self.shelf.drop(_UNFINISHED + self._named(phase))
        return made

    def done(self, phase: str) -> Kept | None:
        """What a phase gave, where it was kept."""
        return self._taken(self._named(phase))

    def unfinished(self, phase: str) -> Kept | None:
        """The state after an epoch, from which the phase goes on."""
        return self._taken(_UNFINISHED + self._named(phase))

    def keep(self, phase: str, state: Callable[[], Kept]) -> None:
        """Keep the state after an epoch, if it is time for it."""
        name = _UNFINISHED + self._named(phase)
        if self.shelf and self.shelf.due(name):
            self._put(name, state())

    def forget(self, *phases: str) -> None:
        """Remove what phases gave: nothing will ask for it again."""
        for phase in phases if self.shelf else ():
            self.shelf.drop(self._named(phase))  # type: ignore[union-attr]  # the line above looked

    def _put(self, name: str, kept: Kept) -> None:
        if self.shelf:
            noted = {_RECORD: self.record.so_far()} if self.record else {}
            self.shelf.put(name, Kept(kept.arrays, {"said": kept.said, **noted}))

    def _taken(self, name: str) -> Kept | None:
        found = self.shelf.get(name) if self.shelf else None
        if found is None:
            return None
        if self.record:
            self.record.go_on(found.said.get(_RECORD, {}))
        return Kept(found.arrays, found.said["said"])

    def _named(self, phase: str) -> str:
        return f"{phase} ({self.part})" if self.part else phase


ALONE = Run()
"""Nobody is told, nothing is written down or kept."""
