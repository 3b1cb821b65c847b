"""Loads catalog files into the graph store. A bad row never stops the load and never vanishes.

Each file is read once for each of three phases that it has something for: entities, then triples, then
interactions, so that a triple finds its ends whatever the order of the files. Memory is bounded by one chunk.
A row is loaded or refused: refused if a cell is bad (then nothing of it is loaded), or if an entity that it names
is not in the graph (then the rest of it is loaded). So loaded + refused = read, always.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from kg.check import check_mapping
from kg.mapping import Mapping as CatalogMapping
from kg.progress import Progress, silent
from kg.readers import read, refusal, shown
from kg.rejects import Rejects
from kg.sources import Source, choose
from kg.statements import Statements, column_naming, statements
from kg.store import GraphStore, Load
from kg.triples import Interaction, Ref, Refusal, Row, Triple
from ontology.model import Ontology

CHUNK = 10_000
"""Statements that are held and handed to the store at once."""
T = TypeVar("T")
S = TypeVar("S", Triple, Interaction)


@dataclass(frozen=True)
class IngestReport:
    """What a load did. Rows: read = loaded + refused. Entities by class, triples and interactions by relation."""

    read: int
    loaded: int
    refused: int
    entities: Mapping[str, int]
    triples: Mapping[str, int]
    interactions: Mapping[str, int]
    seconds: float


def ingest(
    paths: Sequence[Path],
    mapping: CatalogMapping,
    ontology: Ontology,
    store: GraphStore,
    *,
    rejects: Path,
    progress: Progress = silent,
) -> IngestReport:
    """Load files, or folders of them; every file that the mapping names has to be in a folder.

    Raises InputError before anything is written when mapping, ontology and headers do not fit each other; StoreError
    when the store fails. `rejects` becomes the list of what was refused: one JSON object a line.
    """
    begin = time.monotonic()
    check_mapping(mapping, ontology)
    sources = choose(paths, mapping)
    store.migrate(ontology)
    with Rejects(rejects) as refused:
        load = _Load(ontology, store, refused, progress)
        load.entities([s for s in sources if s.makes_entities])
        load.triples([s for s in sources if s.rule.triples])
        load.interactions([s for s in sources if s.rule.interactions])
        report = load.report(round(time.monotonic() - begin, 1))
    files = ", ".join(dict.fromkeys(str(path) for path in paths))
    store.record_load(Load(uuid4().hex, files, int(time.time() * 1000), report.read, report.loaded, report.refused))
    return report


class _Load:
    """One load: what was read and written so far."""

    def __init__(self, ontology: Ontology, store: GraphStore, refused: Rejects, progress: Progress) -> None:
        self.ontology, self.store, self.refused, self.progress = ontology, store, refused, progress
        self.read = 0
        self._begun: set[Path] = set()
        # By reference, since a class can be filled by several files; about 100 bytes an entity.
        self._entities: set[Ref] = set()
        self._triples: Counter[str] = Counter()
        self._interactions: Counter[str] = Counter()

    def report(self, seconds: float) -> IngestReport:
        return IngestReport(
            read=self.read,
            loaded=self.read - self.refused.rows,
            refused=self.refused.rows,
            entities=dict(sorted(Counter(ref.cls for ref in self._entities).items())),
            triples=dict(sorted(self._triples.items())),
            interactions=dict(sorted(self._interactions.items())),
            seconds=seconds,
        )

    def entities(self, sources: Sequence[Source]) -> None:
        for chunk in self._chunks("entities", sources, lambda said: said.entities):
            self.store.upsert_entities([entity for _, _, entity in chunk])
            self._entities.update(Ref(entity.cls, entity.key) for _, _, entity in chunk)

    def triples(self, sources: Sequence[Source]) -> None:
        for chunk in self._chunks("triples", sources, lambda said: said.triples):
            missing = self.store.upsert_triples([triple for _, _, triple in chunk])
            self._account(self._triples, chunk, missing, lambda triple: (triple.head, triple.tail))

    def interactions(self, sources: Sequence[Source]) -> None:
        for chunk in self._chunks("interactions", sources, lambda said: said.interactions):
            missing = self.store.upsert_interactions([interaction for _, _, interaction in chunk])
            self._account(self._interactions, chunk, missing, lambda interaction: (interaction.item,))

    def _account(
        self,
        written: Counter[str],
        chunk: list[tuple[Source, Row, S]],
        missing: Iterable[int],
        ends: Callable[[S], tuple[Ref, ...]],
    ) -> None:
        """Count what was written; refuse what the store could not join, with the ends that are not in the graph."""
        absent = set(missing)
        written.update(said.relation for i, (_, _, said) in enumerate(chunk) if i not in absent)
        refused = [chunk[i] for i in sorted(absent)]
        existing = self.store.existing({ref for _, _, said in refused for ref in ends(said)}) if refused else set()
        for source, row, said in refused:
            # Where all of them are there by now, somebody else loads at this moment: the first stands for the row.
            gone = [ref for ref in ends(said) if ref not in existing] or [ends(said)[0]]
            for ref in gone:
                column = column_naming(source.rule, row, ref)
                self.refused.add(refusal(row, column, ref.key, f"{ref.cls} {shown(ref.key)!r} is not in the graph"))

    def _chunks(
        self, phase: str, sources: Sequence[Source], pick: Callable[[Statements], Iterable[T]]
    ) -> Iterator[list[tuple[Source, Row, T]]]:
        """What the files say, with the rows that say it. Refused rows go to the list when a file is read first."""
        total, done = sum(source.lines for source in sources), 0
        chunk: list[tuple[Source, Row, T]] = []
        for source in sources:
            first = source.path not in self._begun
            self._begun.add(source.path)
            for record in read(source.path):
                done += 1
                self.read += first
                said = record if isinstance(record, Refusal) else statements(source.rule, record, self.ontology)
                if isinstance(record, Row) and isinstance(said, Statements):
                    chunk.extend((source, record, statement) for statement in pick(said))
                elif isinstance(said, Refusal) and first:
                    self.refused.add(said)
                if len(chunk) >= CHUNK:
                    yield chunk
                    chunk = []
                    self.progress(phase, done, total)
        if chunk:
            yield chunk
        self.progress(phase, done, done)
