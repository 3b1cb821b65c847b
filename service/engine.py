"""What a worker holds open: the journal, and the current bundle, swapped when another one becomes current."""

import logging
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flask import current_app

from embed.bundle import CURRENT
from kg.journal import Journal
from kg.workspace import Workspace
from ontology.errors import KgrecError, NotReadyError
from ontology.model import Relation
from retrieval.answer import Query
from retrieval.opening import open_recommender
from retrieval.recommend import Recommender
from service.search import Searchable
from service.settings import Settings

log = logging.getLogger(__name__)
EXTENSION = "kgrec"


@dataclass(frozen=True)
class Serving:
    """One bundle, opened and warm."""

    recommender: Recommender

    @cached_property
    def catalog(self) -> Searchable:
        """The names of all items."""
        return Searchable(self.recommender.bundle.catalog, self.recommender.live.items)

    def user_class(self, key: str, relation: Relation) -> str:
        """The class of a user; of one who is new, the class that can do this."""
        return self._user_classes.get(key, relation.domain)

    @cached_property
    def _user_classes(self) -> dict[str, str]:
        catalog = self.recommender.bundle.catalog
        users = range(catalog.n_items, catalog.n_items + catalog.n_users)
        return {catalog.keys[i]: catalog.classes[catalog.entity_class[i]] for i in users}


class Engine:
    """Gives every request the bundle that is current. Safe from several threads."""

    def __init__(self, settings: Settings) -> None:
        """Open the journal, and the bundle where there is one. Raises StoreError when the journal cannot be."""
        self.settings = settings
        self.workspace: Workspace = settings.workspace
        self.journal = Journal(self.workspace.journal)
        self._opening = threading.Lock()
        self._linked: str | None = ""  # what `current` pointed to when it was opened last: nothing was, so far
        self._serving: Serving | None = None
        self._refused: KgrecError | None = None
        self._follow()

    def serving(self) -> Serving:
        """The current bundle. Raises NotReadyError while there is none."""
        self._follow()
        if self._serving is None:
            raise NotReadyError(str(self._refused or "the bundle is being opened; try again in a moment"))
        return self._serving

    @property
    def version(self) -> str | None:
        """The version of the bundle that answers, None while there is none."""
        return None if self._serving is None else self._serving.recommender.bundle.version

    def _follow(self) -> None:
        """Open another bundle when the link points to one; meanwhile other threads go on with the old one."""
        version = _current(self.workspace)
        if version == self._linked or not self._opening.acquire(blocking=self._serving is None):
            return
        try:
            if version != self._linked:
                self._open(version)
        finally:
            self._opening.release()

    def _open(self, version: str | None) -> None:
        """A bundle that is missing or damaged is refused once, and the one before goes on serving."""
        try:
            recommender = open_recommender(self.workspace, self.journal)
            serving = Serving(recommender)
            _warm_up(serving)
        except KgrecError as error:
            self._refused = error
            if version is None:  # nothing was trained yet
                log.warning("nothing is recommended: %s", error)
            else:
                log.error("bundle %s is not served: %s", version, error)
        else:
            self._serving = serving
            log.info("serving bundle %s", recommender.bundle.version)
        self._linked = version


def engine() -> Engine:
    """The engine of the app that answers this request."""
    found: Engine = current_app.extensions[EXTENSION]
    return found


def fresh() -> Serving:
    """The current bundle, with all that was acknowledged. Raises NotReadyError while there is none.

    While the journal cannot be read, what was known before goes on.
    """
    serving = engine().serving()
    serving.recommender.refresh()
    return serving


def _current(workspace: Workspace) -> str | None:
    link = workspace.models / CURRENT
    try:
        return str(Path(link).readlink())
    except OSError:
        return None  # nothing was trained yet: opening says so in a sentence


def _warm_up(serving: Serving) -> None:
    """Touch every part once, so that the first request is as quick as the next."""
    catalog = serving.recommender.bundle.catalog
    serving.recommender.recommend(Query(history=catalog.keys[:1], n=1))
    serving.catalog.search("", 0, 1)
    serving.recommender.filters.warm_up()
