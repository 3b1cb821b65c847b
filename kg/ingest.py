"""Loads catalog files into the graph store. A bad row never stops the load and never vanishes.

Every file is read once. What its rows say is staged on disk, compared with what the same sources said before, and only
the difference is written: so memory is bounded, a second run writes nothing, and nothing is written of a load that is
wrong as a whole. A load that was killed goes on where it was: by `resume`, or before the next one begins.

A row is loaded or refused: refused if a cell is bad or breaks a shape (then nothing of it is loaded), or if it names an
entity that is not in the graph (then the rest of it is loaded). So loaded + refused = read, always.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kg.check import check_mapping
from kg.ledger import Ledger
from kg.loading import LEDGER, Loading, Options
from kg.mapping import Mapping as CatalogMapping
from kg.piped import kept
from kg.progress import Progress, silent
from kg.report import IngestReport
from kg.retried import retried
from kg.sources import choose
from kg.store import GraphStore
from kg.unfinished import again as again_noted
from ontology.model import Ontology

AS_IT_STANDS = Options()


def ingest(
    paths: Sequence[Path],
    mapping: CatalogMapping,
    ontology: Ontology,
    store: GraphStore,
    *,
    home: Path,
    options: Options = AS_IT_STANDS,
    again: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> IngestReport:
    """Load files, or folders of them; every file that the mapping names has to be in a folder.

    `home` is the workspace's folder: it keeps the ledger, and `rejects.jsonl`, what was refused, one JSON object a
    line. `again` is noted until the load writes: how to run it again, see `kg.unfinished`.

    Raises InputError before anything is written when mapping, ontology, headers or options do not fit each other, or
    when more is refused than `max_errors` allows; StoreError when the store fails, or another load runs.
    """
    check_mapping(mapping, ontology)
    sources = choose(paths, mapping)
    named = ", ".join(dict.fromkeys(str(path) for path in paths))
    with Ledger(home / LEDGER) as ledger, kept(sources, ledger.path.parent) as readable:
        ledger.order(mapping.files)
        return Loading(ledger, store, home, progress).load(named, readable, ontology, options, again or {})


def retry(
    rejects: Path,
    mapping: CatalogMapping,
    ontology: Ontology,
    store: GraphStore,
    *,
    home: Path,
    options: Options = AS_IT_STANDS,
    progress: Progress = silent,
) -> IngestReport:
    """Load the rows that an earlier load refused and listed in `rejects`. Raises as `ingest` does."""
    check_mapping(mapping, ontology)
    sources = retried(rejects, mapping)
    with Ledger(home / LEDGER) as ledger:
        ledger.order(mapping.files)
        return Loading(ledger, store, home, progress).load(str(rejects), sources, ontology, options, {})


def interrupted(*, home: Path) -> dict[str, Any] | None:
    """What was noted as `again` by a load that was killed before it wrote anything; None when there is none."""
    with Ledger(home / LEDGER) as ledger:
        return again_noted(ledger)


def resume(store: GraphStore, *, home: Path, progress: Progress = silent) -> IngestReport | None:
    """Finish the load that was interrupted while it wrote; None when there is none. Raises StoreError."""
    with Ledger(home / LEDGER) as ledger:
        return Loading(ledger, store, home, progress).finish()
