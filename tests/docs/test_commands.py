"""What the documents tell a person to type is typed here: every command runs, every link leads somewhere."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.connect import connect
from kg.workspace import Workspace
from service.settings import Settings
from tests.bundles import CATALOGS
from tests.forked import ran
from tests.servers import Server, start

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
BY_HAND = (
    "kg serve",
    "kg train",
    "kg tune",
    "kg ingest",
    "make ",
    "pip install",
    "git clone",
    "cd ",
    "export ",
    "docker ",
)
"""Not run here: what serves for ever, what a test of its own runs, and what this test itself was started by."""


def commands() -> list[tuple[str, str]]:
    """Every line of every `sh` block, with the document it stands in."""
    found = []
    for document in DOCUMENTS:
        for block in BLOCK.findall(document.read_text(encoding="utf-8")):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(document.name, line.split("  #")[0].strip()) for line in lines if line and line[0] != "#"]
    return found


TYPED = [(name, line) for name, line in commands() if not line.startswith(BY_HAND)]


@pytest.fixture(scope="module")
def running(films: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server]]:
    """A workspace of its own with the films in its graph, trained, and served: some commands change it."""
    home = Workspace(shutil.copytree(films.root, tmp_path_factory.mktemp("commands") / "kg", symlinks=True))
    with connect(home.graph, {}):
        server = start(home.root, workers=1)
        yield home.root, server
        assert server.stop() == 0


def test_there_is_something_to_type():
    assert {line.split()[0] for _, line in TYPED} == {"kg", "curl"}


@pytest.mark.parametrize(("document", "line"), TYPED)
def test_a_command_of_the_documents_works(running: tuple[Path, Server], document: str, line: str):
    home, server = running
    default = f"http://127.0.0.1:{Settings().port}"
    name, *words = shlex.split(line.replace(default, server.url))
    env = {"KG_HOME": str(home), "PATH": "/usr/bin:/bin"}
    if name == "kg":
        done = ran(words, env, ROOT)
    else:
        words = [name, "--fail-with-body", *words]
        done = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


def test_loads_are_as_the_documents_tell(tmp_path: Path):
    """In their order, in one workspace, where the example is the films that most tests load."""
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "movies").symlink_to(CATALOGS / "films")
    (tmp_path / "ontology").symlink_to(ROOT / "ontology")
    home = tmp_path / "kg"
    loads = [line for name, line in commands() if name == "ingest.md" and line.startswith("kg ingest")]
    assert len(loads) == 5
    with connect(home / "graph", {}):
        for line in loads:
            done = ran(shlex.split(line)[1:], {"KG_HOME": str(home), "PATH": "/usr/bin:/bin"}, tmp_path)
            expected = (2, "no load was interrupted") if "--resume" in line else (0, "")
            assert (done.returncode, expected[1] in done.stderr) == (expected[0], True), (
                line + done.stdout + done.stderr
            )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document: Path):
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_every_target_that_is_named_exists():
    makefile = (ROOT / "Makefile").read_text()
    named = {word for _, line in commands() if line.startswith("make ") for word in line.split()[1:] if "=" not in word}
    assert named
    assert all(f"\n{target}:" in makefile for target in named)


def test_every_environment_variable_is_in_the_reference():
    packages = [ROOT / name for name in ("kg", "embed", "retrieval", "service", "ontology")]
    text = "\n".join(path.read_text(encoding="utf-8") for package in packages for path in package.rglob("*.py"))
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert {name for name in re.findall(r"\bKG_[A-Z_]*[A-Z]\b", text) if name not in reference} == set()


def test_every_decision_is_short_and_numbered_once():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:3] for path in decisions]
    assert numbers == [f"{i:03}" for i in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:3]} ")
        assert len(text.splitlines()) <= 15, path.name
