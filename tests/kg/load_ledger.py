"""Loads without a database: the difference is written to a plain dictionary, and may do nothing that is not needed."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kg.difference import Difference
from kg.ledger import Ledger
from kg.loading import LEDGER, STAGE
from kg.progress import silent
from kg.rejects import Rejects
from kg.sources import choose
from kg.stage import Stage
from kg.staging import Staging, compare
from kg.triples import Ref
from kg.writing import Batch, Changes, batches
from tests.kg.load_model import Thing, Values
from tests.kg.load_worlds import COLUMNS, MAPPING, rules
from tests.kg.loads import Rows

DESCRIBED = "SELECT count(*) FROM stage.raw_entity WHERE properties IS NOT NULL"
"""Of files each of whose rows describes an entity: the rows that were accepted."""


class LedgerGraph:
    """A folder of files, their ledger, and the graph as a dictionary."""

    def __init__(self, folder: Path, mapping: str = MAPPING) -> None:
        self.folder, self.graph, self.at = folder, dict[Thing, Values](), 0
        self.mapping, self.ontology = rules(folder, mapping)

    def load(self, rows: Rows, *, removing: bool, dry_run: bool = False) -> dict[str, dict[str, int]]:
        """Load files; give what changes."""
        return self.load_files(write(self.folder, rows), removing=removing, dry_run=dry_run)

    def load_files(
        self, paths: Sequence[Path], *, removing: bool = False, dry_run: bool = False
    ) -> dict[str, dict[str, int]]:
        """Load files as they are; give what changes."""
        self.at += 1
        with Ledger(self.folder / LEDGER) as ledger:
            ledger.order(self.mapping.files)
            stage = Stage.begin(ledger, self.folder / STAGE)
            difference = Difference(ledger, self.at)
            with Rejects(self.folder / "rejects.jsonl") as refused:
                sources = choose(paths, self.mapping)
                staged = Staging(stage, self.ontology, refused, silent).files(sources, delete_missing=removing)
                self.read, self.warnings = staged.read, staged.warnings
                self.described = ledger.tables.rows(DESCRIBED)[0][0]
                compare(difference, sources, self.ontology, refused, self._existing)
                self.refused_rows, self.about = refused.rows, refused.about
            changes = Changes()
            for batch in batches(difference):
                changes.count(batch)
                if not dry_run:
                    self._apply(batch)
            if not dry_run:
                with ledger.transaction():
                    difference.settle()
            stage.close()
            stage.delete()
        return changes.by_name()

    def refused(self) -> set[tuple[str, int]]:
        """The refused rows by file and line."""
        lines = (self.folder / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
        return {(Path(found["file"]).name, found["line"]) for found in map(json.loads, lines)}

    def _existing(self, refs: set[Ref]) -> set[Ref]:
        return {ref for ref in refs if ("entity", *ref) in self.graph}

    def _apply(self, batch: Batch) -> None:
        for row in batch.rows:
            thing, values, known = _said(batch, row)
            assert (thing in self.graph) == known, (batch, thing)
            if batch.phase.endswith("withdrawn"):
                assert values.items() <= self.graph[thing].items(), (batch, self.graph[thing])
                assert batch.phase != "entities withdrawn" or not any(thing in ends(*x) for x in self.graph.items())
                del self.graph[thing]
            elif batch.phase == "entities":
                together = self.graph.get(thing, {}) | values
                self.graph[thing] = {name: value for name, value in together.items() if value is not None}
            else:
                assert all(end in self.graph for end in ends(thing, values)), thing
                self.graph[thing] = {name: value for name, value in values.items() if value is not None}


def _said(batch: Batch, row: Any) -> tuple[Thing, Values, bool]:
    """What a row of a batch is about, what it says, and whether it was there."""
    kind = batch.kind
    match batch.phase:
        case "entities":
            return ("entity", kind.head, row.key), dict(row.set), row.known
        case "entities withdrawn":
            return ("entity", kind.head, row[1]), {}, True
        case "triples withdrawn":
            return ("triple", kind.relation, *row[1:3]), {}, True
        case "interactions withdrawn":
            return ("interaction", row[1]), {"user": row[2], "item": row[3]}, True
        case "triples":
            return ("triple", kind.relation, *row[1:3]), {"since": row[5]}, bool(row[-1])
        case _:
            values = dict(zip(("user", "item", "value", "at"), row[2:6], strict=True))
            return ("interaction", row[1]), values, bool(row[-1])


def ends(thing: Thing, values: Values) -> Iterator[Thing]:
    """What a triple or an interaction joins."""
    if thing[0] == "triple":
        yield from (
            ("entity", "Book", thing[2]),
            ("entity", "Author" if thing[1] == "WRITTEN_BY" else "Book", thing[3]),
        )
    if thing[0] == "interaction":
        yield from (("entity", *Ref("Reader", values["user"])), ("entity", *Ref("Book", values["item"])))


def write(folder: Path, rows: Rows) -> list[Path]:
    """Write files; give their paths."""
    for name, its in rows.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS[name], *its])
    return [folder / name for name in rows]
