"""Regular expressions that somebody else wrote. RE2 matches in time that grows with the text alone, whatever they are.

Its syntax is that of Python without back references and without looking ahead or behind.
"""

from functools import lru_cache
from typing import Protocol, cast

import re2


class Match(Protocol):
    """What fitted."""

    def group(self, number: int) -> str | None:
        """A group; 0 is all that fitted, None one that took no part."""


class Pattern(Protocol):
    """A compiled expression."""

    groups: int

    def fullmatch(self, text: str) -> Match | None:
        """Whether all of the text fits."""


_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Pattern:
    """The expression. Raises ValueError: what is wrong with it."""
    try:
        return cast(Pattern, re2.compile(pattern, _OPTIONS))
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from error
