"""Writes edits of items into the graph store: in their order, and twice is once."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from kg import cypher
from kg.bolt import Run
from kg.cypher import plain
from kg.entries import Edit
from kg.store import OURS, GraphStore
from kg.triples import Ref

SOURCE = "api"
"""What `kg_source` says of everything that an edit wrote; `kg_at` says when it was asked for, in epoch milliseconds."""
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Said = dict[tuple[str, Ref], int]
"""What an item is to say, relation and tail, and since when."""


def apply_edits(store: GraphStore, edits: Sequence[Edit]) -> None:
    """Write the edits, in their order. A relation to what the graph does not have is left out. Raises StoreError.

    Edits of different items that do not delete are one transaction, so that readers never see half an item.
    """
    for run in _runs(edits):
        store.transaction(partial(_delete if run[0].op == "delete" else _write, edits=run))


def _runs(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """Parts of which each may be written in any order: all delete or none does, and none is of what another named."""
    run: list[Edit] = []
    named: set[Ref] = set()
    for edit in edits:
        if run and ((edit.op == "delete") != (run[0].op == "delete") or edit.item in named):
            yield run
            run, named = [], set()
        run.append(edit)
        named.update((edit.item,), *edit.relations.values())
    if run:
        yield run


def _delete(run: Run, edits: Sequence[Edit]) -> None:
    for cls, said in _by(edits, lambda edit: edit.item.cls):
        run(_statement("UNWIND $keys AS key MATCH (n:{0} {{id: key}}) DETACH DELETE n", cls), {"keys": _keys(said)})


def _write(run: Run, edits: Sequence[Edit]) -> None:
    """Relations are locked first and in order, as every writer locks them; then come all items, then what they say."""
    for relation in sorted({name for edit in edits for name in edit.relations}):
        run(cypher.LOCK, {"relation": relation})
    written: list[tuple[str, list[Edit]]] = []
    for cls, said in _by(edits, lambda edit: edit.item.cls):
        there = _properties(run, cls, said)
        now = [edit for edit in said if edit.op == "put" or edit.item.key in there]
        rows = [{"id": edit.item.key, "set": _set(edit, there.get(edit.item.key, ()))} for edit in now]
        run(cypher.put_entities(cls), {"rows": rows})
        written.append((cls, now))
    for cls, now in written:
        _relate(run, cls, now)


def _properties(run: Run, cls: str, edits: Sequence[Edit]) -> dict[str, list[str]]:
    """Which properties each of the items has that are there."""
    ask = _statement("UNWIND $keys AS key MATCH (n:{0} {{id: key}}) RETURN n.id AS id, keys(n) AS names", cls)
    return {row["id"]: row["names"] for row in run(ask, {"keys": _keys(edits)})}


def _set(edit: Edit, there: Iterable[str]) -> dict[str, object]:
    """What to set; None removes. A put removes all that it does not name."""
    removed = [name for name in there if edit.op == "put" and name != "id" and not name.startswith(OURS)]
    return {**dict.fromkeys(removed), **edit.properties, "kg_source": SOURCE, "kg_at": edit.at}


def _relate(run: Run, cls: str, edits: Sequence[Edit]) -> None:
    """Delete what the items no longer say, create what is new, and leave the rest alone."""
    wanted = {edit.item.key: _said(edit) for edit in edits}
    replaced = {edit.item.key: None if edit.op == "put" else set(edit.relations) for edit in edits}
    found: dict[str, set[tuple[str, Ref]]] = defaultdict(set)
    for row in run(_statement(OUTGOING, cls), {"keys": list(wanted)}):
        named = replaced[row["head"]]
        if named is None or row["relation"] in named:
            found[row["head"]].add((row["relation"], Ref(row["class"], row["tail"])))
    gone = [(key, *said) for key, there in found.items() for said in there - wanted[key].keys()]
    fresh = [(key, *said) for key, wants in wanted.items() for said in wants.keys() - found[key]]
    for (relation, tail), lost in _by(gone, lambda row: (row[1], row[2].cls)):
        tails = {key: [row[2].key for row in rows] for key, rows in _by(lost, lambda row: row[0])}
        run(_statement(UNRELATE, cls, relation, tail), {"rows": [{"head": h, "tails": t} for h, t in tails.items()]})
    for (relation, tail), new in _by(fresh, lambda row: (row[1], row[2].cls)):
        rows = [{"head": key, "tail": ref.key, "at": wanted[key][relation, ref]} for key, _, ref in new]
        run(_statement(RELATE, cls, relation, tail), {"rows": rows, "source": SOURCE})


OUTGOING = """
UNWIND $keys AS key MATCH (h:{0} {{id: key}})-[x]->(t)
RETURN h.id AS head, type(x) AS relation, labels(t)[0] AS class, t.id AS tail
"""
UNRELATE = "UNWIND $rows AS row MATCH (h:{0} {{id: row.head}})-[x:{1}]->(t:{2}) WHERE t.id IN row.tails DELETE x"
RELATE = """
UNWIND $rows AS row MATCH (h:{0} {{id: row.head}}) MATCH (t:{2} {{id: row.tail}})
CREATE (h)-[:{1} {{kg_source: $source, kg_at: row.at}}]->(t)
"""


def _said(edit: Edit) -> Said:
    return {(relation, tail): edit.at for relation, tails in edit.relations.items() for tail in tails}


def _keys(edits: Iterable[Edit]) -> list[str]:
    return [edit.item.key for edit in edits]


def _statement(text: str, *names: str) -> str:
    return text.format(*map(plain, names))


def _by(things: Iterable[T], key: Callable[[T], K]) -> list[tuple[K, list[T]]]:
    """Gathered by something they have in common, in the order in which it is met first."""
    found: dict[K, list[T]] = defaultdict(list)
    for thing in things:
        found[key(thing)].append(thing)
    return list(found.items())
