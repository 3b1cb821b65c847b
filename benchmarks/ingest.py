"""Loading beside a plain UNWIND + MERGE loop, on both databases: 100,000 entities, 1,000,000 skewed relationships.

The loop is what one would write with the official driver: read the CSV files, send rows, check nothing. Its batch size
is the best of three on the first tenth. Ours reads the same files with all checks on.
"""

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import mean
from time import monotonic

import neo4j
import numpy as np

from kg.address import GraphAddress
from kg.embedded import embedded
from kg.exporting import export_load
from kg.formats.door import read_blocks
from kg.ingest import AS_IT_STANDS, ingest
from kg.loading import Options
from kg.mapping import Mapping, load_mapping
from kg.statements import said
from kg.store import GraphStore
from ontology.model import Ontology
from ontology.turtle import load_ontology
from tests.neo4j_server import Prepared, prepared

ENTITIES, RELATIONSHIPS, MANY = 100_000, 1_000_000, 5_000_000
BATCHES = (1_000, 5_000, 20_000)
ROUNDS = 3
ROOT = Path(__file__).parents[1]
ONTOLOGY = """
@prefix : <https://bench.example/#> . @prefix kg: <https://kgrec.example/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Thing a owl:Class ; rdfs:subClassOf kg:Item .
:year a owl:DatatypeProperty ; rdfs:range xsd:integer . :price a owl:DatatypeProperty ; rdfs:range xsd:decimal .
:linksTo a owl:ObjectProperty ; rdfs:domain :Thing ; rdfs:range :Thing ; kg:inverseLabel "linked from" .
"""
MAPPING = """
ontology: bench.ttl
files:
  things.csv: {entity: {class: Thing, key: id, properties: {name: name, year: year, price: price}}}
  links.csv: {triples: [{head: {class: Thing, key: head}, relation: LINKS_TO, tail: {class: Thing, key: tail}}]}
"""
MERGE_ENTITIES = (
    "UNWIND $rows AS row MERGE (n:Thing {id: row.id}) SET n.name = row.name, n.year = toInteger(row.year), "
    "n.price = toFloat(row.price)"
)
MERGE_RELATIONSHIPS = (
    "UNWIND $rows AS row MATCH (h:Thing {id: row.head}) MATCH (t:Thing {id: row.tail}) MERGE (h)-[:LINKS_TO]->(t)"
)


class Catalog:
    """Generated files."""

    def __init__(self, folder: Path, entities: int, relationships: int) -> None:
        folder.mkdir(parents=True)
        dice = np.random.default_rng(0)
        heads = dice.integers(0, entities, relationships).tolist()
        tails = (entities * dice.random(relationships) ** 3).astype(int).tolist()
        self.folder, self.rows = folder, entities + relationships
        self.paths = [folder / "things.csv", folder / "links.csv"]
        things = ((f"e{i}", f"Thing number {i}", 1900 + i % 120, i % 1000 / 10) for i in range(entities))
        _write(self.paths[0], ("id", "name", "year", "price"), things)
        _write(self.paths[1], ("head", "tail"), ((f"e{h}", f"e{t}") for h, t in zip(heads, tails, strict=True)))
        (folder / "bench.ttl").write_text(ONTOLOGY, encoding="utf-8")
        (folder / "bench.mapping.yaml").write_text(MAPPING, encoding="utf-8")
        self.mapping: Mapping = load_mapping(folder / "bench.mapping.yaml")
        self.ontology: Ontology = load_ontology(self.mapping.ontology)


def measure() -> dict[str, float]:
    """All figures; about 25 minutes."""
    numbers: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        catalog = Catalog(Path(scratch, "catalog"), ENTITIES, RELATIONSHIPS)
        many = Catalog(Path(scratch, "many"), ENTITIES, MANY - ENTITIES)
        parsed = catalog.rows / _seconds(lambda: _parse(catalog))
        for name, server in (("embedded", _embedded), ("neo4j", _neo4j)):
            works: dict[str, Callable[[], float]] = {
                "plain": partial(_on, server, partial(_plain, catalog)),
                "checked": partial(_on, server, partial(_load, catalog, options=Options(bulk=False))),
                "bulk": partial(_admin, catalog) if name == "neo4j" else partial(_on, server, partial(_load, catalog)),
            }
            plain, checked, bulk = (catalog.rows / seconds for seconds in _in_turn(works).values())
            numbers |= {
                f"ingest.plain_rows_per_second.{name}": plain,
                f"ingest.checked_rows_per_second.{name}": checked,
                f"ingest.bulk_rows_per_second.{name}": bulk,
                f"ingest.checked_vs_plain.{name}": checked / plain,
                f"ingest.parse_vs_store.{name}": parsed / plain,
                f"ingest.bulk_vs_plain.{name}": bulk / plain,
            }
            for size, its in (("100k", Catalog(Path(scratch, name), 10_000, 90_000)), ("5m", many)):
                numbers[f"ingest.rss_mib_{size}_rows.{name}"] = _on(server, partial(_rss, its))
            films = _on(server, _films)
            numbers[f"ingest.films_rows_per_second.{name}"] = films
    return numbers


def _write(path: Path, header: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header])
        csv.writer(file).writerows(rows)


def _seconds(work: Callable[[], object]) -> float:
    begin = monotonic()
    work()
    return monotonic() - begin


def _in_turn(works: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The mean seconds of each, in rounds in which they take turns: the machine is not as fast at all times."""
    rounds = [{name: work() for name, work in works.items()} for _ in range(ROUNDS)]
    return {name: mean(its[name] for its in rounds) for name in works}


def _on(server: Callable[[Path], AbstractContextManager[GraphAddress]], work: Callable[[GraphAddress], float]) -> float:
    """Work on a new database of its own."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as address:
        return work(address)


@contextmanager
def _embedded(folder: Path) -> Iterator[GraphAddress]:
    with embedded(folder / "graph") as address:
        yield address


@contextmanager
def _neo4j(folder: Path) -> Iterator[GraphAddress]:
    with prepared(folder / "neo4j").running(("-XX:+UseG1GC",)) as address:
        yield address


def _parse(catalog: Catalog) -> None:
    """Read and check, and throw away."""
    for path in catalog.paths:
        for block in read_blocks(path):
            said(catalog.mapping.files[path.name], block, catalog.ontology)


def _plain(catalog: Catalog, address: GraphAddress) -> float:
    """Seconds of the loop, with the best batch size for relationships."""
    with neo4j.GraphDatabase.driver(address.uri, auth=(address.login.user, address.login.password)) as driver:
        driver.execute_query("CREATE CONSTRAINT thing IF NOT EXISTS FOR (n:Thing) REQUIRE n.id IS UNIQUE")
        seconds = _merge(driver, MERGE_ENTITIES, catalog.paths[0], 5_000, range(ENTITIES))
        part = RELATIONSHIPS // 30
        tried = {
            size: _merge(driver, MERGE_RELATIONSHIPS, catalog.paths[1], size, range(i * part, (i + 1) * part))
            for i, size in enumerate(BATCHES)
        }
        best = min(tried, key=lambda size: tried[size])
        seconds += sum(tried.values())
        rest = range(part * len(BATCHES), RELATIONSHIPS)
        return seconds + _merge(driver, MERGE_RELATIONSHIPS, catalog.paths[1], best, rest)


def _merge(driver: neo4j.Driver, statement: str, path: Path, size: int, rows: range) -> float:
    begin = monotonic()
    with driver.session() as session, path.open(encoding="utf-8", newline="") as file:
        chosen = islice(csv.DictReader(file), rows.start, rows.stop)
        while batch := list(islice(chosen, size)):
            session.execute_write(_run, statement, batch)
    return monotonic() - begin


def _run(transaction: neo4j.ManagedTransaction, statement: str, rows: list[dict[str, str]]) -> None:
    transaction.run(statement, rows=rows).consume()


def _load(catalog: Catalog, address: GraphAddress, options: Options = AS_IT_STANDS) -> float:
    with GraphStore(address) as store, tempfile.TemporaryDirectory() as home:
        begin = monotonic()
        report = ingest(catalog.paths, catalog.mapping, catalog.ontology, store, home=Path(home), options=options)
        assert (report.loaded, report.refused) == (catalog.rows, 0)
        return monotonic() - begin


def _admin(catalog: Catalog) -> float:
    """Seconds to write the files and to import them."""
    with tempfile.TemporaryDirectory() as folder:
        server: Prepared = prepared(Path(folder, "neo4j"))
        begin = monotonic()
        out, home = Path(folder, "import"), Path(folder, "home")
        export_load(catalog.paths, catalog.mapping, catalog.ontology, out, home=home, options=Options())
        server.run_import(out)
        return monotonic() - begin


def _rss(catalog: Catalog, address: GraphAddress) -> float:
    """Peak memory in MiB of the process `kg ingest`; an embedded database is its child and not counted.

    By /proc: the peak that getrusage gives began with that of the process which started this one.
    """
    program = (
        "import re, sys\nfrom pathlib import Path\nfrom service.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1], file=sys.stderr)"
    )
    arguments = ["ingest", *map(str, catalog.paths), "-m", str(catalog.folder / "bench.mapping.yaml"), "--json"]
    server = {"KG_GRAPH": address.uri, "KG_GRAPH_USER": address.login.user, "KG_GRAPH_PASSWORD": address.login.password}
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "KG_HOME": home, **({} if address.control else server)}
        command = [sys.executable, "-c", program, *arguments]
        found = subprocess.run(command, env=env, check=True, capture_output=True, text=True, cwd=ROOT)
        return float(found.stderr.split()[-1]) / 1024


def _films(address: GraphAddress) -> float:
    """Rows a second of the example catalog, loaded batch by batch."""
    mapping = load_mapping(ROOT / "ontology" / "movies.mapping.yaml")
    ontology = load_ontology(mapping.ontology)
    folder = ROOT / "examples" / "movies"
    with GraphStore(address) as store, tempfile.TemporaryDirectory() as home:
        report = ingest([folder], mapping, ontology, store, home=Path(home), options=Options(bulk=False))
        return report.read / report.seconds
