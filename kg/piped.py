"""Standard input and pipes: what they give is kept until their load has ended, so that it can be read again."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from kg.blocks import Block
from kg.formats.door import read_blocks
from kg.sources import Source
from ontology.errors import StoreError


@dataclass(frozen=True)
class Piped(Source):
    """A pipe the first time it is read, and then what it gave."""

    copy: BinaryIO

    def blocks(self, seen: Callable[[int], None] = lambda _: None) -> Iterator[Block]:
        """Its rows. Raises InputError; StoreError where they cannot be kept."""
        return read_blocks(self.path, self.form, seen, self.copy)


@contextmanager
def kept(sources: Iterable[Source], folder: Path) -> Iterator[list[Source]]:
    """The same sources, all to be read as often as need be; what pipes give lies in nameless files of the folder."""
    with ExitStack() as stack:
        yield [
            source
            if source.path.is_file()
            else Piped(source.path, source.rule, source.name, stack.enter_context(_nameless(folder)))
            for source in sources
        ]


@contextmanager
def _nameless(folder: Path) -> Iterator[BinaryIO]:
    try:
        file = TemporaryFile(dir=folder)  # noqa: SIM115 closed below
    except OSError as error:
        raise StoreError(f"{folder} cannot be written ({error.strerror})") from error
    with file:
        yield cast(BinaryIO, file)
