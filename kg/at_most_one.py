"""Functional and inverse functional relations: finds the rows that say a second tail of a head, or head of a tail.

Keys are names, so two of them are never found to be one thing: a second one is wrong. What stands has its way over what
is new, and an earlier row over a later one; but what a source says now replaces what it said before. Inverses and
sub-relations count. What only follows does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from kg.difference import Difference
from kg.tables import Column
from ontology.implications import ways
from ontology.model import Ontology

GROUPED = "CREATE TABLE stage.single (about INTEGER, kind INTEGER, by_head BOOLEAN)"
CLAIMS = """
CREATE TABLE stage.single_claim AS SELECT s.about, s.by_head,
    CASE WHEN by_head THEN k.head ELSE k.tail END AS cls, CASE WHEN by_head THEN t.head ELSE t.tail END AS key,
    CASE WHEN by_head THEN k.tail ELSE k.head END AS other_cls, CASE WHEN by_head THEN t.tail ELSE t.head END AS other,
    t.* FROM (
        SELECT n.kind, n.head, n.tail, n.source, n.file, n.row, TRUE AS now, o.kind IS NOT NULL AS stands
        FROM stage.triple n
        LEFT JOIN main.triple o ON o.kind = n.kind AND o.head = n.head AND o.tail = n.tail AND o.source = n.source
        UNION ALL SELECT o.kind, o.head, o.tail, o.source, o.file, o.row, FALSE, TRUE FROM main.triple o
        JOIN main.source f ON f.id = o.source AND f.name NOT LIKE '(%)'
        ANTI JOIN stage.triple n ON n.kind = o.kind AND n.head = o.head AND n.tail = o.tail AND n.source = o.source
        ANTI JOIN stage.triple_lost x ON x.kind = o.kind AND x.head = o.head AND x.tail = o.tail AND x.source = o.source
    ) t JOIN stage.single s ON s.kind = t.kind JOIN main.kind k ON k.id = t.kind;
INSERT INTO stage.triple_lost SELECT DISTINCT o.kind, o.head, o.tail, o.source FROM stage.single_claim o
    SEMI JOIN (FROM stage.single_claim WHERE now) n USING (about, cls, key, source) WHERE NOT o.now;
DELETE FROM stage.single_claim o WHERE NOT now AND EXISTS (SELECT 1 FROM stage.triple_lost x
    WHERE x.kind = o.kind AND x.head = o.head AND x.tail = o.tail AND x.source = o.source);
"""
CONTESTED = """
SELECT r.number, r.column_name, c.file, c.row, r.file, r.row, c.about, c.cls, c.key, c.other_cls, c.other,
    c.kind, c.head, c.tail, c.source
FROM stage.single_claim c SEMI JOIN (SELECT about, cls, key FROM stage.single_claim
    GROUP BY ALL HAVING count(DISTINCT {'cls': other_cls, 'key': other}) > 1) USING (about, cls, key)
LEFT JOIN (SELECT r.number, r.file, r.row, l.kind, r.head, r.tail, l.source, g.about, g.by_head,
        CASE WHEN g.by_head THEN l.tail_column ELSE l.head_column END AS column_name
        FROM stage.raw_triple r JOIN stage.rule l ON l.id = r.rule JOIN stage.single g ON g.kind = l.kind) r
    ON c.now AND r.kind = c.kind AND r.head = c.head AND r.tail = c.tail AND r.source = c.source
        AND r.about = c.about AND r.by_head = c.by_head
ORDER BY c.now, c.stands DESC, r.number, c.about, c.by_head
"""
"""Claims on what is claimed more than once, in the order in which they have their way."""
REFUSED = "CREATE TABLE stage.single_refused (kind INTEGER, head VARCHAR, tail VARCHAR, source INTEGER)"
WITHOUT_REFUSED = """
DELETE FROM stage.triple WHERE EXISTS (SELECT 1 FROM stage.single_refused x WHERE x.kind = triple.kind
    AND x.head = triple.head AND x.tail = triple.tail AND x.source = triple.source)
"""


class Second(NamedTuple):
    """A row that says a second one: of which file, in which column, what it says, and why that cannot be."""

    file: str
    row: int
    column: str
    value: str
    relation: str
    reason: str


class _Claim(NamedTuple):
    """The columns of `CONTESTED`; the first are None for what is only in the ledger."""

    number: int | None
    column: str | None
    its_file: int
    its_row: int
    file: int | None
    row: int | None
    about: int
    cls: str
    key: str
    other_cls: str
    other: str
    kind: int
    head: str
    tail: str
    source: int

    @property
    def place(self) -> tuple[int, str, str]:
        """What there can be one of."""
        return self.about, self.cls, self.key


@dataclass(frozen=True)
class AtMostOne:
    """The check, between `Difference.lost` and `Difference.relationships`."""

    difference: Difference
    ontology: Ontology

    def second(self) -> Iterator[Second]:
        """Rows that say a second one; what they say of that is left out of the load."""
        relations = self._group()
        if not relations:
            return
        tables, files = self.difference.ledger.tables, self.difference.ledger.files()
        kinds = self.difference.ledger.kinds()
        tables.run(CLAIMS)
        there: dict[tuple[int, str, str], _Claim] = {}
        refused: dict[tuple[int, str, str, int], None] = {}
        claims = (_Claim(*row) for row in tables.stream(CONTESTED))
        for number, its in groupby(claims, key=lambda claim: claim.number):
            said = list(its)
            rivals = [(claim, there.get(claim.place)) for claim in said]
            wrong = [(claim, rival) for claim, rival in rivals if rival and _other(rival) != _other(claim)]
            if number is None or not wrong:
                for claim in said:
                    there.setdefault(claim.place, claim)
                continue
            claim, rival = wrong[0]
            refused[claim.kind, claim.head, claim.tail, claim.source] = None
            reason = _reason(claim, rival, relations[claim.about], self.difference.ledger.file_names())
            relation = kinds[claim.kind].relation
            yield Second(files[claim.file or 0], claim.row or 0, claim.column or "", claim.other, relation, reason)
        self._leave_out(list(refused))

    def _group(self) -> list[str]:
        """Note which kinds of triples can be said once only; give the relation that asks for it, by number."""
        relations: list[str] = []
        rows: list[tuple[int, int, bool]] = []
        kinds = self.difference.ledger.kinds()
        for relation in self.ontology.relations.values():
            for asked, of_head in ((relation.functional, True), (relation.inverse_functional, False)):
                if asked:
                    rows += [
                        (len(relations), id_, of_head == (sign > 0))
                        for name, sign in ways(self.ontology, relation.name)
                        for id_, kind in kinds.items()
                        if name == kind.relation
                    ]
                    relations.append(relation.name)
        if not rows:
            return []
        tables = self.difference.ledger.tables
        tables.run(GROUPED)
        about, ids, by_head = zip(*rows, strict=True)
        columns: dict[str, Column] = {
            "about": ("INTEGER", about),
            "kind": ("INTEGER", ids),
            "by_head": ("BOOLEAN", by_head),
        }
        tables.append("stage.single", columns)
        return relations

    def _leave_out(self, refused: list[tuple[int, str, str, int]]) -> None:
        if refused:
            tables = self.difference.ledger.tables
            kinds, heads, tails, sources = zip(*refused, strict=True)
            columns: dict[str, Column] = {
                "kind": ("INTEGER", kinds),
                "head": ("VARCHAR", heads),
                "tail": ("VARCHAR", tails),
                "source": ("INTEGER", sources),
            }
            tables.run(REFUSED)
            tables.append("stage.single_refused", columns)
            tables.run(WITHOUT_REFUSED)


def _other(claim: _Claim) -> tuple[str, str]:
    return claim.other_cls, claim.other


def _reason(claim: _Claim, rival: _Claim, relation: str, files: dict[int, str]) -> str:
    at = f"{files[rival.file or rival.its_file]}, line {rival.row or rival.its_row}"
    there = f"{claim.cls} {claim.key!r} has {rival.other_cls} {rival.other!r} already ({at})"
    return f"{there}, and {relation} allows one; keep one of the two"
