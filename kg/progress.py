"""How long work tells how far it is, and how long it will take at this pace. Whoever shows it decides how."""

from collections.abc import Callable
from dataclasses import dataclass, replace

Progress = Callable[[str, int, int | None], None]
"""Called with the phase, how much of it is done, and out of how much (None: unknown)."""


def silent(phase: str, done: int, total: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Pace:
    """How far a phase is: `done` out of `total`, both counted by `Progress`.

    `first` is what had been done when the phase began, `began` and `at`, the moment of the last count, are seconds of
    one clock.
    """

    phase: str
    done: int
    total: int | None
    first: int
    began: float
    at: float

    @classmethod
    def after(cls, before: "Pace | None", phase: str, done: int, total: int | None, now: float) -> "Pace":
        """That after one more count, of the same phase as `before`, or of one that begins now."""
        if before is None or before.phase != phase:
            return cls(phase, done, total, done, now, now)
        return replace(before, done=done, total=total, at=now)

    @property
    def per_s(self) -> float | None:
        """How many a second, from the beginning to the last count; None where nothing was counted."""
        counted, took = self.done - self.first, self.at - self.began
        return counted / took if counted > 0 and took > 0 else None

    def left_s(self, now: float) -> float | None:
        """Seconds until all is counted, if it goes on as it has until now.

        None where nothing was counted yet, the total is unknown, or there is nothing more to count: what a phase does
        then, such as to wait until a database is done with what was sent, takes as long as it takes.
        """
        counted = self.done - self.first
        if self.total is None or counted <= 0 or self.done >= self.total:
            return None
        return (self.total - self.done) * (now - self.began) / counted
