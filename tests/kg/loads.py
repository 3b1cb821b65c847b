"""A small library, loaded over and over: what the graph holds has to be what the files say."""

import csv
from pathlib import Path

from kg.ingest import AS_IT_STANDS, ingest
from kg.loading import Options
from kg.mapping import load_mapping
from kg.report import IngestReport
from kg.store import GraphStore
from ontology.model import Ontology
from ontology.turtle import load_ontology

ONTOLOGY = """
@prefix : <https://library.example/#> . @prefix kg: <https://kgrec.example/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Book a owl:Class ; rdfs:subClassOf kg:Item . :Author a owl:Class . :Reader a owl:Class ; rdfs:subClassOf kg:User .
:pages a owl:DatatypeProperty ; rdfs:range xsd:integer . :note a owl:DatatypeProperty ; rdfs:range xsd:string .
:writtenBy a owl:ObjectProperty ; rdfs:domain :Book ; rdfs:range :Author ; kg:inverseLabel "wrote" .
:cites a owl:ObjectProperty ; rdfs:domain :Book ; rdfs:range :Book ; kg:inverseLabel "cited by" .
:read a owl:ObjectProperty ; rdfs:domain :Reader ; rdfs:range :Book ; kg:inverseLabel "read by" .
"""
MAPPING = """
ontology: library.ttl
files:
  books.csv:
    entity: {class: Book, key: id, properties: {name: title, pages: pages}}
    triples:
      - {relation: WRITTEN_BY, tail: {class: Author, key: authors, split: "|", create: true}}
  notes.csv:
    entity: {class: Book, key: book, properties: {note: note, pages: pages}}
  citations.csv:
    triples:
      - head: {class: Book, key: from}
        relation: CITES
        tail: {class: Book, key: to}
        since: {column: since, unit: ms}
  reads.csv:
    interactions:
      - {relation: READ, user: {class: Reader, key: reader}, item: {class: Book, key: book}, value: stars,
         at: {column: at, unit: ms}}
"""
COLUMNS = {
    "books.csv": ("id", "title", "pages", "authors"),
    "notes.csv": ("book", "note", "pages"),
    "citations.csv": ("from", "to", "since"),
    "reads.csv": ("reader", "book", "stars", "at"),
}
Rows = dict[str, list[tuple[str, ...]]]
Graph = dict[str, list[object]]


class Library:
    """A folder of files and the workspace they are loaded in."""

    def __init__(self, folder: Path, store: GraphStore) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.store, self.home = folder, store, folder / "home"
        (folder / "library.ttl").write_text(ONTOLOGY, encoding="utf-8")
        (folder / "library.mapping.yaml").write_text(MAPPING, encoding="utf-8")
        self.mapping = load_mapping(folder / "library.mapping.yaml")
        self.ontology: Ontology = load_ontology(self.mapping.ontology)

    def write(self, rows: Rows) -> list[Path]:
        """The files, as they are now."""
        for name, its in rows.items():
            with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([COLUMNS[name], *its])
        return [self.folder / name for name in rows]

    def load(self, rows: Rows, options: Options = AS_IT_STANDS) -> IngestReport:
        return ingest(self.write(rows), self.mapping, self.ontology, self.store, home=self.home, options=options)

    def rejects(self) -> str:
        return (self.home / "rejects.jsonl").read_text(encoding="utf-8")


def held(store: GraphStore, ontology: Ontology) -> Graph:
    """All that the graph holds, in an order of its own, without where it is from."""
    graph: Graph = {
        cls: sorted((e.key, sorted(e.properties.items())) for e in store.entities(cls)) for cls in ontology.classes
    }
    for relation in ontology.knowledge():
        graph[relation.name] = sorted(store.triples(relation.name))
    for relation in ontology.interactions():
        graph[relation.name] = sorted((x.user, x.item, x.value, x.at) for x in store.interactions(relation.name))
    return {name: found for name, found in graph.items() if found}
