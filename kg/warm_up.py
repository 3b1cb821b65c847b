"""Has the embedded database learn what makes it start faster: by a small load of everything it is used for."""

import csv
import tempfile
from collections.abc import Iterable
from pathlib import Path

from kg import java
from kg.embedded import embedded
from kg.ingest import ingest
from kg.mapping import load_mapping
from kg.snapshot import snapshot
from kg.store import GraphStore
from ontology.errors import StoreError
from ontology.turtle import load_ontology

THINGS, LINKS, LIKES, CHANGED = 20_000, 200_000, 20_000, 2_000
ONTOLOGY = """
@prefix : <https://kgrec.example/warm-up#> . @prefix kg: <https://kgrec.example/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Thing a owl:Class ; rdfs:subClassOf kg:Item .
:year a owl:DatatypeProperty ; rdfs:range xsd:integer .
:linksTo a owl:ObjectProperty ; rdfs:domain :Thing ; rdfs:range :Thing ; kg:inverseLabel "linked from" .
:liked a owl:ObjectProperty ; rdfs:domain kg:User ; rdfs:range :Thing ; kg:inverseLabel "liked by" .
"""
MAPPING = """
ontology: warm-up.ttl
files:
  things.csv: {entity: {class: Thing, key: id, properties: {name: name, year: year}}}
  links.csv: {triples: [{head: {class: Thing, key: head}, relation: LINKS_TO, tail: {class: Thing, key: tail}}]}
  likes.csv:
    interactions:
      - {relation: LIKED, user: {class: User, key: user}, item: {class: Thing, key: item}, at: {column: at, unit: s}}
"""


def warm_up() -> Path:
    """Have it learn, and give the file that says what. Takes about 15 seconds. Raises StoreError."""
    kept = java.learned()
    try:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            fresh = Path(folder, "fresh.aot")
            with embedded(Path(folder, "graph"), learn=fresh) as address, GraphStore(address) as store:
                _work(store, Path(folder))
            fresh.replace(kept)
    except OSError as error:
        raise StoreError(f"{kept} cannot be made: {error.strerror}") from error
    return kept


def _work(store: GraphStore, folder: Path) -> None:
    """Load a catalog, then what changed of it, and read it all."""
    (folder / "warm-up.ttl").write_text(ONTOLOGY, encoding="utf-8")
    (folder / "warm-up.mapping.yaml").write_text(MAPPING, encoding="utf-8")
    mapping = load_mapping(folder / "warm-up.mapping.yaml")
    ontology = load_ontology(mapping.ontology)
    paths = [folder / name for name in mapping.files]
    for changed in (0, CHANGED):
        things = ((f"t{i}", f"Thing {i + changed}", 1900 + i % 120) for i in range(changed or THINGS))
        links = ((f"t{i * 7 % THINGS}", f"t{(i * i + changed) % THINGS}") for i in range(changed or LINKS))
        likes = ((f"u{i % 500}", f"t{(i * 13 + changed) % THINGS}", 1_000_000_000 + i) for i in range(changed or LIKES))
        _write(paths[0], ("id", "name", "year"), things)
        _write(paths[1], ("head", "tail"), links)
        _write(paths[2], ("user", "item", "at"), likes)
        ingest(paths, mapping, ontology, store, home=folder)
    snapshot(store, ontology)


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
