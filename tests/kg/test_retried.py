"""Refused rows are loaded after a fix, also where they look something up, or came from standard input."""

import gzip
import json
import os
from pathlib import Path
from threading import Thread

import pytest

from kg.ingest import ingest, retry
from kg.mapping import load_mapping
from kg.store import GraphStore
from ontology.errors import InputError
from ontology.turtle import load_ontology

SHOP = load_ontology(Path(__file__).parents[1] / "catalogs" / "shop" / "shop.ttl")
LOOKED_UP = """
ontology: shop.ttl
files:
  items.csv:
    entity: {class: Product, key: sku, properties: {price: price}}
    triples:
      - relation: MADE_BY
        tail:
          class: Brand
          create: true
          key: {column: brand, lookup: {file: brands.csv, key: id, column: name}}
  brands.csv:
    rules: [{skip: true}]
"""
ALONE = """
ontology: shop.ttl
files:
  part-*.csv:
    entity: {class: Product, key: sku, properties: {price: price}}
"""


def corrected(rejects: Path) -> None:
    text = rejects.read_text(encoding="utf-8")
    assert '"price":"dear"' in text
    rejects.write_text(text.replace('"price":"dear"', '"price":"5"'), encoding="utf-8")


def test_a_retried_row_looks_up_what_all_rows_look_up(tmp_path: Path, embedded_store: GraphStore) -> None:
    (tmp_path / "x.mapping.yaml").write_text(LOOKED_UP, encoding="utf-8")
    (tmp_path / "items.csv").write_text("sku,price,brand\n1,5,a\n2,dear,b\n", encoding="utf-8")
    (tmp_path / "brands.csv").write_text("id,name\na,Fjell\nb,Hav\n", encoding="utf-8")
    rules, home = (load_mapping(tmp_path / "x.mapping.yaml"), SHOP, embedded_store), tmp_path / "home"
    with pytest.raises(InputError, match=r"brands\.csv, which is not among the files of this load; give it too"):
        ingest([tmp_path / "items.csv"], *rules, home=home)
    report = ingest([tmp_path / "items.csv", tmp_path / "brands.csv"], *rules, home=home)
    assert (report.read, report.refused) == (4, 1)
    corrected(home / "rejects.jsonl")
    again = retry(home / "rejects.jsonl", *rules, home=home)
    assert (again.read, again.refused) == (1, 0)
    assert {(head, tail) for _, head, _, tail in embedded_store.triples("MADE_BY")} == {("1", "Fjell"), ("2", "Hav")}


def test_a_second_text_of_a_key_is_refused_and_loaded_after_a_fix(tmp_path: Path, embedded_store: GraphStore) -> None:
    (tmp_path / "x.mapping.yaml").write_text(LOOKED_UP, encoding="utf-8")
    (tmp_path / "items.csv").write_text("sku,price,brand\n1,5,a\n2,6,b\n", encoding="utf-8")
    (tmp_path / "brands.csv").write_text("id,name\na,Fjell\na,Hav\n", encoding="utf-8")
    rules, home = (load_mapping(tmp_path / "x.mapping.yaml"), SHOP, embedded_store), tmp_path / "home"
    report = ingest([tmp_path / "items.csv", tmp_path / "brands.csv"], *rules, home=home)
    assert (report.read, report.refused, report.unused) == (4, 2, {})
    rejects = home / "rejects.jsonl"
    assert [json.loads(line)["rule"] for line in rejects.open()] == ["not-in-lookup", "second-text-of-a-key"]
    rejects.write_text(rejects.read_text(encoding="utf-8").replace('{"id":"a"', '{"id":"b"'), encoding="utf-8")
    again = retry(rejects, *rules, home=home)
    assert (again.read, again.refused) == (2, 0)
    assert {(head, tail) for _, head, _, tail in embedded_store.triples("MADE_BY")} == {("1", "Fjell"), ("2", "Hav")}


TAKEN = """
ontology: shop.ttl
files:
  sold.csv:
    triples:
      - {head: {class: Product, key: sku}, relation: MADE_BY, tail: {class: Brand, create: true, key: brand}}
"""


@pytest.mark.parametrize("packed", [False, True])
def test_rows_of_a_pipe_that_are_refused_late_have_their_cells(
    tmp_path: Path, embedded_store: GraphStore, packed: bool
) -> None:
    (tmp_path / "x.mapping.yaml").write_text(TAKEN, encoding="utf-8")
    content = b"sku,brand,note\n" + b"".join(b"%d,Fjell,%s\n" % (n, b"x" * 200) for n in range(30_000))
    pipe = tmp_path / "any name"
    os.mkfifo(pipe)
    write = Thread(target=pipe.write_bytes, args=[gzip.compress(content) if packed else content])
    write.start()
    home = tmp_path / "home"
    report = ingest([pipe], load_mapping(tmp_path / "x.mapping.yaml"), SHOP, embedded_store, home=home)
    write.join()
    assert (report.read, report.refused) == (30_000, 30_000)
    rows = [json.loads(line)["row"] for line in (home / "rejects.jsonl").open()]
    assert [row["sku"] for row in rows] == [str(n) for n in range(30_000)]


def test_a_table_that_comes_through_a_pipe_is_read_for_its_rows_too(tmp_path: Path, embedded_store: GraphStore) -> None:
    (tmp_path / "x.mapping.yaml").write_text(LOOKED_UP.replace("brands.csv", "b"), encoding="utf-8")
    (tmp_path / "items.csv").write_text("sku,price,brand\n1,5,a\n", encoding="utf-8")
    os.mkfifo(tmp_path / "b")
    write = Thread(target=(tmp_path / "b").write_text, args=["id,name\na,Fjell\na,Hav\n"])
    write.start()
    mapping = load_mapping(tmp_path / "x.mapping.yaml")
    report = ingest([tmp_path / "items.csv", tmp_path / "b"], mapping, SHOP, embedded_store, home=tmp_path / "home")
    write.join()
    assert (report.read, report.refused) == (3, 1)


def test_a_row_of_standard_input_is_retried(tmp_path: Path, embedded_store: GraphStore) -> None:
    (tmp_path / "x.mapping.yaml").write_text(ALONE, encoding="utf-8")
    rejected = {"file": "-", "line": 2, "column": "price", "value": "dear", "row": {"sku": "1", "price": "dear"}}
    (tmp_path / "rejects.jsonl").write_bytes(json.dumps(rejected, separators=(",", ":")).encode() + b"\n")
    corrected(tmp_path / "rejects.jsonl")
    rules = (load_mapping(tmp_path / "x.mapping.yaml"), SHOP, embedded_store)
    report = retry(tmp_path / "rejects.jsonl", *rules, home=tmp_path / "home")
    assert (report.read, report.refused, report.entities) == (1, 0, {"Product": 1})
