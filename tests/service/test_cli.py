"""The command `kg`, as somebody types it: each command on a real catalog, its JSON, and how it fails."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from kg.connect import connect
from kg.workspace import Workspace
from service.cli import COMMANDS, kg
from tests.forked import ran

SHOP = Path(__file__).parents[1] / "catalogs" / "shop"


def run(home: Path, *words: object, status: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command, in a process that is forked; that it is installed has a test of its own."""
    done = ran(words, environment(home) | env, home.parent)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def environment(home: Path) -> dict[str, str]:
    """Ours, without its settings of kg."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
    return kept | {"KG_HOME": str(home), "COLUMNS": "120"}


def asked(home: Path, *words: object) -> dict:
    return json.loads(run(home, *words, "--json").stdout)


@pytest.fixture(scope="module")
def home(shop: Workspace) -> Iterator[Path]:
    """The trained shop; its graph is kept open, so that commands join it."""
    with connect(shop.graph, {}):
        yield shop.root


@pytest.fixture(scope="module")
def user(home: Path) -> str:
    rows = asked(home, "query", "MATCH (u:Customer)-[:BOUGHT]->() RETURN u.id AS id, count(*) AS n ORDER BY n DESC")
    return rows["rows"][0][0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_every_option_says_what_it_is_for(name: str):
    command = kg.get_command(click.Context(kg), name)
    assert command
    assert command.help
    assert " ".join(command.help.split()).startswith(COMMANDS[name])
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_it_is_installed_and_its_help_lists_every_command():
    command = [Path(sys.executable).with_name("kg"), "-h"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all(f"\n  {name} " in text for name in COMMANDS)


def test_help_and_version_import_no_command():
    code = "import sys; from service.cli import main; sys.argv[1:] = ['-h']; main()"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "service.cli" in imported
    assert not {name for name in imported if name.startswith(("kg.", "service.commands", "numpy", "neo4j"))}


def test_a_command_that_there_is_not_is_named(tmp_path: Path):
    done = run(tmp_path / "kg", "recomend", status=2)
    assert "No such command 'recomend'" in done.stderr


def test_a_catalog_is_loaded_asked_and_counted(tmp_path: Path):
    home = tmp_path / "kg"
    report = asked(home, "ingest", SHOP, "--mapping", SHOP / "shop.mapping.yaml")
    assert (report["read"], report["loaded"], report["refused"]) == (477, 477, 0)
    state = asked(home, "status")
    assert state["Graph"].keys() == {"Brand", "Category", "Customer", "Product", *report["triples"], "BOUGHT", "VIEWED"}
    assert state["Graph"]["Product"] == 40
    assert state["Classes"] == {"Brand": 4, "Category": 8, "Customer": state["Classes"]["Customer"], "Product": 40}
    assert state["Relations"].keys() == {*report["triples"], "BOUGHT", "VIEWED"}
    assert state["Classes"] | state["Relations"] == state["Graph"]
    told = run(home, "status").stdout
    titles = ["Classes", "Product", "Relations", "MADE_BY", "Last loads", "477 of 477 rows", "Bundle"]
    assert [told.index(title) for title in titles] == sorted(told.index(title) for title in titles)
    assert "477 of 477 rows, 0 refused" in next(iter(state["Last loads"].values()))
    assert "run `kg train` first" in state["Bundle"]["state"]


def test_a_row_that_is_refused_is_exit_status_1_and_stands_in_the_file(tmp_path: Path):
    (tmp_path / "brands.tsv").write_text((SHOP / "brands.tsv").read_text() + "no\tcolumns\tlike\tthese\tat\tall\n")
    done = run(tmp_path / "kg", "ingest", tmp_path / "brands.tsv", "-m", SHOP / "shop.mapping.yaml", status=1)
    assert "1 refused" in done.stdout
    (line,) = (tmp_path / "kg" / "rejects.jsonl").read_text().splitlines()
    assert json.loads(line)["line"] == 6


def test_recommendations_carry_paths_that_the_graph_proves(home: Path, user: str):
    answer = asked(home, "recommend", user, "-n", 5)
    assert len(answer["recommendations"]) == 5
    explained = next(r for r in answer["recommendations"] if r["explanation"]["path"])
    proved = asked(home, "explain", user, explained["id"], "--prove")
    assert proved["text"] == explained["explanation"]["text"]
    assert proved["proof"] == [list(proved["parameters"].values())]
    text = run(home, "recommend", user, "-n", 5).stdout
    assert explained["name"] in text
    assert "  1. " in text


def test_similar_items_and_a_history_in_the_question(home: Path):
    answer = asked(home, "similar", "KN-104", "-n", 3)
    assert len(answer["recommendations"]) == 3
    same = asked(home, "recommend", "--history", "KN-104", "-n", 3)
    assert [r["id"] for r in same["recommendations"]] == [r["id"] for r in answer["recommendations"]]
    other = asked(home, "recommend", "--history", "KN-104", "--exclude", same["recommendations"][0]["id"], "-n", 3)
    assert same["recommendations"][0]["id"] not in {r["id"] for r in other["recommendations"]}


def test_somebody_new_gets_what_is_popular_and_is_told(home: Path):
    assert asked(home, "recommend", "nobody")["cold"] is True
    assert "No history is known" in run(home, "recommend", "nobody").stdout


def test_a_query_takes_parameters_and_says_when_it_stopped(home: Path):
    found = asked(home, "query", "MATCH (p:Product {id: $id}) RETURN p.name AS name", "-p", "id=KN-104")
    assert found == {"columns": ["name"], "rows": [['Santoku 7"']], "truncated": False}
    text = run(home, "query", "MATCH (p:Product) RETURN p.id", "--max-rows", 3).stdout
    assert "Stopped after 3 rows" in text


def test_the_evaluation_has_a_row_for_every_system(home: Path):
    table = asked(home, "evaluate", "-k", 5)
    assert [row["system"] for row in table["rows"]] == [
        "popularity",
        "item-kNN",
        "EASE and graph",
        "transitions",
        "user-kNN",
        "TransE only",
        "GNN",
        "full pipeline",
    ]
    assert all(0 <= row["recall"] <= 1 and 0 < row["coverage"] <= 1 for row in table["rows"])
    text = run(home, "evaluate", "-k", 5).stdout
    assert f"{table['rows'][-1]['recall']:.4f} ±" in text
    assert max(map(len, text.splitlines())) <= 80


def test_training_takes_options_and_publishes_another_bundle(home: Path, shop: Workspace, tmp_path: Path):
    before = (shop.models / "current").readlink()
    try:
        quick = ("--set", "transe.epochs=2", "--set", "gnn.epochs=2", "--set", "ranker.hidden=[8]")
        trained = asked(home, "train", *quick, "--seed", 3, "--split", "last")
        manifest = json.loads((shop.models / trained["version"] / "manifest.json").read_text())
        assert manifest["options"]["teachers"]["transe"]["epochs"] == 2
        assert manifest["options"]["ranker"]["hidden"] == [8]
        assert manifest["options"]["teachers"]["seed"] == 3
        table = asked(home, "evaluate", "-k", 5)
        assert table["split"] == "last"
        assert table["held_out"] == table["users"] > 0
    finally:
        (tmp_path / "link").symlink_to(before)
        (tmp_path / "link").replace(shop.models / "current")


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("recommend", "c1"), 4, "run `kg train` first"),
        (("train",), 4, "run `kg ingest` first"),
        (("train", "--set", "ranker.speed=9"), 2, "NAME is one of"),
        (("train", "--set", "gnn.dropout=1.5"), 2, "less than 1"),
        (("train", "--split", "random"), 2, "'user', 'last', 'moment'"),
        (("train", "--device", "abacus"), 2, "cannot be used here"),
        (("ingest", "nowhere.csv", "-m", SHOP / "shop.mapping.yaml"), 2, "nowhere.csv is not there"),
        (("ingest", SHOP, "-m", "nowhere.yaml"), 2, "nowhere.yaml cannot be read"),
        (("query", "CREATE (n) RETURN n"), 2, "has to begin with"),
        (("query", "MATCH (n) RETURN n", "-p", "id"), 2, "write -p id=VALUE"),
        (("recommend", "-n", "0"), 2, "0 is not in the range"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_status(tmp_path: Path, words: tuple, status: int, sentence: str):
    done = run(tmp_path / "kg", *words, status=status)
    assert sentence in done.stderr
    assert done.stdout == ""


def test_an_item_that_is_not_there_is_named(home: Path):
    assert "'no-such'" in run(home, "similar", "no-such", status=2).stderr
    assert "history[0] is 'no-such'" in run(home, "recommend", "--history", "no-such", status=2).stderr


def test_a_server_that_is_away_is_exit_status_3_and_no_password_is_shown(tmp_path: Path):
    env = {"KG_GRAPH": "bolt://127.0.0.1:9", "KG_GRAPH_PASSWORD": "very-secret"}
    done = run(tmp_path / "kg", "query", "RETURN 1", status=3, **env)
    assert "cannot be reached" in done.stderr
    assert "very-secret" not in done.stdout + done.stderr
