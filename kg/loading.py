"""The steps of a load, on an open ledger: stage, compare, write, settle, derive."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kg import derived
from kg.bulk import Bulk, possible
from kg.derived import Following, Stored, said_by
from kg.difference import Difference
from kg.entries import Edit
from kg.foresight import foreseen
from kg.journal import Journal
from kg.ledger import Ledger
from kg.progress import Progress
from kg.rejects import Limit, Rejects
from kg.report import IngestReport, describe
from kg.sources import Source
from kg.stage import Stage
from kg.staging import Staging, compare
from kg.store import GraphStore
from kg.unfinished import Unfinished, ended
from kg.writing import WRITTEN, Changes, batches, write
from ontology.errors import InputError, StoreError
from ontology.model import Ontology
from ontology.turtle import parse_ontology

LEDGER, STAGE = "ledger/ledger.duckdb", "ledger/stage.duckdb"
REJECTS, WOULD_REJECT = "rejects.jsonl", "rejects-dry-run.jsonl"
JOURNAL = "journal.sqlite"
FOLLOWS = "follows"
"""The note that holds the ontology by which is to be derived what follows from the load before."""
HEEDED = "heeded"
"""The note that says up to where the journal's edits are known."""
REPORT = "report"
"""The note that holds the report of that load."""
FOUND = 10_000
"""So often is told how much was found that follows."""
DERIVING = "deriving"
"""The note of a derivation that writes: when it began. What it has written is nothing that was said."""


@dataclass(frozen=True)
class Options:
    """How to load.

    `delete_missing`: what these sources said before and no longer say is removed. `max_errors`: stop when more is
    refused. `bulk`: a first load into an empty embedded database goes past Cypher.
    """

    delete_missing: bool = False
    dry_run: bool = False
    max_errors: Limit | None = None
    bulk: bool = True
    rejects: Path | None = None
    """Where the list of refused rows goes; `rejects.jsonl` in the workspace unless given."""


@dataclass(frozen=True)
class Loading:
    """A workspace's ledger and graph, while they are loaded."""

    ledger: Ledger
    store: GraphStore
    home: Path
    progress: Progress

    def load(
        self, named: str, sources: Sequence[Source], ontology: Ontology, options: Options, again: Mapping[str, Any]
    ) -> IngestReport:
        """Load files; `named` is what the graph notes of them."""
        began = time.monotonic()
        rejects = options.rejects or self.home / REJECTS
        with Rejects(rejects.with_name(WOULD_REJECT) if options.dry_run else rejects) as refused:
            self._make_ready(ontology, options)
            load = Unfinished.begun(self.ledger, named, {} if options.dry_run else again)
            with stage_in(self.ledger, self.home) as stage:
                ready = nullcontext(self.progress) if options.dry_run else self._migrating(ontology)
                with ready as progress:
                    staging = Staging(stage, ontology, refused, progress, options.max_errors)
                    staged = staging.files(sources, delete_missing=options.delete_missing)
                difference = Difference(self.ledger, load.at)
                self.progress("compare", 0, None)
                compare(difference, sources, ontology, refused, self.store.existing)
                staged.rejected = dict(sorted(refused.about.items()))
                refused.check(options.max_errors, staged.read)
                if options.dry_run:
                    changes = Changes.of(batches(difference))
                    report = describe(self.ledger, staged, refused.rows, changes, began, dry_run=True)
                    return self._foreseen(difference, ontology, report, began)
                refused.close()
                text = ontology.text if self._derives(ontology) else None
                load = load.ready(self.ledger, staged, refused.rows, text)
                report = self._write(difference, load, began, bulk=options.bulk)
        return self._followed(report, began) or report

    def _derives(self, ontology: Ontology) -> bool:
        """Whether anything may follow from this load, or has followed from one before."""
        return derived.derives(ontology) or self.ledger.follows()

    def _foreseen(self, difference: Difference, ontology: Ontology, report: IngestReport, began: float) -> IngestReport:
        if not self._derives(ontology):
            return report
        self.progress("derive", 0, None)
        return report.followed_by(foreseen(difference, self.store, ontology), began)

    def finish(self) -> IngestReport | None:
        """Finish the load that was interrupted while it wrote; None when there is none."""
        began, report = time.monotonic(), None
        if load := Unfinished.of(self.ledger):
            self._need_stage(load)
            with stage_in(self.ledger, self.home, resumed=True):
                report = self._write(Difference(self.ledger, load.at), load, began, resumed=True)
        elif at := self.ledger.note(DERIVING):
            if (self.home / STAGE).exists():
                with stage_in(self.ledger, self.home, resumed=True):
                    self._write_derived(Difference(self.ledger, int(at)))
            else:
                self.ledger.put_note(DERIVING, None)  # what follows is derived from the start, below
        return self._followed(report, began)

    def _need_stage(self, load: Unfinished) -> None:
        """Without its stage a load cannot be finished, but run again: what it has written is written again."""
        stage = self.home / STAGE
        if not stage.exists():
            with self.ledger.transaction():
                ended(self.ledger)
            raise StoreError(f"{stage} is gone, without which the load cannot be finished; load {load.files} again")

    def _make_ready(self, ontology: Ontology, options: Options) -> None:
        if not options.dry_run:
            self.finish()
            self._heed_edits()
        elif _unfinished(self.ledger) or self.ledger.note(FOLLOWS):
            raise InputError("the last load was interrupted while it wrote; finish it with `kg ingest --resume` first")
        self._check_words(ontology)
        # A graph that does not know the ledger was wiped, or is another one: then all is said to it anew.
        if not self.store.knows(self.ledger.graph):
            if not options.dry_run:
                self.ledger.forget()
            elif not self.ledger.empty():
                raise InputError("this is not the graph that was loaded before, so there is nothing to compare with")

    @contextmanager
    def _migrating(self, ontology: Ontology) -> Iterator[Progress]:
        """Make the graph ready for an ontology, meanwhile; gives a progress that raises what that raises."""
        with ThreadPoolExecutor(1) as pool:
            ready = pool.submit(self._migrate, ontology, self.ledger.graph)

            def progress(phase: str, done: int, total: int | None) -> None:
                if ready.done():
                    ready.result()
                self.progress(phase, done, total)

            yield progress
            ready.result()

    def _migrate(self, ontology: Ontology, ledger: str) -> None:
        self.store.migrate(ontology)
        self.store.remember(ledger)

    def _heed_edits(self) -> None:
        """Forget what was said of items that were deleted through the service since the last load."""
        path = self.home / JOURNAL
        if not path.exists():
            return
        journal = Journal(path)
        try:
            seq, drained = int(self.ledger.note(HEEDED) or 0), journal.drained()
            while seq < drained and (entries := journal.since(seq)):
                deleted = [e.item for n, e in entries if n <= drained and isinstance(e, Edit) and e.op == "delete"]
                seq = min(entries[-1][0], drained)
                with self.ledger.transaction():
                    self.ledger.drop(deleted)
                    self.ledger.put_note(HEEDED, str(seq))
        finally:
            journal.close()

    def _check_words(self, ontology: Ontology) -> None:
        """Refuse an ontology without words for what was loaded: nothing of that could be read any more."""
        if stray := sorted(self.ledger.words() - ontology.classes.keys() - ontology.relations.keys()):
            raise InputError(
                f"{', '.join(stray)} was loaded here, which this ontology does not know; add it, or load into another "
                f"workspace (KG_HOME)"
            )

    def _write(
        self, difference: Difference, load: Unfinished, began: float, *, resumed: bool = False, bulk: bool = False
    ) -> IngestReport:
        if bulk and possible(self.store.address, self.store.counts()):
            return self._write_at_once(difference, load, began)
        changes = write(difference, self.store, self.progress, resumed=resumed)
        self.progress("settle", 0, None)
        with self.ledger.transaction():
            difference.settle()
            return self._end(self.ledger, load, changes, began, resumed=resumed)

    def _write_at_once(self, difference: Difference, load: Unfinished, began: float) -> IngestReport:
        """Write past Cypher, and settle while the database is busy with the last of it."""
        bulk = Bulk(difference, self.store.address, self.progress)
        with self.ledger.beside() as ledger, ThreadPoolExecutor(1) as pool:

            def settle() -> None:
                bulk.sent.wait()
                replace(difference, ledger=ledger).settle()

            settled = pool.submit(settle)
            changes = bulk.write()
            self.progress("settle", 0, None)
            settled.result()
            return self._end(ledger, load, changes, began)

    def _end(
        self, ledger: Ledger, load: Unfinished, changes: Changes, began: float, *, resumed: bool = False
    ) -> IngestReport:
        """Note that the load is over, in a transaction of this ledger."""
        self.store.record_load(load.record())
        report = describe(self.ledger, load.staged, load.refused, changes, began, resumed=resumed)
        ended(ledger)
        ledger.put_note(FOLLOWS, load.follows)
        ledger.put_note(REPORT, json.dumps(asdict(report)) if load.follows else None)
        return report

    def _followed(self, report: IngestReport | None, began: float) -> IngestReport | None:
        """Derive what follows from the graph as it is now, and withdraw what no longer does."""
        text = self.ledger.note(FOLLOWS)
        if text is None:
            return report
        if report is None:  # that of the load from which this follows
            report = replace(IngestReport(**json.loads(self.ledger.note(REPORT) or "")), resumed=True)
        ontology, changes = parse_ontology(text), Changes()
        graph = Stored(self.ledger, self.store)
        for name, following in ((derived.REASONING, derived.by_reasoning), (derived.RULES, derived.by_rules)):
            self.progress("derive", 0, None)
            changes.add(self._derive(name, following(graph, ontology)))
        with self.ledger.transaction():
            self.ledger.put_note(FOLLOWS, None)
            self.ledger.put_note(REPORT, None)
        return report.followed_by(changes, began)

    def _derive(self, name: str, following: Iterable[Following]) -> Changes:
        found = list(said_by(self._telling(following)))
        at, source = int(time.time() * 1000), self.ledger.source(name)
        with stage_in(self.ledger, self.home) as stage:
            for reason, said in found:
                stage.add(source, self.ledger.file(reason), said)
            stage.seal([(source, True)])
            difference = Difference(self.ledger, at)
            difference.entities()
            difference.lost()
            difference.relationships()
            with self.ledger.transaction():
                self.ledger.put_note(WRITTEN, None)
                self.ledger.put_note(DERIVING, str(at))
            return self._write_derived(difference)

    def _telling(self, following: Iterable[Following]) -> Iterator[Following]:
        for n, one in enumerate(following, 1):
            if n % FOUND == 0:
                self.progress("derive", n, None)
            yield one

    def _write_derived(self, difference: Difference) -> Changes:
        # Nothing is fresh here: a derivation that was killed has left some of it.
        changes = write(difference, self.store, self.progress, resumed=True)
        with self.ledger.transaction():
            difference.settle()
            self.ledger.put_note(WRITTEN, None)
            self.ledger.put_note(DERIVING, None)
        return changes


@contextmanager
def stage_in(ledger: Ledger, home: Path, *, resumed: bool = False) -> Iterator[Stage]:
    """The stage, deleted in the end unless its load is to be finished later."""
    stage = (Stage.open if resumed else Stage.begin)(ledger, home / STAGE)
    try:
        yield stage
        stage.close()  # so that the next one can be opened; after an error, the ledger goes as well
    finally:
        if not _unfinished(ledger):
            stage.delete()


def _unfinished(ledger: Ledger) -> bool:
    """Whether a load, or what follows from it, was interrupted while it was written."""
    return Unfinished.of(ledger) is not None or ledger.note(DERIVING) is not None
