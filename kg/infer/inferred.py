"""The door: files in, the text of a mapping and of an ontology out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kg.blocks import ROWS, Block
from kg.infer.catalog import catalog
from kg.infer.tables import sample
from kg.infer.writing import mapping_yaml, ontology_turtle
from ontology.errors import InputError

SAMPLE = ROWS
"""Rows of each file that are held, half of them from its start."""
LOOKED_AT = 1_000_000
"""Rows of each file that are read at most: some seconds."""


@dataclass(frozen=True)
class Inferred:
    """The two texts. `left_out` are the files of which nothing was made; the mapping says why."""

    mapping_yaml: str
    ontology_turtle: str
    left_out: tuple[str, ...]


def infer(files: Mapping[str, Iterable[Block]], *, ontology: str = "catalog.ttl", rows: int = SAMPLE) -> Inferred:
    """A mapping of files (by the names that it will have for them), and its ontology, to be saved as `ontology`.

    Of each file at most `LOOKED_AT` rows are read, and `rows` of them held. Raises InputError where nothing can be
    made of any.
    """
    found = catalog([sample(file, blocks, rows, LOOKED_AT) for file, blocks in files.items()])
    told = {plan.file for plan in found.files if plan.says_something}
    left_out = tuple(file for file in files if file not in told)
    if not told:
        names = ", ".join(files) or "no files"
        raise InputError(
            f"nothing can be made of {names}: a file needs a column with another text in every row, called id for "
            "example, or two columns that name things"
        )
    return Inferred(mapping_yaml(found, ontology), ontology_turtle(found), left_out)
