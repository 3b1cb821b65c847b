"""Progress where there is no terminal: a line when a phase begins, and one every few seconds while it goes on."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Self

from kg.progress import Pace

EVERY_S = 5.0


class Lines:
    """A `Progress` that prints. As a context manager, it goes on telling of a phase that counts nothing."""

    def __init__(self, show: Callable[[str], None], every_s: float = EVERY_S) -> None:
        """`show` prints a line."""
        self._show, self._every_s = show, every_s
        self._pace: Pace | None = None
        self._named: set[str] = set()
        self._ended = Event()
        self._thread = Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def __call__(self, phase: str, done: int, total: int | None) -> None:
        """Count; a phase is named when it begins, which it may do more than once."""
        self._pace = Pace.after(self._pace, phase, done, total, time.monotonic())
        if phase not in self._named:
            self._named.add(phase)
            self._show(phase)

    def _go_on(self) -> None:
        while not self._ended.wait(self._every_s):
            if self._pace:
                self._show(line(self._pace, time.monotonic()))


def line(pace: Pace, now: float) -> str:
    """A phase in words: how much of it is done, how fast, for how long, and how long it will take."""
    parts = [f"{pace.phase}: {duration(now - pace.began)}"]
    if pace.done or pace.total:
        parts.append(f"{pace.done:,}" if pace.total is None else f"{pace.done:,} of {pace.total:,}")
    if pace.per_s is not None:
        parts.append(speed(pace.per_s))
    left = pace.left_s(now)
    if left is not None:
        parts.append(f"about {duration(left)} left")
    return ", ".join(parts)


def speed(per_s: float) -> str:
    """How many a second, with two digits where there are few."""
    return f"{per_s:,.0f}/s" if per_s >= 10 else f"{per_s:.2g}/s"


def duration(seconds: float) -> str:
    """Hours, minutes and seconds."""
    return str(timedelta(seconds=round(seconds)))
