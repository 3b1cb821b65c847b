"""`kg ingest`, all its ways, as somebody types them."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.connect import connect
from kg.loading import STAGE
from tests.service.test_cli import SHOP, asked, run

MAPPING = SHOP / "shop.mapping.yaml"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A workspace whose graph runs, so that commands join it."""
    with connect(tmp_path / "kg" / "graph", {}):
        yield tmp_path / "kg"


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """The shop's files, to be changed."""
    shutil.copytree(SHOP, tmp_path / "shop")
    return tmp_path / "shop"


def test_try_load_change_remove(home: Path, catalog: Path) -> None:
    would = run(home, "ingest", catalog, "-m", MAPPING, "--dry-run").stdout
    assert "Would load 477 of 477 rows" in would
    assert asked(home, "status")["Graph"] == {}
    assert "Loaded 477 of 477 rows" in run(home, "ingest", catalog, "-m", MAPPING).stdout
    assert "Nothing changed" in run(home, "ingest", catalog, "-m", MAPPING).stdout
    lines = (catalog / "products.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (catalog / "products.csv").write_text("".join(lines[:-1]), encoding="utf-8")
    fewer = asked(home, "ingest", catalog / "products.csv", "-m", MAPPING, "--delete-missing")
    assert fewer["changes"]["Product"] == {"added": 0, "changed": 0, "removed": 1}


def test_refused_rows_are_loaded_from_their_list_after_a_fix(home: Path, catalog: Path) -> None:
    products = catalog / "products.csv"
    products.write_text(products.read_text(encoding="utf-8") + 'K9,Cup,fjell,tea/none,"9,50",yes,\n', encoding="utf-8")
    stopped = run(home, "ingest", catalog, "-m", MAPPING, "--max-errors", "0", "--json", status=2)
    told = json.loads(stopped.stdout)
    assert told.pop("error") in stopped.stderr.replace("\n", "")
    assert told["read"] <= 478
    told.pop("read")
    assert told == {"loaded": 0, "refused": 1, "rejected": {"IN_CATEGORY": 1, "MADE_BY": 1, "Product": 1}}
    assert asked(home, "status")["Graph"] == {}
    done = run(home, "ingest", catalog, "-m", MAPPING, "--max-errors", "1%", status=1)
    rejects = home / "rejects.jsonl"
    assert f"1 refused; each stands with its reason in {rejects}" in done.stdout
    (refused,) = map(json.loads, rejects.read_text(encoding="utf-8").splitlines())
    assert (refused["line"], refused["column"], refused["rule"]) == (42, "price", "not-a-number")
    refused["row"] |= {"price": "9.50", "categories": "tea"}
    rejects.write_text(json.dumps(refused) + "\n", encoding="utf-8")
    assert "Category 'tea' is not in the graph" in reasons(home, rejects, status=1)
    before = rejects.read_text(encoding="utf-8")
    done = run(home, "ingest", "--rejects", rejects, "-m", MAPPING, "--max-errors", "0", status=2)
    assert f"in {rejects.with_name('rejects-failed.jsonl')}" in done.stderr
    assert rejects.read_text(encoding="utf-8") == before, "a load that failed loses nobody's list"
    refused["row"]["categories"] = "coffee"
    rejects.write_text(json.dumps(refused) + "\n", encoding="utf-8")
    assert reasons(home, rejects, status=0) == ""
    asking = "MATCH (p:Product {id: 'K9'})-[:IN_CATEGORY]->(c) RETURN c.id, p.price, p.kg_source, p.kg_row"
    assert asked(home, "query", asking)["rows"] == [["coffee", 9.5, "products.csv", 42]]


def test_where_every_row_is_refused_nothing_is_said_to_be_loaded(home: Path, catalog: Path) -> None:
    products = catalog / "products.csv"
    header, *_ = products.read_text(encoding="utf-8").splitlines()
    products.write_text(f"{header}\nK9,Cup,fjell,tea,dear,yes,\n", encoding="utf-8")
    done = run(home, "ingest", products, "-m", MAPPING, status=2)
    assert "Loaded 0 of 1 rows" in done.stdout
    assert "Nothing changed" not in done.stdout


def reasons(home: Path, rejects: Path, status: int) -> str:
    run(home, "ingest", "--rejects", rejects, "-m", MAPPING, status=status)
    return rejects.read_text(encoding="utf-8")


def test_what_is_inferred_loads(home: Path, catalog: Path, tmp_path: Path) -> None:
    for path in (MAPPING.name, "shop.ttl", "make.py"):
        (catalog / path).unlink()
    mapping = tmp_path / "mine.mapping.yaml"
    done = run(home, "ingest", catalog, "--infer", "--mapping", mapping)
    assert f"kg ingest FILES --mapping {mapping}" in done.stdout
    assert "is there already" in run(home, "ingest", catalog, "--infer", "--mapping", mapping, status=2).stderr
    assert asked(home, "ingest", catalog, "-m", mapping)["refused"] == 0


def test_files_for_an_import_are_written(home: Path, catalog: Path, tmp_path: Path) -> None:
    report = asked(home, "ingest", catalog, "-m", MAPPING, "--neo4j-admin", tmp_path / "import")
    assert report["loaded"] == 477
    script = (tmp_path / "import" / "import.sh").read_text(encoding="utf-8")
    assert "neo4j-admin database import full" in script
    assert (tmp_path / "import" / "Product.csv").read_text(encoding="utf-8").startswith(":ID,id:string,")
    assert (
        "takes files and --max-errors alone"
        in run(home, "ingest", catalog, "-m", MAPPING, "--neo4j-admin", tmp_path / "x", "--dry-run", status=2).stderr
    )


def test_standard_input_and_compressed_files(home: Path, catalog: Path) -> None:
    packed = catalog / "brands.tsv.gz"
    packed.write_bytes(gzip.compress((catalog / "brands.tsv").read_bytes()))
    (catalog / "brands.tsv").unlink()
    assert asked(home, "ingest", packed, "-m", MAPPING)["loaded"] == 4
    text = MAPPING.read_text(encoding="utf-8").replace("products.csv:", "'-':").split("\n  categories.csv")[0]
    (catalog / "pipe.mapping.yaml").write_text(text, encoding="utf-8")
    command = [Path(sys.executable).with_name("kg"), "ingest", "-", "-m", catalog / "pipe.mapping.yaml", "--json"]
    env = {**os.environ, "KG_HOME": str(home)}
    with (catalog / "products.csv").open("rb") as piped:
        done = subprocess.run(command, env=env, stdin=piped, capture_output=True, text=True, check=False, timeout=100)
    report = json.loads(done.stdout)
    assert (done.returncode, report["read"], report["entities"]["Product"]) == (1, 40, 40)  # no categories there


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "say how columns become entities"),
        (["-m", MAPPING], "give the files to load"),
        ([SHOP, "-m", MAPPING, "--rejects", "x"], "give the files to load"),
        (["-m", MAPPING, "--rejects", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        ([SHOP, "-m", MAPPING, "--max-errors", "many"], "'many' is no limit of errors"),
        (["--resume", SHOP], "takes no files"),
        (["--resume"], "no load was interrupted"),
        (["https://example.org/x.csv", "-m", MAPPING], "is a URL, and none is ever fetched"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(tmp_path: Path, words: list[object], message: str) -> None:
    assert message in run(tmp_path / "kg", "ingest", *words, status=2).stderr


def test_another_ontology_is_refused_where_the_graph_has_what_it_does_not_know(home: Path, catalog: Path) -> None:
    run(home, "ingest", catalog, "-m", MAPPING)
    films = SHOP.parents[2] / "ontology" / "movies.mapping.yaml"
    done = run(home, "ingest", SHOP.parent / "films", "-m", films, status=2)
    assert "which this ontology does not know" in done.stderr


def test_a_load_that_was_killed_before_it_wrote_is_run_again_by_resume(home: Path, catalog: Path) -> None:
    events = (catalog / "events.jsonl").read_text(encoding="utf-8").splitlines()
    more = [line.replace('"id": "', f'"id": "{i}-') for i in range(100) for line in events]
    (catalog / "events.jsonl").write_text("\n".join(more), encoding="utf-8")
    command = [Path(sys.executable).with_name("kg"), "ingest", catalog, "-m", MAPPING]
    process = subprocess.Popen(command, env={**os.environ, "KG_HOME": str(home)}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (home / STAGE).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run(home, "ingest", catalog, "-m", MAPPING, "--dry-run")
    report = asked(home, "ingest", "--resume")
    assert report["read"] == 52 + 425 * 100
    assert asked(home, "status")["Graph"]["Product"] == 40
    assert "no load was interrupted" in run(home, "ingest", "--resume", status=2).stderr


def test_an_empty_file_among_others_is_named(home: Path, catalog: Path) -> None:
    (catalog / "products.csv").write_bytes(b"")
    done = run(home, "ingest", catalog / "brands.tsv", catalog / "products.csv", "-m", MAPPING, COLUMNS="500")
    assert "Loaded 4 of 4 rows" in done.stdout
    assert f"{catalog / 'products.csv'} is empty: it has no rows" in done.stdout
    alone = run(home, "ingest", catalog / "products.csv", "-m", MAPPING, status=2)
    assert "products.csv: there is nothing in it, not even a header" in alone.stderr
