"""Files whose rows say what they are, as RDF does: a table for each type, and columns that name things of a type."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from kg.cells import JSON_LIST, split
from kg.infer.tables import ID, Column, Table
from kg.values import WrongValueError

TYPE = "@type"


def by_type(table: Table) -> list[Table]:
    """The rows by their type, as the rules of a mapping take them: one of several types counts as the most frequent.

    The table itself where its rows have no types.
    """
    if ID in table.columns:
        table = replace(table, columns={name: replace(c, repeats=True) for name, c in table.columns.items()})
    if TYPE not in table.columns or not table.columns[TYPE].filled:
        return [table]
    types = [_types(text) for text in table.columns[TYPE].texts]
    order = {kind: place for place, (kind, _) in enumerate(Counter(chain.from_iterable(types)).most_common())}
    rows: dict[str, list[int]] = {kind: [] for kind in order}
    for i, its in enumerate(types):
        rows[min(its, key=lambda kind: order[kind])].append(i)
    return [_part(table, kind, its, order) for kind, its in rows.items() if its]


def _types(text: str) -> Sequence[str]:
    try:
        return split(text, JSON_LIST) or ("",)
    except WrongValueError:
        return (text,)


def _part(table: Table, kind: str, rows: Sequence[int], types: Collection[str]) -> Table:
    """The rows of a type, with the columns that are filled there."""
    columns = {name: replace(c, texts=tuple(c.texts[i] for i in rows)) for name, c in table.columns.items()}
    columns = {name: c for name, c in columns.items() if c.filled and name.rpartition(".")[2] != TYPE}
    return replace(table, columns={c.name: c for c in _naming(columns, types)}, rows=len(rows), kind=kind)


def _naming(columns: Mapping[str, Column], types: Collection[str]) -> Iterator[Column]:
    """The columns, where `director.Person` says that `director` names a Person; one of each where there are several."""
    named: dict[str, list[str]] = defaultdict(list)
    for name in columns:
        of, _, kind = name.rpartition(".")
        if kind in types and of in columns:
            named[of].append(kind)
    told = {f"{of}.{kind}" for of, kinds in named.items() for kind in kinds}
    for name, column in columns.items():
        kinds = named.get(name, ())
        if len(kinds) == 1:
            yield replace(column, names=kinds[0])
        elif kinds:
            yield from (replace(columns[f"{name}.{kind}"], names=kind) for kind in kinds)
        elif name not in told:
            yield column
