"""How long work tells how far it is. Whoever shows it decides how."""

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Called with the phase, how much of it is done, and out of how much (None: unknown)."""


def silent(phase: str, done: int, total: int | None) -> None:
    """Show nothing."""
