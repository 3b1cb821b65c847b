"""A list of rejects that was uploaded to be loaded again: it names files, and may name none but those beside it."""

from collections.abc import Sequence
from pathlib import Path

import orjson

from kg.lookups import wanted
from kg.mapping import Mapping
from kg.sources import entry
from ontology.errors import InputError


def check_tables(files: Sequence[str], mapping: Mapping) -> None:
    """Of the files that come with a list of rejects, nothing is loaded: its rows look values up in them.

    Raises InputError for one in which they do not.
    """
    tables = {lookup.file for lookup in wanted(mapping.files.values())}
    for name in files:
        if entry(Path(name), mapping) not in tables:
            raise InputError(
                f"no row looks anything up in {name}, so it has no place beside rejects; load it by itself"
            )


def without_folders(rejects: Path) -> None:
    """Have the list name files by their names alone.

    What a row looks up is read beside the file that the row is from, which is to be no other folder of this machine.
    Lines that are no rejects stay as they are, for the load to say so. Raises InputError where two files have one name.
    """
    fresh = rejects.with_name(f".{rejects.name}.new")  # no upload begins with a dot
    named: dict[str, str] = {}
    with rejects.open("rb") as old, fresh.open("wb") as new:
        for line in old:
            new.write(_renamed(line, named))
    fresh.replace(rejects)


def _renamed(line: bytes, named: dict[str, str]) -> bytes:
    """`named`: name -> the file that has it."""
    try:
        reject = orjson.loads(line)
        file = str(reject["file"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return line
    name = Path(file).name
    if named.setdefault(name, file) != file:
        raise InputError(f"the rejects are of {named[name]} and {file}, which have one name; upload a list of each")
    return orjson.dumps({**reject, "file": name}, option=orjson.OPT_APPEND_NEWLINE)
