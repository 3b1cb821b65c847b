"""The tables that a mapping looks up values in: other files of the same load, read to memory before it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from kg.blocks import Block
from kg.mapping import FileRule
from kg.mapping_cells import Lookup
from ontology.errors import InputError

MAX_ROWS = 5_000_000
"""Keys of one table: about 200 bytes each, so 1 GiB. Join larger ones where the data are from."""


def wanted(rules: Iterable[FileRule]) -> tuple[Lookup, ...]:
    """The lookups of these files, each once."""
    return tuple(dict.fromkeys(lookup for rule in rules for lookup in rule.lookups))


def load_lookups(
    lookups: Iterable[Lookup], read: Callable[[str], Iterable[Block]]
) -> Mapping[Lookup, Mapping[str, str]]:
    """The tables, key -> text: that of its first row. `read` gives the rows of a file by its name in the mapping, once.

    Raises InputError: a column is not there, or there are too many rows.
    """
    tables: dict[Lookup, dict[str, str]] = {lookup: {} for lookup in lookups}
    by_file: dict[str, list[Lookup]] = defaultdict(list)
    for lookup in tables:
        by_file[lookup.file].append(lookup)
    for file, its in by_file.items():
        seen: set[str] = set()
        for block in read(file):
            seen.update(block.columns)
            for lookup in its:
                _add(tables[lookup], lookup, block)
        _check_columns(file, its, seen)
    return tables


def contradicting(block: Block, lookup: Lookup, table: Mapping[str, str]) -> Iterator[int]:
    """The rows of a block that say something else of a key than its first row; they are looked up by nobody."""
    for i, (key, text) in enumerate(_pairs(block, lookup)):
        if key and table.get(key, text) != text:
            yield i


def _pairs(block: Block, lookup: Lookup) -> Iterator[tuple[str, str]]:
    nothing = [""] * len(block.lines)
    keys, texts = (map(str.strip, block.columns.get(column, nothing)) for column in (lookup.key, lookup.column))
    return zip(keys, texts, strict=True)


def _add(table: dict[str, str], lookup: Lookup, block: Block) -> None:
    for key, text in _pairs(block, lookup):
        if key:
            table.setdefault(key, text)
    if len(table) > MAX_ROWS:
        raise InputError(f"{block.file} has more than {MAX_ROWS:,} keys to look up; join it where the data are from")


def _check_columns(file: str, lookups: Iterable[Lookup], seen: set[str]) -> None:
    for lookup in lookups:
        if missing := [name for name in (lookup.key, lookup.column) if name not in seen]:
            raise InputError(
                f"{file} has no column {missing[0]!r}, which the mapping looks up; it has {', '.join(sorted(seen))}"
            )
