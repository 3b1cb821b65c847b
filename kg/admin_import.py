"""A first load of millions of rows into Neo4j: files for `neo4j-admin database import full`, and the command.

That command fills a database that is not running, many times faster than any statement could. What it imports carries
the ledger's name, so the next `kg ingest` goes on from there, and adds the constraints.
"""

import csv
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from kg.cypher import Kind, plain
from kg.difference import Difference
from kg.store import Load
from kg.writing import Changes
from ontology.errors import InputError, StoreError
from ontology.model import Datatype, Ontology

TYPES: Mapping[Datatype, str] = {
    "string": "string",
    "integer": "long",
    "number": "double",
    "boolean": "boolean",
    "date": "long",
}
PROVENANCE = ("kg_source", "kg_row:long", "kg_at:long")
SCRIPT = "import.sh"


def export(difference: Difference, ontology: Ontology, load: Load, folder: Path) -> Changes:
    """Write all of a first load's difference as CSV files, and `import.sh`. Raises InputError, StoreError."""
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; name a new folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _Export(difference, ontology, folder).write(load)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written ({error.strerror})") from error


class _Export:
    def __init__(self, difference: Difference, ontology: Ontology, folder: Path) -> None:
        self.difference, self.ontology, self.folder = difference, ontology, folder
        self.kinds, self.files = difference.ledger.kinds(), difference.ledger.file_names()
        self.changes = Changes()
        self.arguments: list[str] = []

    def write(self, load: Load) -> Changes:
        for number, changes in groupby(self.difference.entity_changes(), key=lambda change: change.kind):
            self._entities(self.kinds[number], changes)
        triples = self.difference.rows("triple_todo", "kind, head, tail, file, row, since, until")
        for number, rows in groupby(triples, key=lambda row: row[0]):
            self._relationships(self.kinds[number], ("since:long", "until:long"), rows)
        interactions = self.difference.rows("interaction_todo", "kind, head, tail, file, row, id, value, happened")
        for number, rows in groupby(interactions, key=lambda row: row[0]):
            self._relationships(self.kinds[number], ("id", "value:double", "at:long"), rows)
        self._notes(load)
        (self.folder / SCRIPT).write_text(_script(self.arguments), encoding="utf-8")
        return self.changes

    def _entities(self, kind: Kind, changes: Iterable[Any]) -> None:
        """All properties of the ontology are columns: which ones a class has is known only after its last row."""
        properties = sorted(self.ontology.properties)
        columns = [f"{name}:{TYPES[self.ontology.properties[name].datatype]}" for name in properties]
        cls = plain(kind.head)
        header = (f"id:ID({cls})", *columns, *PROVENANCE)
        rows = (
            (x.key, *(_text(x.set.get(name)) for name in properties), *self._origin(x.file, x.row)) for x in changes
        )
        self.changes.added[cls] += self._file("nodes", cls, cls, header, rows)

    def _relationships(self, kind: Kind, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        head, relation, tail = map(plain, kind)
        header = (f":START_ID({head})", f":END_ID({tail})", *names, *PROVENANCE)
        lines = ((x[1], x[2], *map(_text, x[5:]), *self._origin(x[3], x[4])) for x in rows)
        self.changes.added[relation] += self._file(
            "relationships", relation, f"{head}-{relation}-{tail}", header, lines
        )

    def _notes(self, load: Load) -> None:
        self._file("nodes", "Ledger", "Ledger", ("id:ID(Ledger)",), [(self.difference.ledger.graph,)])
        header = ("id:ID(Load)", "source", "at:long", "read:long", "loaded:long", "refused:long")
        row = (load.id, load.source, load.at, load.read, load.loaded, load.refused)
        self._file("nodes", "Load", "Load", header, [row])

    def _origin(self, file: int, row: int) -> tuple[str, int, int]:
        return self.files[file], row, self.difference.at

    def _file(self, what: str, label: str, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        number = 0
        with (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for row in rows:
                writer.writerow(row)
                number += 1
        self.arguments.append(f"--{what}={label}={name}.csv")
        return number


def _text(value: object) -> object:
    """`true` and `false` as the import wants them; None is an empty cell, which is no property."""
    return str(value).lower() if isinstance(value, bool) else value


def _script(arguments: Sequence[str]) -> str:
    return "\n".join(_lines(arguments)) + "\n"


def _lines(arguments: Sequence[str]) -> Iterator[str]:
    yield "#!/bin/sh"
    yield "# Imports the graph into a database of Neo4j that is not running; what it holds is replaced."
    yield "# DATABASE is its name, neo4j unless given; further options of neo4j-admin may follow."
    yield 'cd "$(dirname "$0")" && exec neo4j-admin database import full "${DATABASE:-neo4j}" \\'
    yield "  --overwrite-destination --multiline-fields=true --bad-tolerance=0 \\"
    yield from (f"  {shlex.quote(argument)} \\" for argument in arguments)
    yield '  "$@"'
