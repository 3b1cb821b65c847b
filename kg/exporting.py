"""A first load that writes files for the import of another program, and takes them for loaded."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kg.admin_import import export
from kg.check import check_mapping
from kg.difference import Difference
from kg.ledger import Ledger
from kg.loading import LEDGER, REJECTS, Options, stage_in
from kg.mapping import Mapping
from kg.piped import kept
from kg.progress import Progress, silent
from kg.rejects import Rejects
from kg.report import IngestReport, describe
from kg.sources import choose
from kg.staging import Staging, compare
from kg.unfinished import Unfinished, ended
from ontology.errors import InputError
from ontology.model import Ontology


def export_load(
    paths: Sequence[Path],
    mapping: Mapping,
    ontology: Ontology,
    folder: Path,
    *,
    home: Path,
    options: Options,
    progress: Progress = silent,
) -> IngestReport:
    """Write files for `neo4j-admin` instead of loading; the graph is taken to be empty. Raises as `ingest` does."""
    began = time.monotonic()
    check_mapping(mapping, ontology)
    chosen = choose(paths, mapping)
    with (
        Ledger(home / LEDGER) as ledger,
        Rejects(home / REJECTS) as refused,
        kept(chosen, ledger.path.parent) as sources,
    ):
        if not ledger.empty() or Unfinished.of(ledger):
            raise InputError(f"{home} knows of a load already, and an import replaces all; use another KG_HOME")
        load = Unfinished.begun(ledger, ", ".join(map(str, paths)), {})
        with stage_in(ledger, home) as stage:
            staging = Staging(stage, ontology, refused, progress, options.max_errors)
            staged = staging.files(sources, delete_missing=False)
            difference = Difference(ledger, load.at)
            compare(difference, sources, ontology, refused, lambda _: set())
            staged.rejected = dict(sorted(refused.about.items()))
            refused.check(options.max_errors, staged.read)
            load = replace(load, staged=staged, refused=refused.rows)
            progress("write", 0, None)
            changes = export(difference, ontology, load.record(), folder)
            report = describe(ledger, staged, refused.rows, changes, began)
            with ledger.transaction():
                difference.settle()
                ended(ledger)
    return report
