"""`kg demo`: the whole life of a catalog on the example films, going on from what exists."""

import time
from pathlib import Path

from embed.bundle import current
from kg.connect import connect
from kg.journal import Journal
from kg.workspace import Workspace
from ontology.errors import NotFoundError, NotReadyError
from retrieval.answer import Query
from retrieval.opening import open_recommender
from service import answer_tables, console, ingesting, load_tables, score_tables, server, steps
from service.settings import Settings

ROOT = Path(__file__).parent.parent
CATALOG = ROOT / "examples" / "movies"
MAPPING = ROOT / "ontology" / "movies.mapping.yaml"
USERS = ("15", "30", "547")
"""Three users of the example with different tastes."""


def run(workspace: Workspace, *, serve: bool, port: int) -> None:
    """Ingest, train, evaluate, recommend, then serve until Ctrl-C."""
    from retrieval.evaluation import evaluate

    if not CATALOG.is_dir():
        raise NotFoundError(f"the example catalog is not at {CATALOG}; run `kg demo` from a checkout")
    begin = time.monotonic()
    with connect(workspace.graph):  # started once for all steps
        if workspace.ontology.exists():
            console.out.print(f"The catalog is loaded already (remove {workspace.root} to begin anew).")
        else:
            with console.bars() as progress:
                load_tables.loaded(ingesting.load(workspace, [CATALOG], MAPPING, progress), workspace.rejects)
        try:
            current(workspace.models)
            console.out.print("A bundle is trained already.")
        except NotReadyError:
            with console.bars() as progress:
                trained = steps.learn(workspace, steps.training_options(), progress)
            console.mapping("Trained", vars(trained))
    journal = Journal(workspace.journal)
    try:
        recommender = open_recommender(workspace, journal)
        with console.bars() as progress:
            scored = evaluate(recommender, progress=progress)
        score_tables.evaluated(scored)
        for user in USERS:
            answer_tables.answered(f"\nFor user {user}", recommender.recommend(Query(user=user, n=5)))
    finally:
        journal.close()
    console.out.print(f"\nDone in {time.monotonic() - begin:.0f} s.")
    if serve:
        settings = Settings(home=workspace.root, port=port)
        server.serve(settings, lambda: console.serving(settings.host, settings.port))
