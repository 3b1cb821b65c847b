"""A first load of millions of rows into Neo4j: files for `neo4j-admin database import full`, and the command.

That command fills a database that is not running, many times faster than any statement could. What it imports carries
the ledger's name, so the next `kg ingest` goes on from there, and adds the constraints. Nodes have numbers, which the
import takes as they are, so that it need not look for the keys of relationships.
"""

import csv
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kg.cypher import plain
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
SCRIPT = "import.sh"
QUICK = 2_000_000
"""So many rows are imported before a compiler that takes its time has earned it back."""
JAVA = "-Xms1g -Xmx4g -XX:InlineSmallCode=1200 -XX:FreqInlineSize=150"
QUICK_JAVA = "-Xms1g -Xmx4g -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
NODES = """
CREATE OR REPLACE TABLE stage.node AS SELECT kind, key, row_number() OVER (ORDER BY kind, key) - 1 AS number
FROM (SELECT DISTINCT kind, key FROM stage.entity)
"""
ENTITIES = """
SELECT n.number AS ":ID", n.key AS "id:string", {columns}
    f.name AS kg_source, e.row AS "kg_row:long", {at} AS "kg_at:long"
FROM (SELECT key, {alone}file, row
        FROM (SELECT *, decode(properties) AS text FROM stage.entity WHERE kind = {kind} AND alone)
    UNION ALL SELECT key, {several}arg_max(file, source) AS file, arg_max(row, source) AS row
        FROM (SELECT *, decode(properties) AS text FROM stage.entity WHERE kind = {kind} AND NOT alone) GROUP BY key) e
    JOIN stage.node n ON n.kind = {kind} AND n.key = e.key JOIN stage.file_name f ON f.id = e.file
"""
"""Of several sources that give a property, the later one has its way; NULL is passed over."""
RELATIONSHIPS = """
SELECT h.number AS ":START_ID", x.number AS ":END_ID", {columns}, f.name AS kg_source, t.row AS "kg_row:long",
    {at} AS "kg_at:long"
FROM stage.{table} t JOIN stage.ends e ON e.kind = t.kind
    JOIN stage.node h ON h.kind = e.head_kind AND h.key = t.head
    JOIN stage.node x ON x.kind = e.tail_kind AND x.key = t.tail
    JOIN stage.file_name f ON f.id = t.file WHERE t.kind = {kind}
"""
BROKEN = r"""
SELECT 1 FROM (SELECT decode(properties) AS text FROM stage.entity UNION ALL SELECT key FROM stage.entity
    UNION ALL SELECT id FROM stage.interaction)
WHERE contains(text, '\n') OR contains(text, '\r') OR contains(text, chr(10)) OR contains(text, chr(13)) LIMIT 1
"""
"""Whether a text may have a line break: only then does the import look for them, which takes longer."""
TRIPLE = 't.since AS "since:long", t.until AS "until:long"'
INTERACTION = 't.id, t.value AS "value:double", t.happened AS "at:long"'


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
        self.tables = difference.ledger.tables
        self.kinds, self.files = difference.ledger.kinds(), difference.ledger.file_names()
        self.changes = Changes()
        self.arguments: list[str] = []

    def write(self, load: Load) -> Changes:
        self.tables.run(NODES)
        self.difference.name_files()
        for (kind,) in self.tables.rows("SELECT DISTINCT kind FROM stage.node ORDER BY kind"):
            self._entities(kind)
        self._relationships("triple_todo", TRIPLE)
        self._relationships("interaction_todo", INTERACTION)
        self._notes(load)
        if self.tables.rows(BROKEN):
            self.arguments.append("--multiline-fields=true")
        java = QUICK_JAVA if self.changes.added.total() < QUICK else JAVA
        (self.folder / SCRIPT).write_text(_script(java, self.arguments), encoding="utf-8")
        return self.changes

    def _entities(self, kind: int) -> None:
        """All properties of the ontology are columns, whether this class has them or not."""
        alone, several, columns = "", "", ""
        for number, (name, said) in enumerate(sorted(self.ontology.properties.items())):
            value = f"json_extract_string(text, '$.{name}')"
            alone += f"{value} AS p{number}, "
            several += f"arg_max({value}, source) AS p{number}, "
            columns += f'e.p{number} AS "{name}:{TYPES[said.datatype]}", '
        ask = ENTITIES.format(alone=alone, several=several, columns=columns, kind=kind, at=self.difference.at)
        cls = plain(self.kinds[kind].head)
        self.changes.added[cls] += self.tables.write_csv(ask, self.folder / f"{cls}.csv")
        self.arguments.append(f"--nodes={cls}={cls}.csv")

    def _relationships(self, table: str, columns: str) -> None:
        for (number,) in self.tables.rows(f"SELECT DISTINCT kind FROM stage.{table} ORDER BY kind"):  # noqa: S608 ours
            head, relation, tail = map(plain, self.kinds[number])
            name = f"{head}-{relation}-{tail}.csv"
            ask = RELATIONSHIPS.format(table=table, columns=columns, kind=number, at=self.difference.at)
            self.changes.added[relation] += self.tables.write_csv(ask, self.folder / name)
            self.arguments.append(f"--relationships={relation}={name}")

    def _notes(self, load: Load) -> None:
        (first,) = self.tables.rows("SELECT count(*) FROM stage.node")[0]
        self._note("Ledger", {":ID": first, "id:string": self.difference.ledger.graph})
        said = {":ID": first + 1, "id:string": load.id, "source": load.source, "at:long": load.at}
        self._note("Load", {**said, "read:long": load.read, "loaded:long": load.loaded, "refused:long": load.refused})

    def _note(self, label: str, columns: Mapping[str, object]) -> None:
        """Write a node of our own."""
        with (self.folder / f"{label}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, columns.values()])
        self.arguments.append(f"--nodes={label}={label}.csv")


def _script(java: str, arguments: Sequence[str]) -> str:
    return "\n".join(_lines(java, arguments)) + "\n"


def _lines(java: str, arguments: Sequence[str]) -> Iterator[str]:
    yield "#!/bin/sh"
    yield "# Imports the graph into a database of Neo4j that is not running; what it holds is replaced."
    yield "# DATABASE is its name, neo4j unless given; JAVA_OPTS is for Java; options of neo4j-admin may follow."
    yield f'export JAVA_OPTS="${{JAVA_OPTS:-{java}}}"'
    yield 'cd "$(dirname "$0")" && exec neo4j-admin database import full "${DATABASE:-neo4j}" \\'
    yield "  --overwrite-destination --id-type=actual --bad-tolerance=0 \\"
    yield from (f"  {shlex.quote(argument)} \\" for argument in arguments)
    yield '  "$@"'
