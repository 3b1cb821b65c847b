"""The tables that a mapping looks up values in: other files of the same load, read to memory before it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from kg.blocks import Block
from kg.check import cells
from kg.mapping import FileRule
from kg.mapping_cells import Lookup
from ontology.errors import InputError

MAX_ROWS = 5_000_000
"""Keys of one table: about 200 bytes each, so 1 GiB. Join larger ones where the data are from."""


def wanted(rules: Iterable[FileRule]) -> tuple[Lookup, ...]:
    """The lookups of these files, each once."""
    row_rules = (row_rule for rule in rules for row_rule in rule.row_rules)
    return tuple(dict.fromkeys(cell.lookup for rule in row_rules for cell in cells(rule) if cell.lookup))


def load_lookups(
    lookups: Iterable[Lookup], read: Callable[[str], Iterable[Block]]
) -> Mapping[Lookup, Mapping[str, str]]:
    """The tables, key -> text. `read` gives the rows of a file by its name in the mapping; each is read once.

    Raises InputError: a column is not there, a key says two things, or there are too many rows.
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


def _add(table: dict[str, str], lookup: Lookup, block: Block) -> None:
    nothing = [""] * len(block.lines)
    keys = map(str.strip, block.columns.get(lookup.key, nothing))
    texts = map(str.strip, block.columns.get(lookup.column, nothing))
    for line, key, text in zip(block.lines, keys, texts, strict=True):
        if key and table.setdefault(key, text) != text:
            found = f"{lookup.key} {key!r} says {table[key]!r} and {text!r} as {lookup.column}"
            raise InputError(f"{block.file}, line {line}: {found}; a key that is looked up says one thing")
    if len(table) > MAX_ROWS:
        raise InputError(f"{block.file} has more than {MAX_ROWS:,} keys to look up; join it where the data are from")


def _check_columns(file: str, lookups: Iterable[Lookup], seen: set[str]) -> None:
    for lookup in lookups:
        if missing := [name for name in (lookup.key, lookup.column) if name not in seen]:
            raise InputError(
                f"{file} has no column {missing[0]!r}, which the mapping looks up; it has {', '.join(sorted(seen))}"
            )
