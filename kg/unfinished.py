"""The note of a load that is not over yet: what is needed to finish it, should it be killed."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

from kg.ledger import Ledger
from kg.staging import Staged
from kg.store import Load
from kg.writing import WRITTEN

NOTE = "load"
AGAIN = "again"


@dataclass(frozen=True)
class Unfinished:
    """A load; `at` is when it began, in epoch milliseconds."""

    id: str
    files: str
    at: int
    staged: Staged
    refused: int = 0
    follows: str | None = None
    """The ontology by which something follows from the load."""

    @classmethod
    def begun(cls, ledger: Ledger, files: str, again: Mapping[str, Any]) -> "Unfinished":
        """A load that begins now. `again`: how to run it again should it be killed before it writes."""
        if again:
            ledger.put_note(AGAIN, json.dumps(again))
        return cls(uuid4().hex, files, int(time.time() * 1000), Staged())

    @classmethod
    def of(cls, ledger: Ledger) -> "Unfinished | None":
        """The load that was interrupted while it wrote."""
        text = ledger.note(NOTE)
        if text is None:
            return None
        found = json.loads(text)
        return cls(**{**found, "staged": Staged(**found["staged"])})

    def ready(self, ledger: Ledger, staged: Staged, refused: int, follows: str | None) -> "Unfinished":
        """The same once all is staged and compared: from now on it is finished, not run again."""
        load = replace(self, staged=staged, refused=refused, follows=follows)
        with ledger.transaction():
            ledger.put_note(WRITTEN, None)
            ledger.put_note(NOTE, json.dumps(asdict(load)))
        return load

    def record(self) -> Load:
        """What the graph keeps of it."""
        return Load(self.id, self.files, self.at, self.staged.read, self.staged.read - self.refused, self.refused)


def ended(ledger: Ledger) -> None:
    """Forget the load: it is over."""
    for note in (NOTE, WRITTEN, AGAIN):
        ledger.put_note(note, None)


def again(ledger: Ledger) -> dict[str, Any] | None:
    """How to run the load again that was killed before it wrote anything."""
    text = ledger.note(AGAIN)
    return None if text is None else dict(json.loads(text))
