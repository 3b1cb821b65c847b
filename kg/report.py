"""What a load did, for people and for machines."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kg.ledger import Ledger
from kg.staging import Staged
from kg.writing import Changes

HUBS = 5
COUNTS = {
    "entities": "SELECT kind, count(DISTINCT key) FROM stage.entity GROUP BY kind",
    "triples": """SELECT kind, count(*) FROM stage.triple ANTI JOIN stage.shared USING (kind) GROUP BY kind
        UNION ALL SELECT kind, count(DISTINCT {'head': head, 'tail': tail})
        FROM stage.triple SEMI JOIN stage.shared USING (kind) GROUP BY kind""",
    "interactions": """SELECT kind, count(*) FROM stage.interaction ANTI JOIN stage.shared USING (kind) GROUP BY kind
        UNION ALL SELECT kind, count(DISTINCT id)
        FROM stage.interaction SEMI JOIN stage.shared USING (kind) GROUP BY kind""",
}
DUPLICATES = """
SELECT kind, sum(n - 1)::BIGINT FROM stage.entity WHERE n > 1 AND properties <> '{}'::BLOB GROUP BY kind
UNION ALL SELECT kind, sum(n - 1)::BIGINT FROM stage.triple WHERE n > 1 GROUP BY kind
UNION ALL SELECT kind, sum(n - 1)::BIGINT FROM stage.interaction WHERE n > 1 GROUP BY kind
"""
ORPHANS = """
SELECT n.kind, count(DISTINCT n.key) FROM stage.entity n
    WHERE NOT EXISTS (SELECT 1 FROM stage.named x WHERE x.kind = n.kind AND x.key = n.key) GROUP BY n.kind
"""
MOST_NAMED = "SELECT kind, key, degree FROM stage.named ORDER BY degree DESC, kind, key LIMIT $n"


@dataclass(frozen=True)
class IngestReport:
    """What a load did. Rows: read = loaded + refused. Entities by class, triples and interactions by relation.

    `changes`: class or relation -> how many were added, changed, removed. `rejected`: class or relation -> how many of
    the refused rows were about it; a row can be about several. `duplicates` were said more than once by
    one source, `orphans` are named by no triple or interaction of these files, `hubs` by the most. `unused`: file ->
    columns that the mapping does not read. `kept`: sources of which nothing was removed, since rows of them were
    refused or a file of them is quite empty. `left_out`: files that are there and were not given, of sources of which
    was removed what is missing. `empty`: files without a row.
    """

    read: int
    loaded: int
    refused: int
    entities: Mapping[str, int]
    triples: Mapping[str, int]
    interactions: Mapping[str, int]
    changes: Mapping[str, Mapping[str, int]]
    rejected: Mapping[str, int]
    derived: Mapping[str, Mapping[str, int]]
    warnings: Mapping[str, int]
    duplicates: Mapping[str, int]
    orphans: Mapping[str, int]
    hubs: Mapping[str, int]
    unused: Mapping[str, list[str]]
    kept: list[str]
    left_out: list[str]
    empty: list[str]
    dry_run: bool
    resumed: bool
    seconds: float

    @property
    def in_vain(self) -> bool:
        """Whether rows were read, and nothing of them was loaded."""
        return bool(self.refused) and not (self.loaded or self.entities or self.triples or self.interactions)

    def followed_by(self, derived: Changes, began: float) -> "IngestReport":
        """The same with what was derived from the load, `began` seconds of the monotonic clock."""
        return replace(self, derived=derived.by_name(), seconds=round(time.monotonic() - began, 1))


def describe(
    ledger: Ledger,
    staged: Staged,
    refused: int,
    changes: Changes,
    began: float,
    *,
    dry_run: bool = False,
    resumed: bool = False,
) -> IngestReport:
    """The report of a load whose stage is still open; `began` by the monotonic clock."""
    kinds = ledger.kinds()

    def by_name(ask: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        for kind, n in ledger.tables.rows(ask):
            name = kinds[kind].relation or kinds[kind].head
            counts[name] = counts.get(name, 0) + n
        return dict(sorted(counts.items()))

    hubs = ledger.tables.rows(MOST_NAMED, n=HUBS)
    return IngestReport(
        read=staged.read,
        loaded=staged.read - refused,
        refused=refused,
        **{name: by_name(ask) for name, ask in COUNTS.items()},
        changes=changes.by_name(),
        rejected=staged.rejected,
        derived={},
        warnings=staged.warnings,
        duplicates=by_name(DUPLICATES),
        orphans=by_name(ORPHANS),
        hubs={f"{kinds[kind].head} {key}": degree for kind, key, degree in hubs},
        unused=staged.unused,
        kept=staged.kept,
        left_out=staged.left_out,
        empty=staged.empty,
        dry_run=dry_run,
        resumed=resumed,
        seconds=round(time.monotonic() - began, 1),
    )
