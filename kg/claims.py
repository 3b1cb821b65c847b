"""What is claimed of the entities to write, entity by entity, with texts of any length.

The database that compares does not sort long texts in bounded memory. So claims are sorted without their texts, which
are copied to a file without a name beside it, as they come; there each is read when it is its turn.
"""

import os
from collections.abc import Iterator
from itertools import pairwise
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from kg.ledger import Ledger
from kg.tables import Column
from ontology.errors import StoreError

CLAIMS = """
CREATE OR REPLACE TABLE stage.claim AS
WITH old AS (SELECT kind, key, source, file, row, began, rowid AS place
        FROM main.entity SEMI JOIN stage.entity_todo USING (kind, key)),
    now AS (SELECT kind, key, source, file, row, rowid AS place
        FROM stage.entity SEMI JOIN stage.entity_todo USING (kind, key))
SELECT kind, key, 0 AS holds, began, source, file, row, FALSE AS staged, place FROM old
UNION ALL SELECT n.kind, n.key, 1, CASE WHEN f.place IS NULL THEN o.began ELSE $at END, n.source, n.file, n.row,
        TRUE, n.place
    FROM now n LEFT JOIN stage.entity_fresh f ON f.place = n.place
    LEFT JOIN old o ON o.kind = n.kind AND o.key = n.key AND o.source = n.source
UNION ALL SELECT o.kind, o.key, 1, o.began, o.source, o.file, o.row, FALSE, o.place FROM old o
    ANTI JOIN now n ON n.kind = o.kind AND n.key = o.key AND n.source = o.source
    ANTI JOIN stage.entity_lost x ON x.kind = o.kind AND x.key = o.key AND x.source = o.source
"""
"""Those before (holds = 0) and now. `place` is where the text stands: in the stage, or in the ledger."""
TEXTS = "CREATE OR REPLACE TABLE stage.text (staged BOOLEAN, place BIGINT, begins BIGINT, bytes BIGINT)"
PLACES = "SELECT DISTINCT place FROM stage.claim WHERE staged = $staged AND place >= $first AND place < $end"
COPIED = "SELECT rowid, properties FROM {table} WHERE rowid >= $first AND rowid < $end"
"""A join might hold the texts, and a range does not."""
SORTED = """
SELECT c.kind, c.key, c.holds, c.file, c.row, t.begins, t.bytes
FROM stage.claim c JOIN stage.text t ON t.staged = c.staged AND t.place = c.place
ORDER BY c.kind, c.key, c.holds, c.began, c.source
"""
"""The claim that has its way comes last."""


class Claim(NamedTuple):
    """What one source says, or said, of an entity: its properties as JSON, and where that stands."""

    kind: int
    key: str
    holds: bool
    file: int
    row: int
    properties: bytes


def claims(ledger: Ledger, at: int) -> Iterator[Claim]:
    """All claims on the entities that are to be written, by kind and key; those before first. Raises StoreError."""
    tables = ledger.tables
    if not tables.rows("SELECT 1 FROM stage.entity_todo LIMIT 1"):
        return
    tables.run(CLAIMS, at=at)
    try:
        with TemporaryFile(dir=ledger.path.parent) as texts:
            _copy(ledger, texts)
            texts.flush()
            for kind, key, holds, file, row, begins, size in tables.stream(SORTED):
                yield Claim(kind, key, bool(holds), file, row, os.pread(texts.fileno(), size, begins))
    except OSError as error:
        raise StoreError(
            f"{ledger.path.parent} cannot be written ({error.strerror}); check the disk it is on"
        ) from error


def _copy(ledger: Ledger, texts: IO[bytes]) -> None:
    """Copy the texts that are claimed, and note where they are now."""
    tables = ledger.tables
    tables.run(TEXTS)
    for table, staged in (("main.entity", False), ("stage.entity", True)):
        for bounds in tables.ranges(f"stage.claim WHERE staged = {staged}"):
            places: list[int] = []
            begins = [texts.tell()]
            wanted = {place for (place,) in tables.rows(PLACES, staged=staged, **bounds)}
            for place, properties in tables.stream(COPIED.format(table=table), **bounds):
                if place in wanted:
                    texts.write(properties)
                    places.append(place)
                    begins.append(begins[-1] + len(properties))
            sizes = [after - before for before, after in pairwise(begins)]
            columns: dict[str, Column] = {
                "place": ("BIGINT", places),
                "begins": ("BIGINT", begins[:-1]),
                "bytes": ("BIGINT", sizes),
            }
            tables.append("stage.text", columns, staged=staged)
