import json
import random
from pathlib import Path

import pytest

from kg.ingest import ingest
from kg.mapping import Mapping, load_mapping
from kg.report import IngestReport
from kg.store import GraphStore
from kg.triples import Entity, Interaction, Ref
from ontology.errors import InputError
from ontology.model import Ontology
from ontology.turtle import load_ontology

CATALOGS = Path(__file__).parents[1] / "catalogs"
SHOP = CATALOGS / "shop"
FILMS = CATALOGS / "films"
MOVIES_MAPPING = Path(__file__).parents[2] / "ontology" / "movies.mapping.yaml"

Graph = dict[str, list[object]]


@pytest.fixture(scope="module")
def shop() -> tuple[Mapping, Ontology]:
    mapping = load_mapping(SHOP / "shop.mapping.yaml")
    return mapping, load_ontology(mapping.ontology)


@pytest.fixture(scope="module")
def movies() -> tuple[Mapping, Ontology]:
    mapping = load_mapping(MOVIES_MAPPING)
    return mapping, load_ontology(mapping.ontology)


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    return tmp_path / "kg" / "rejects.jsonl"


def whole_graph(store: GraphStore, ontology: Ontology) -> Graph:
    """Everything in the graph, in an order of its own."""
    graph: Graph = {}
    for cls in ontology.classes:
        graph[cls] = sorted((e.key, sorted(e.properties.items())) for e in store.entities(cls))
    for relation in ontology.knowledge():
        graph[relation.name] = sorted(store.triples(relation.name))
    for relation in ontology.interactions():
        graph[relation.name] = sorted(store.interactions(relation.name), key=lambda x: x.id)
    return graph


def refusals(rejects: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in rejects.read_text(encoding="utf-8").splitlines()]


def test_a_shop_is_loaded(store: GraphStore, shop: tuple[Mapping, Ontology], rejects: Path) -> None:
    report = ingest([SHOP], *shop, store, home=rejects.parent)
    assert (report.read, report.loaded, report.refused) == (477, 477, 0)
    assert report.triples == {"IN_CATEGORY": 44, "MADE_BY": 40, "PART_OF": 6}
    assert sum(report.interactions.values()) == 425
    assert refusals(rejects) == []
    graph = whole_graph(store, shop[1])
    assert {cls: len(found) for cls, found in graph.items() if found} == {
        "Product": 40,
        "Category": 8,
        "Brand": 4,
        "Customer": 30,
        "IN_CATEGORY": 44,
        "MADE_BY": 40,
        "PART_OF": 6,
        **report.interactions,
    }
    brands = {e.key: e.properties for e in store.entities("Brand")}
    assert brands["山川"]["name"] == "山川 (Yamakawa)"
    products = {e.key: e for e in store.entities("Product")}
    properties = {"name": 'Santoku 7"', "price": 170.0, "inStock": False, "since": 1_653_696_000_000, "currency": "EUR"}
    assert products["KN-104"] == Entity("Product", "KN-104", properties)


def test_films_loaded_twice_are_films_loaded_once(
    store: GraphStore, movies: tuple[Mapping, Ontology], rejects: Path
) -> None:
    once = ingest([FILMS], *movies, store, home=rejects.parent)
    first = whole_graph(store, movies[1])
    twice = ingest([FILMS], *movies, store, home=rejects.parent)
    assert whole_graph(store, movies[1]) == first
    assert (once.loaded, once.triples, once.interactions) == (twice.loaded, twice.triples, twice.interactions)
    assert (len(first["Film"]), len(first["User"]), len(first["RATED"])) == (200, 60, once.interactions["RATED"])
    assert ("Film", "296", "Person", "Quentin_Tarantino") in first["DIRECTED_BY"]
    assert ("Genre", "Film-Noir", "Genre", "Crime") in first["BROADER"]


def test_the_order_of_the_files_does_not_matter(
    store: GraphStore, shop: tuple[Mapping, Ontology], rejects: Path
) -> None:
    files = [SHOP / name for name in shop[0].files]
    report = ingest(files[::-1], *shop, store, home=rejects.parent)
    assert (report.read, report.refused) == (477, 0)


def test_what_is_refused_is_named_and_the_rest_is_loaded(
    store: GraphStore, shop: tuple[Mapping, Ontology], rejects: Path, tmp_path: Path
) -> None:
    folder = copied(tmp_path)
    products = folder / "products.csv"
    products.write_text(
        "sku,title,brand,categories,price,in_stock,since\n"
        "K1,Kettle,fjell,coffee,9.5,yes,2024-03-01\n"
        "K2,Kettle,fjell,coffee,cheap,yes,2024-03-01\n"
        "K3,Kettle,fjell,coffee/nowhere,9.5,yes,2024-03-01\n"
        "K4,Kettle\n",
        encoding="utf-8",
    )
    events = folder / "events.jsonl"
    event = {"customer": "c1", "time": "2024-03-01T00:00:00Z", "event": "view", "quantity": 1}
    lines = [{**event, "id": "a", "sku": "K1"}, {**event, "id": "b", "sku": "K2"}]
    events.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    report = ingest([folder], *shop, store, home=rejects.parent)
    assert (report.read, report.loaded, report.refused) == (4 + 8 + 4 + 2, 14, 4)
    narrow = "does not have as many columns (2) as the header (7)"
    absent = "is not in the graph; load what describes it before this, or with it"
    assert [(r["file"], r["line"], r["column"], r["value"], r["reason"]) for r in refusals(rejects)] == [
        (str(products), 3, "price", "cheap", "is not a number, for example 3.5"),
        (str(products), 5, "", "K4,Kettle", f"{narrow}; leave empty what has no value"),
        (str(products), 4, "categories", "nowhere", f"Category 'nowhere' {absent}"),
        (str(events), 2, "sku", "K2", f"Product 'K2' {absent}"),
    ]
    assert report.rejected == {"IN_CATEGORY": 2, "MADE_BY": 1, "Product": 2, "VIEWED": 1}
    assert sorted(e.key for e in store.entities("Product")) == ["K1", "K3"]
    assert list(store.interactions("VIEWED")) == [
        Interaction("a", Ref("Customer", "c1"), "VIEWED", Ref("Product", "K1"), 1.0, 1_709_251_200_000)
    ]


def test_making_an_entity_on_the_way_keeps_what_is_known_of_it(
    store: GraphStore, shop: tuple[Mapping, Ontology], rejects: Path
) -> None:
    ingest([SHOP], *shop, store, home=rejects.parent)
    ingest([SHOP / "products.csv"], *shop, store, home=rejects.parent)
    assert {e.key: e.properties["name"] for e in store.entities("Brand")}["fjell"] == "Fjell"


def test_loaded_and_refused_are_all_that_was_read(
    store: GraphStore, shop: tuple[Mapping, Ontology], rejects: Path, tmp_path: Path
) -> None:
    """Files with random damage, many times over: each record is counted once, each refusal names an existing line."""
    dice = random.Random(11)
    for turn in range(15):
        folder = copied(tmp_path / str(turn))
        for path in folder.iterdir():
            damage(path, dice)
        report = ingest([folder], *shop, store, home=rejects.parent)
        check_books(report, rejects)


def damage(path: Path, dice: random.Random) -> None:
    """Delete, double, cut, quote or overwrite bytes of some lines, but not of the header of a table."""
    head, *lines = path.read_bytes().splitlines(keepends=True)
    for _ in range(dice.randrange(4)):
        at = dice.randrange(len(lines))
        line = lines[at]
        cut = dice.randrange(len(line) + 1)
        lines[at] = dice.choice(
            [
                b"",
                line * 2,
                line[:cut],
                b'"' + line,
                line[:cut] + b"\xff\0" + line[cut:],
                line[:cut] + b"," + line[cut:],
            ]
        )
    path.write_bytes(head + b"".join(lines))


def check_books(report: IngestReport, rejects: Path) -> None:
    found = refusals(rejects)
    assert report.loaded + report.refused == report.read
    assert report.refused == len({(r["file"], r["line"]) for r in found})
    for refused in found:
        with Path(str(refused["file"])).open("rb") as file:
            assert 1 <= int(str(refused["line"])) <= len(file.readlines())
        assert refused["reason"]


def copied(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("products.csv", "categories.csv", "brands.tsv", "events.jsonl"):
        (folder / name).write_bytes((SHOP / name).read_bytes())
    return folder


def test_wrong_input_is_found_before_anything_is_written(
    store: GraphStore, shop: tuple[Mapping, Ontology], rejects: Path, tmp_path: Path
) -> None:
    folder = copied(tmp_path / "shop")
    (folder / "events.jsonl").unlink()
    with pytest.raises(InputError, match=r"has no file events\.jsonl, which the mapping names"):
        ingest([folder], *shop, store, home=rejects.parent)
    (folder / "brands.tsv").write_text("brand\tname\nx\tX\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no column 'full name', which the mapping reads; it has brand, name"):
        ingest([folder / "categories.csv", folder / "brands.tsv"], *shop, store, home=rejects.parent)
    with pytest.raises(InputError, match="is not in the mapping, which names"):
        ingest([SHOP / "shop.ttl"], *shop, store, home=rejects.parent)
    with pytest.raises(InputError, match="is not there"):
        ingest([folder / "none.csv"], *shop, store, home=rejects.parent)
    assert not rejects.exists()
    assert list(store.entities("Category")) == []


def test_progress_tells_the_phases(store: GraphStore, shop: tuple[Mapping, Ontology], rejects: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    ingest([SHOP], *shop, store, home=rejects.parent, progress=lambda *step: seen.append(step))
    phases = list(dict.fromkeys(phase for phase, _, _ in seen))
    assert phases[:3] == ["read", "sort", "compare"]
    assert phases[-1] == "settle"
    assert max(done for phase, done, _ in seen if phase == "read") == 477
    assert all(total is None or done <= total for _, done, total in seen)
    written = {phase: total for phase, _, total in seen if phase.startswith("write ")}
    assert list(written) == ["write entities", "write triples", "write interactions"]
    assert all(written.values())
