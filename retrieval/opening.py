"""Opens what a workspace serves."""

from embed.bundle import current, open_bundle
from kg.journal import Journal
from kg.workspace import Workspace
from retrieval.live import LiveState
from retrieval.recommend import Recommender


def open_recommender(workspace: Workspace, journal: Journal) -> Recommender:
    """The current bundle, verified, with the live state on top.

    Raises NotReadyError if nothing was trained, InputError if the bundle is damaged.
    """
    bundle = open_bundle(current(workspace.models))
    return Recommender(bundle, LiveState(bundle, journal))
