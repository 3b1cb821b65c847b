"""The bundle that is served, with what happened since."""

from collections.abc import Iterator
from contextlib import contextmanager

from kg.journal import Journal
from kg.workspace import Workspace
from retrieval.opening import open_recommender
from retrieval.recommend import Recommender


@contextmanager
def opened_recommender() -> Iterator[Recommender]:
    """What answers; the journal is closed at the end. Raises NotReadyError."""
    workspace = Workspace.from_env()
    journal = Journal(workspace.journal)
    try:
        yield open_recommender(workspace, journal)
    finally:
        journal.close()
